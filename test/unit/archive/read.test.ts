import { describe, expect, test } from 'vitest';
import { keysFrom, objectKey } from '../../../lib/archive/format/key.ts';
import { readRange } from '../../../lib/archive/read/read-messages.ts';
import { StoreError } from '../../../lib/archive/store/store.ts';
import {
  archiveOf,
  archiveOfObjects,
  mergeMembers,
  readBack,
  seal,
  testApp,
  testToken,
  texts,
} from '../../support/batches.ts';
import { batch, lossNotice, message, overflow } from '../../support/messages.ts';

const t0 = Date.parse('2026-11-21T20:52:47.822Z');
const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const frameId = 'f'.repeat(32);

describe('a range', () => {
  test('holds the messages from since up to, and without, until', async () => {
    const archive = archiveOf(
      await seal(batch(message('a', t0), message('b', t0 + 1), message('c', t0 + 2), message('d', t0 + 3))),
    );
    expect(texts(await readBack(archive, { since: t0 + 1, until: t0 + 3 }))).toEqual(['b', 'c']);
  });

  test('ends where nothing is stored when it has no until', async () => {
    const archive = archiveOf(await seal(batch(message('ahead', t0 + 4 * minute)), { receivedAt: t0 }));
    expect(texts(await readBack(archive, { since: t0 }))).toEqual(['ahead']);
  });

  test.each(['2026-11-22T00:00:00Z', '2027-01-01T00:00:00Z', '9999-12-31T23:59:59Z'])(
    'finds its messages up to %s',
    async (until) => {
      const archive = archiveOf(await seal(batch(message('a', t0))));
      expect(texts(await readBack(archive, { since: 0, until: Date.parse(until) }))).toEqual(['a']);
    },
  );

  test('finds a message in an object that began an hour before, on the day before', async () => {
    const midnight = Date.parse('2026-11-22T00:00:00Z');
    const { key, body } = mergeMembers([
      await seal(batch(message('first', midnight - 59 * minute))),
      await seal(batch(message('before', midnight - 1), message('after', midnight + 5 * second))),
    ]);
    const archive = archiveOfObjects([{ key, body }]);
    expect(texts(await readBack(archive, { since: midnight }))).toEqual(['after']);
  });

  test('finds a message that is earlier than the first one of its batch', async () => {
    const archive = archiveOf(await seal(batch(message('late', t0), message('early', t0 - 5 * second))));
    expect(texts(await readBack(archive, { since: t0 - minute, until: t0 }))).toEqual(['early']);
  });

  test.each([
    ['no time at all', Buffer.from('no header\n')],
    ['a time that is none', Buffer.from('<1>1 yesterday host app web.1 - x')],
    ['a time days away from its batch', message('x', t0 - 50 * hour)],
  ])("gives a message with %s its batch's", async (_, odd) => {
    const archive = archiveOf(await seal(batch(message('a', t0), odd)));
    const { messages } = await readBack(archive, { since: t0, until: t0 + 1 });
    expect(messages.map(({ time, timeIsKey }) => [time, timeIsKey])).toEqual([
      [t0, false],
      [t0, true],
    ]);
  });

  test('leaves out other apps, also those whose name begins alike', async () => {
    const other = 'my-app-2' as typeof testApp;
    const archive = archiveOf(
      await seal(batch(message('mine', t0))),
      await seal(batch(message('theirs', t0)), { app: other }),
    );
    expect(texts(await readBack(archive))).toEqual(['mine']);
    expect(texts(await readBack(archive, { since: 0 }, other))).toEqual(['theirs']);
  });

  test('reads no object that can hold nothing of it', async () => {
    const archive = archiveOf(
      await seal(batch(message('long before', t0 - 2 * hour))),
      await seal(batch(message('in it', t0))),
      await seal(batch(message('long after', t0 + 2 * hour))),
    );
    const read: string[] = [];
    const spy = {
      list: archive.list.bind(archive),
      read: (key: string) => {
        read.push(key);
        return archive.read(key);
      },
    };
    expect(texts(await readBack(spy, { since: t0, until: t0 + minute }))).toEqual(['in it']);
    expect(read).toEqual([[...archive.objects.keys()][1]]);
  });
});

