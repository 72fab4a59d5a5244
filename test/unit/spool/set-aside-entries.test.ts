import { beforeEach, describe, expect, it } from 'vitest';
import { LedgerError } from '../../../lib/ledger/ledger.ts';
import { type CheckedMember, encodeMessage } from '../../../lib/spool/message.ts';
import { memberOf, redriveSetAside, type TriedEntry } from '../../../lib/spool/redrive-set-aside.ts';
import { formatEntryHead } from '../../../lib/spool/segment-entry.ts';
import { type BadSpooled, setAside } from '../../../lib/spool/set-aside.ts';
import { listSetAside, markRedriven, readSetAside } from '../../../lib/spool/set-aside-entries.ts';
import type { SpooledMember } from '../../../lib/spool/spool.ts';
import { seal } from '../../support/batches.ts';
import { MemoryLedger } from '../../support/memory-ledger.ts';
import { batch, message } from '../../support/messages.ts';

const sentAt = Date.parse('2026-11-22T04:00:00Z');
let ledger: MemoryLedger;
let good: SpooledMember;

beforeEach(async () => {
  ledger = new MemoryLedger();
  good = await seal(batch(message('hello', sentAt)));
});

const keep = (bad: Partial<BadSpooled> & Pick<BadSpooled, 'id' | 'text'>) =>
  setAside(ledger, { sentAt, why: 'it was bad', ...bad });

describe('what was set aside', () => {
  it('is listed by its day and id, oldest day first', async () => {
    await keep({ id: 'b', text: 'x' });
    await keep({ id: 'a', text: 'y', sentAt: sentAt + 86_400_000 });

    expect(await listSetAside(ledger)).toEqual([
      { id: '2026-11-22/b', day: '2026-11-22', redriven: false },
      { id: '2026-11-23/a', day: '2026-11-23', redriven: false },
    ]);
  });

  it('is not listed any more once it went back, unless all is wanted', async () => {
    await keep({ id: 'a', text: 'x' });
    await markRedriven(ledger, '2026-11-22/a', sentAt);
    await markRedriven(ledger, '2026-11-22/a', sentAt + 1);

    expect(await listSetAside(ledger)).toEqual([]);
    expect(await listSetAside(ledger, true)).toMatchObject([{ id: '2026-11-22/a', redriven: true }]);
  });

  it('is read back as it came: text, or bytes', async () => {
    await keep({ id: 'text', text: '{"v":7}ü' });
    await keep({ id: 'bytes', text: Buffer.from([0, 255, 10]).toString('base64'), encoding: 'base64' });

    expect(await readSetAside(ledger, '2026-11-22/text')).toEqual({
      id: '2026-11-22/text',
      sent: '2026-11-22T04:00:00.000Z',
      why: 'it was bad',
      content: Buffer.from('{"v":7}ü'),
      text: '{"v":7}ü',
    });
    const bytes = await readSetAside(ledger, '2026-11-22/bytes');
    expect(bytes?.content).toEqual(Buffer.from([0, 255, 10]));
    expect(bytes?.text).toBeUndefined();
    expect(await readSetAside(ledger, '2026-11-22/none')).toBeUndefined();
  });

  it.each(['no JSON', '[]', 'null', '{"v":1,"sent":5,"why":"x","text":"y"}'])(
    'is shown whole where its entry is damaged: %s',
    async (body) => {
      ledger.put('set-aside/2026-11-22/a.json', body);

      const entry = await readSetAside(ledger, '2026-11-22/a');

      expect(entry).toMatchObject({ why: expect.stringContaining("can't be understood") });
      expect(entry?.content.toString()).toBe(body);
      expect(entry === undefined ? '' : memberOf(entry)).toContain("can't be understood");
    },
  );
});

describe('redriveSetAside', () => {
  let put: CheckedMember[];
  const redrive = async (
    through: (member: CheckedMember) => Promise<void> = async (member) => void put.push(member),
  ): Promise<TriedEntry[]> => Array.fromAsync(redriveSetAside({ ledger, put: through }));

  beforeEach(() => {
    put = [];
  });

  it('puts what is good by now, once, and leaves what is still bad', async () => {
    await keep({ id: 'good', text: encodeMessage(good) });
    await keep({ id: 'foreign', text: 'hello' });

    const tried = await redrive();

    expect(tried).toEqual([
      { id: '2026-11-22/foreign', stillBad: expect.stringContaining('it is not JSON') },
      { id: '2026-11-22/good' },
    ]);
    expect(put.map(({ key, member }) => ({ key, member }))).toEqual([{ key: good.key, member: good.member }]);
    expect(await redrive()).toEqual([{ id: '2026-11-22/foreign', stillBad: expect.anything() }]);
    expect(put).toHaveLength(1);
  });

  it('puts an entry that was cut out of a journal', async () => {
    const entry = Buffer.concat([Buffer.from(formatEntryHead(good, 0)), good.member, Buffer.from('\n')]);
    await keep({ id: 'whole', text: entry.toString('base64'), encoding: 'base64' });
    await keep({ id: 'part', text: entry.subarray(0, -9).toString('base64'), encoding: 'base64' });
    entry.writeUInt8(entry.readUInt8(entry.length - 20) ^ 1, entry.length - 20);
    await keep({ id: 'damaged', text: entry.toString('base64'), encoding: 'base64' });

    expect(await redrive()).toEqual([
      { id: '2026-11-22/damaged', stillBad: expect.stringContaining('SHA-256') },
      { id: '2026-11-22/part', stillBad: 'it was bad' },
      { id: '2026-11-22/whole' },
    ]);
    expect(put.map(({ key }) => key)).toEqual([good.key]);
  });

  it('offers again what could not be put', async () => {
    await keep({ id: 'good', text: encodeMessage(good) });
    const down = new Error('the queue is not available');

    await expect(redrive(() => Promise.reject(down))).rejects.toBe(down);

    expect(await redrive()).toEqual([{ id: '2026-11-22/good' }]);
  });

  it('says what could not be marked, and goes on', async () => {
    await keep({ id: 'a', text: encodeMessage(good) });
    await keep({ id: 'b', text: encodeMessage(good) });
    ledger.fault = ({ operation, key }) =>
      operation === 'create' && key.includes('/a.') ? 'fail' : undefined;

    expect(await redrive()).toEqual([
      { id: '2026-11-22/a', notMarked: expect.any(LedgerError) },
      { id: '2026-11-22/b' },
    ]);
    expect(await listSetAside(ledger)).toMatchObject([{ id: '2026-11-22/a' }]);
  });
});
