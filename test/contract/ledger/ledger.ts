import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Ledger, LedgerError } from '../../../lib/ledger/ledger.ts';

export interface OpenLedger {
  readonly ledger: Ledger;
  close(): Promise<void>;
}

/** What every ledger must do. `make` opens an empty one; `listed`: more keys than a page of it holds. */
export function ledgerContract(
  name: string,
  make: () => Promise<OpenLedger>,
  { listed = 1_050 }: { readonly listed?: number } = {},
): void {
  describe(`${name} keeps the contract of a ledger`, () => {
    let open: OpenLedger;
    let ledger: Ledger;
    const text = async (key: string) => (await ledger.read(key))?.body.toString();
    const versionOf = async (key: string) => (await ledger.read(key))?.version;
    const keys = (prefix: string, after?: string) => Array.fromAsync(ledger.list(prefix, after));

    beforeEach(async () => {
      open = await make();
      ledger = open.ledger;
    });
    afterEach(() => open.close());

    it('has nothing where nothing was stored', async () => {
      expect(await ledger.read('incidents/state.json')).toBeUndefined();
      expect(await keys('incidents/')).toEqual([]);
    });

    it.each([
      ['empty', 0],
      ['2 MB', 2_000_000],
    ])('gives back the very bytes of an object: %s', async (_, size) => {
      const body = randomBytes(size);

      expect(await ledger.create('a/b.json', body)).toBe('created');

      expect((await ledger.read('a/b.json'))?.body.equals(body)).toBe(true);
    });

    it('keeps what is there when the key is created again', async () => {
      await ledger.create('a/b.json', Buffer.from('first'));

      expect(await ledger.create('a/b.json', Buffer.from('second'))).toBe('exists');

      expect(await text('a/b.json')).toBe('first');
    });

    it('lets one of many creates at once win', async () => {
      const bodies = Array.from({ length: 12 }, (_, index) => `writer ${index}`);

      const outcomes = await Promise.all(bodies.map((body) => ledger.create('a.json', Buffer.from(body))));

      const winners = bodies.filter((_, index) => outcomes[index] === 'created');
      expect(winners).toHaveLength(1);
      expect(await text('a.json')).toBe(winners[0]);
    });

    it('replaces what is still as it was read, with another version', async () => {
      await ledger.create('state.json', Buffer.from('1'));
      const version = await versionOf('state.json');

      expect(await ledger.replace('state.json', Buffer.from('2'), version)).toBe('replaced');

      expect(await text('state.json')).toBe('2');
      expect(await versionOf('state.json')).not.toBe(version);
    });

    it('leaves alone what was changed since', async () => {
      await ledger.create('state.json', Buffer.from('1'));
      const version = await versionOf('state.json');
      await ledger.replace('state.json', Buffer.from('2'), version);

      expect(await ledger.replace('state.json', Buffer.from('3'), version)).toBe('changed');

      expect(await text('state.json')).toBe('2');
    });

    it('replaces nothing by a first object, and only nothing', async () => {
      expect(await ledger.replace('a/state.json', Buffer.from('1'), undefined)).toBe('replaced');
      expect(await ledger.replace('a/state.json', Buffer.from('2'), undefined)).toBe('changed');

      expect(await text('a/state.json')).toBe('1');
    });

    it('says that an object is changed that is gone', async () => {
      await ledger.create('other.json', Buffer.from('1'));
      const version = await versionOf('other.json');

      expect(await ledger.replace('a/state.json', Buffer.from('2'), version)).toBe('changed');

      expect(await ledger.read('a/state.json')).toBeUndefined();
    });

    it('loses no update of writers at once', async () => {
      await ledger.create('count.json', Buffer.from('0'));
      const add = async () => {
        for (let done = 0; done < 3; ) {
          const found = await ledger.read('count.json');
          const next = Buffer.from(String(Number(found?.body) + 1));
          if ((await ledger.replace('count.json', next, found?.version)) === 'replaced') done += 1;
        }
      };

      await Promise.all([add(), add(), add()]);

      expect(await text('count.json')).toBe('9');
    });

    it('lists in byte order, over pages', async () => {
      const all = Array.from({ length: listed }, (_, index) => {
        const n = (index * 7_919) % listed;
        return `incidents/inc_${n % 40}/events/${n}.json`;
      });
      const rest = all.values();
      const work = async () => {
        for (const key of rest) await ledger.create(key, Buffer.from('x'));
      };
      await Promise.all(Array.from({ length: 8 }, work));

      expect(await keys('incidents/')).toEqual(inByteOrder(all));
    });

    it('lists what lies under the prefix and after the key', async () => {
      const all = inByteOrder(['a/b.json', 'a/b/c.json', 'a/b/d.json', 'a-b.json', 'a/c.json', 'b.json']);
      for (const key of all) await ledger.create(key, Buffer.from('x'));

      expect(await keys('')).toEqual(all);
      expect(await keys('a/b')).toEqual(['a/b.json', 'a/b/c.json', 'a/b/d.json']);
      expect(await keys('a/b/')).toEqual(['a/b/c.json', 'a/b/d.json']);
      expect(await keys('a/', 'a/b/c.json')).toEqual(['a/b/d.json', 'a/c.json']);
      expect(await keys('a/', 'a/b/c')).toEqual(['a/b/c.json', 'a/b/d.json', 'a/c.json']);
      expect(await keys('a/', 'a/~')).toEqual([]);
      expect(await keys('a/', 'A')).toEqual(['a/b.json', 'a/b/c.json', 'a/b/d.json', 'a/c.json']);
      expect(await keys('nothing/')).toEqual([]);
    });

    it('ends every call by a LedgerError worth a retry once its signal is aborted', async () => {
      const aborted = AbortSignal.abort();
      const body = Buffer.from('x');

      for (const attempt of [
        ledger.read('a.json', aborted),
        ledger.create('a.json', body, aborted),
        ledger.replace('a.json', body, undefined, aborted),
        ledger.replace('a.json', body, 'some version', aborted),
        Array.fromAsync(ledger.list('a', '', aborted)),
      ]) {
        const error = await attempt.catch((reason: unknown) => reason);
        expect(error).toBeInstanceOf(LedgerError);
        expect(error).toMatchObject({ retry: true });
      }
      expect(await ledger.read('a.json')).toBeUndefined();
    });
  });
}

function inByteOrder(keys: readonly string[]): string[] {
  return keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}