describe('the order', () => {
  test('is by the time of the batches, whatever objects they are in', async () => {
    const [a, b, c, d] = await Promise.all(
      [0, 1, 2, 3].map((n) => seal(batch(message(`m${n}`, t0 + n * 10 * minute)))),
    );
    if (!a || !b || !c || !d) throw new Error('four batches');
    const archive = archiveOfObjects([mergeMembers([a, c]), mergeMembers([b, d])]);
    expect(texts(await readBack(archive))).toEqual(['m0', 'm1', 'm2', 'm3']);
  });

  test('is by uuid among batches of one instant', async () => {
    const batches = await Promise.all(['x', 'y', 'z'].map((text) => seal(batch(message(text, t0)))));
    const { messages } = await readBack(archiveOf(...batches));
    const uuids = messages.map(({ member }) => member.uuid);
    expect(uuids).toHaveLength(3);
    expect(uuids).toEqual([...uuids].sort());
  });
});

describe('what is stored more than once', () => {
  test('is shown once: the same member in several objects, and twice in one', async () => {
    const a = await seal(batch(message('a', t0)));
    const b = await seal(batch(message('b', t0 + 50 * minute)));
    const { key, body } = mergeMembers([a, b]);
    const twice = {
      key: objectKey({ app: testApp, epochMs: t0, uuid: key.slice(-39, -3) }),
      body: Buffer.concat([body, body]),
    };
    const archive = archiveOfObjects([{ key: a.key, body: a.member }, twice, { key: b.key, body: b.member }]);
    expect(texts(await readBack(archive))).toEqual(['a', 'b']);
  });

  test('is shown once when only its receipt names it, and the tries are apart', async () => {
    const raw = batch(Buffer.from('no time\n'));
    const archive = archiveOf(
      ...(await Promise.all(
        [0, 20 * second, 5 * minute].map((ms) => seal(raw, { receivedAt: t0 + ms, frameId })),
      )),
    );
    expect(texts(await readBack(archive))).toEqual(['no time']);
  });

  test('is shown once when the clock was set back by hours between the tries', async () => {
    const raw = batch(message('a', t0));
    const later = batch(overflow(3, t0), message('a', t0));
    const clocks = [t0, t0 - 3 * hour, t0 - 5 * hour];
    const tries = await Promise.all([
      ...clocks.map((receivedAt) => seal(raw, { receivedAt, frameId })),
      seal(later, { receivedAt: t0, frameId }),
    ]);
    const [first, ...others] = texts(await readBack(archiveOf(...tries)));
    expect(first).toBe('a');
    expect(others, 'no notice is lost').toEqual([expect.stringContaining('3 messages dropped')]);
  });

  test('is shown again where it has no id, and was sent again hours later', async () => {
    const raw = batch(Buffer.from('no time\n'));
    const archive = archiveOf(
      ...(await Promise.all([0, 2 * hour].map((ms) => seal(raw, { receivedAt: t0 + ms })))),
    );
    expect(texts(await readBack(archive))).toEqual(['no time', 'no time']);
  });

  test('is taken from a good copy where another one is damaged', async () => {
    const { key, member } = await seal(batch(message('a', t0)));
    const damaged = Buffer.from(member);
    damaged.writeUInt8(damaged.readUInt8(damaged.length - 6) ^ 1, damaged.length - 6);
    const archive = archiveOfObjects([
      { key, body: damaged },
      { key: objectKey({ app: testApp, epochMs: t0, uuid: `ffffffff${key.slice(-31, -3)}` }), body: member },
    ]);
    const found = await readBack(archive);
    expect(texts(found)).toEqual(['a']);
    expect(found.problems).toMatchObject([{ problem: 'damaged', key }]);
  });
});

describe('a retry whose loss notice was rendered anew', () => {
  const messages = [message('a', t0), message('b', t0 + 1)];
  const tries = (setup: Parameters<typeof seal>[1]) =>
    Promise.all([
      seal(batch(...messages), setup),
      seal(batch(overflow(7, t0), ...messages), setup),
      seal(batch(overflow(5, t0), ...messages), setup),
    ]);

  test.each([
    ['frame id', { token: testToken, frameId }],
    ['request id, without a drain token', { requestId: 'r-1' }],
  ])('is shown once, with the largest count: by %s', async (_, setup) => {
    const found = await readBack(archiveOf(...(await tries(setup))));
    expect(found.messages.map(({ kind }) => kind)).toEqual(['notice', 'message', 'message']);
    expect(texts(found)[0]).toContain('7 messages dropped');
    expect(texts(found).slice(1)).toEqual(['a', 'b']);
  });

  test.each([
    ['have neither id', {}, { token: testToken }],
    ['have different frame ids', { frameId: '1' }, { frameId: '2' }],
    [
      'come from different drains',
      { frameId, token: testToken },
      { frameId, token: testToken.replace(/1$/, '2') },
    ],
    [
      'may have different ids, cut to the same',
      { frameId: `${'x'.repeat(256)}1` },
      { frameId: `${'x'.repeat(256)}2` },
    ],
  ])('is not seen where two members %s', async (_, one, other) => {
    const archive = archiveOf(
      await seal(batch(...messages), one),
      await seal(batch(overflow(5, t0), ...messages), other),
    );
    expect(texts(await readBack(archive)).filter((text) => text === 'a')).toHaveLength(2);
  });

  test('is not seen where the messages differ', async () => {
    const archive = archiveOf(
      await seal(batch(message('a', t0)), { frameId }),
      await seal(batch(message('a', t0), message('b', t0)), { frameId }),
    );
    expect(texts(await readBack(archive)).sort()).toEqual(['a', 'a', 'b']);
  });

  test('may be all that there is: notices without messages', async () => {
    const archive = archiveOf(
      await seal(batch(overflow(5, t0)), { frameId, receivedAt: t0 }),
      await seal(batch(overflow(8, t0 + second)), { frameId, receivedAt: t0 + second }),
    );
    const found = texts(await readBack(archive));
    expect(found).toHaveLength(1);
    expect(found[0]).toContain('8 messages dropped');
  });
});

test('an application that prints a loss notice prints a message', async () => {
  const archive = archiveOf(
    await seal(
      batch(
        message('Error L10 (output buffer overflow): 9 messages dropped', t0),
        lossNotice('Error L11 x', t0),
      ),
    ),
  );
  expect((await readBack(archive)).messages.map(({ kind }) => kind)).toEqual(['message', 'notice']);
});

describe('a malformed batch', () => {
  test('shows its good frames, then the rest as it is', async () => {
    const rest = Buffer.from('999 <1>cut \xff short', 'latin1');
    const archive = archiveOf(await seal(Buffer.concat([batch(message('good', t0)), rest])));
    const { messages, problems } = await readBack(archive);
    expect(messages.map(({ kind }) => kind)).toEqual(['message', 'rest']);
    expect(messages[1]).toMatchObject({ bytes: rest, frame: rest, time: t0, timeIsKey: true });
    expect(messages[1]?.member.malformed).toBe('frame cut short');
    expect(problems).toEqual([]);
  });

  test('that is empty shows nothing and is no problem', async () => {
    expect(await readBack(archiveOf(await seal(Buffer.alloc(0))))).toEqual({ messages: [], problems: [] });
  });
});

describe('a problem', () => {
  test('foreign objects are named and left alone', async () => {
    const archive = archiveOf(await seal(batch(message('a', t0))));
    const foreign = [`${keysFrom(testApp, t0)}-readme.txt`, 'logs/my-app/zzz'];
    for (const key of foreign) archive.objects.set(key, Buffer.from('not ours'));
    const found = await readBack(archive);
    expect(texts(found)).toEqual(['a']);
    expect(found.problems.map(({ key, problem }) => [key, problem])).toEqual(
      foreign.map((key) => [key, 'foreign']),
    );
  });

  test.each<[string, (body: Buffer, second: number) => Buffer, string[]]>([
    ['cut in its second member', (body, at) => body.subarray(0, at + 30), ['a']],
    [
      'followed by something else',
      (body) => Buffer.concat([body, Buffer.from('junk that is no member')]),
      ['a', 'b'],
    ],
    ['empty', () => Buffer.alloc(0), []],
    ['not gzip', () => Buffer.from('not gzip, but long enough to have a header'), []],
  ])('an object that is %s shows its good members, and the next objects', async (_, damage, shown) => {
    const [a, b] = [await seal(batch(message('a', t0))), await seal(batch(message('b', t0 + 1)))];
    const { key, body } = mergeMembers([a, b]);
    const next = await seal(batch(message('next', t0 + second)));
    const archive = archiveOfObjects([
      { key, body: damage(body, a.member.length) },
      { key: next.key, body: next.member },
    ]);
    const found = await readBack(archive);
    expect(texts(found)).toEqual([...shown, 'next']);
    expect(found.problems).toMatchObject([{ problem: 'damaged', key }]);
  });

  test('a member whose batch header is damaged is shown by what can be read of it', async () => {
    const [a, b] = [await seal(batch(message('a', t0))), await seal(batch(message('b', t0 + 1)))];
    const { key, body } = mergeMembers([a, b]);
    body.write('!', body.indexOf('{"v":1'));
    const found = await readBack(archiveOfObjects([{ key, body }]));
    expect(texts(found)).toEqual(['a', 'b']);
    expect(found.problems).toMatchObject([
      { problem: 'damaged', why: expect.stringContaining('member at byte 0') },
    ]);
  });

  test('a member of a later version costs only that member', async () => {
    const [a, b] = [await seal(batch(message('a', t0))), await seal(batch(message('b', t0 + 1)))];
    const { key, body } = mergeMembers([a, b]);
    body.write('2', body.indexOf('{"v":1') + 5);
    const found = await readBack(archiveOfObjects([{ key, body }]));
    expect(texts(found)).toEqual(['b']);
    expect(found.problems).toMatchObject([{ why: expect.stringContaining('version 2') }]);
  });

  test('content that is not what its batch header says is shown and reported', async () => {
    const { key, member } = await seal(batch(message('a', t0)));
    const at = member.indexOf('"sha256":"') + '"sha256":"'.length;
    member.write(member.toString('latin1', at, at + 1) === '0' ? '1' : '0', at);
    const found = await readBack(archiveOfObjects([{ key, body: member }]));
    expect(texts(found)).toEqual(['a']);
    expect(found.problems).toMatchObject([{ problem: 'damaged', why: expect.stringContaining('SHA-256') }]);
  });

  test.each(['missing', 'refused'] as const)(
    'an object that is %s is named; the others are read',
    async (code) => {
      const [a, b] = [await seal(batch(message('a', t0))), await seal(batch(message('b', t0 + 1)))];
      const archive = archiveOf(a, b);
      const reader = {
        list: archive.list.bind(archive),
        read: async (key: string) => {
          if (key === a.key) throw new StoreError(code, 'not this one');
          return archive.read(key);
        },
      };
      const found = await readBack(reader);
      expect(texts(found)).toEqual(['b']);
      expect(found.problems).toEqual([
        { kind: 'problem', key: a.key, problem: 'unreadable', why: 'not this one' },
      ]);
    },
  );

  test('a store that fails as a whole ends the reading', async () => {
    const archive = archiveOf(await seal(batch(message('a', t0))));
    const reader = {
      list: archive.list.bind(archive),
      read: async () => {
        throw new StoreError('unavailable', 'gone');
      },
    };
    await expect(readBack(reader)).rejects.toThrow('gone');
  });
});

test('what is held at once does not grow with the range', async () => {
  const batches = await Promise.all(
    Array.from({ length: 200 }, (_, n) => seal(batch(message(`m${n}`, t0 + n * minute)))),
  );
  const archive = archiveOf(...batches);
  let reads = 0;
  let shown = 0;
  let ahead = 0;
  const reader = {
    list: archive.list.bind(archive),
    read: async (key: string) => {
      reads += 1;
      ahead = Math.max(ahead, reads - shown);
      return archive.read(key);
    },
  };
  for await (const _ of readRange(reader, testApp, { since: 0 })) shown += 1;
  expect(shown).toBe(200);
  expect(ahead).toBeLessThan(30);
});
