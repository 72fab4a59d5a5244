import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ObjectKey, objectKey } from '../../../lib/archive/format/key.ts';
import {
  type ArchiveReader,
  type ArchiveWriter,
  type StoredObject,
  StoreError,
} from '../../../lib/archive/store/store.ts';
import { type AppName, parseAppName } from '../../../lib/drains/app-name.ts';

export interface OpenStore {
  readonly store: ArchiveWriter & ArchiveReader;
  close(): Promise<void>;
}

export interface ArchiveStoreContractOptions {
  /** How many objects the longest listing has: more than one page of the store, where it has pages. */
  readonly listed?: number;
}

/** What every store must do. `make` opens an empty one. */
export function archiveStoreContract(
  name: string,
  make: () => Promise<OpenStore>,
  { listed = 1_050 }: ArchiveStoreContractOptions = {},
): void {
  describe(`${name} keeps the contract of a store`, () => {
    let open: OpenStore;
    const create = (key: ObjectKey, body: Buffer, signal = new AbortController().signal) =>
      open.store.create(key, body, signal);
    const keysOf = async (prefix: string, after = '') =>
      (await collect(open.store.list(prefix, after))).map(({ key }) => key);

    beforeEach(async () => {
      open = await make();
    });
    afterEach(() => open.close());

    it('gives back the very bytes that were created', async () => {
      const everyByte = Buffer.from(Array.from({ length: 512 }, (_, index) => index % 256));

      expect(await create(key(), everyByte)).toBe('created');

      expect(await open.store.read(key())).toEqual(everyByte);
    });

    it('keeps the first bytes when the key is created again', async () => {
      await create(key(), Buffer.from('first'));

      expect(await create(key(), Buffer.from('second'))).toBe('exists');

      expect(await open.store.read(key())).toEqual(Buffer.from('first'));
    });

    it('lets one of many concurrent creates of a key win', async () => {
      const bodies = Array.from({ length: 20 }, (_, index) => Buffer.from(`writer ${index}`));

      const creations = await Promise.all(bodies.map((body) => create(key(), body)));

      const winners = bodies.filter((_, index) => creations[index] === 'created');
      expect(winners).toHaveLength(1);
      expect(creations.filter((creation) => creation === 'exists')).toHaveLength(19);
      expect(await open.store.read(key())).toEqual(winners[0]);
    });

    it('keeps many keys apart that are created at once', async () => {
      const keys = Array.from({ length: 20 }, (_, index) => key({ n: index }));

      await Promise.all(keys.map((each) => create(each, Buffer.from(each))));

      for (const each of keys) expect(await open.store.read(each)).toEqual(Buffer.from(each));
    });

    it('keeps an object of 5 MB', async () => {
      const body = randomBytes(5_000_000);

      expect(await create(key(), body)).toBe('created');

      expect((await open.store.read(key())).equals(body)).toBe(true);
      expect(await collect(open.store.list('logs/', ''))).toEqual([{ key: key(), size: 5_000_000 }]);
    });

    it('takes a key of every legal character', async () => {
      const apps = ['abc', 'abcdefghijklmnopqrstuvwxyz-012', 'z3456789-----------0', 'd-0123abcd', 'unknown'];
      const keys = apps.map((name) => key({ app: app(name) }));

      for (const each of keys) await create(each, Buffer.from(each));

      for (const each of keys) expect(await open.store.read(each)).toEqual(Buffer.from(each));
      expect(await keysOf('logs/')).toEqual(inByteOrder(keys));
    });

    it('lists in byte order, over days and pages, with sizes', async () => {
      const keys = Array.from({ length: listed }, (_, index) => {
        // Not in order, and every few of them on another day, month and year.
        const n = (index * 7_919) % listed;
        return key({ n, epochMs: noon + (n % 40) * 30 * dayMs });
      });
      await inTurns(keys, 8, (each) => create(each, Buffer.alloc(each.length % 3)));

      const found = await collect(open.store.list('logs/shop/', ''));

      expect(found).toEqual(inByteOrder(keys).map((each) => ({ key: each, size: each.length % 3 })));
    });

    it('lists only what lies under the prefix', async () => {
      const shop = [key(), key({ epochMs: noon + dayMs })];
      const others = [key({ app: app('shop2') }), key({ app: app('shop-eu') }), key({ app: app('sho') })];
      for (const each of [...shop, ...others]) await create(each, Buffer.from('x'));

      expect(await keysOf('logs/shop/')).toEqual(inByteOrder(shop));
      expect(await keysOf('logs/shop/2026/11/20/')).toEqual([shop[0]]);
      expect(await keysOf(`logs/shop/2026/11/20/${noon + 1}`)).toEqual([]);
      expect(await keysOf(`logs/shop/2026/11/20/${noon}`)).toEqual([shop[0]]);
      expect(await keysOf('logs/')).toEqual(inByteOrder([...shop, ...others]));
    });

    it('lists only what comes after the given key', async () => {
      const keys = inByteOrder(
        Array.from({ length: 6 }, (_, n) => key({ n, epochMs: noon + Math.floor(n / 2) * dayMs })),
      );
      for (const each of keys) await create(each, Buffer.from('x'));

      expect(await keysOf('logs/shop/', keys[2])).toEqual(keys.slice(3));
      expect(await keysOf('logs/shop/', 'logs/shop/2026/11/21/')).toEqual(keys.slice(2));
      expect(await keysOf('logs/shop/', `${keys[2]}.`)).toEqual(keys.slice(3));
      expect(await keysOf('logs/shop/', 'logs/shop/~')).toEqual([]);
      expect(await keysOf('logs/shop/', 'a')).toEqual(keys);
    });

    it('lists nothing where there is nothing', async () => {
      expect(await keysOf('logs/')).toEqual([]);
      await create(key(), Buffer.from('x'));
      expect(await keysOf('logs/other/')).toEqual([]);
    });

    it('says that a missing object is missing', async () => {
      await create(key(), Buffer.from('x'));

      await expect(open.store.read(key({ n: 1 }))).rejects.toMatchObject({
        name: 'StoreError',
        code: 'missing',
        retry: false,
      });
    });

    it('answers an aborted signal by a StoreError, and stores all or nothing', async () => {
      const body = Buffer.from('whole');

      const creation = create(key(), body, AbortSignal.abort());

      await expect(creation).rejects.toBeInstanceOf(StoreError);
      await expect(creation).rejects.toMatchObject({ retry: true });
      const found = await collect(open.store.list('logs/', ''));
      if (found.length > 0) expect(await open.store.read(key())).toEqual(body);
    });
  });
}

const dayMs = 24 * 60 * 60 * 1000;
const noon = Date.UTC(2026, 10, 20, 12);

function key({ app: owner = app('shop'), epochMs = noon, n = 0 } = {}): ObjectKey {
  const uuid = `${n.toString(16).padStart(8, '0')}-0123-80bc-8def-0123456789ab`;
  return objectKey({ app: owner, epochMs, uuid });
}

function app(name: string): AppName {
  const parsed = parseAppName(name);
  if (parsed === undefined) throw new Error(`no app name: ${name}`);
  return parsed;
}

function inByteOrder(keys: readonly ObjectKey[]): ObjectKey[] {
  return keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

async function collect(objects: AsyncIterable<StoredObject>): Promise<StoredObject[]> {
  const found: StoredObject[] = [];
  for await (const object of objects) found.push(object);
  return found;
}

async function inTurns<Item>(
  items: readonly Item[],
  width: number,
  work: (item: Item) => Promise<unknown>,
): Promise<void> {
  const rest = items.values();
  await Promise.all(
    Array.from({ length: width }, async () => {
      for (const item of rest) await work(item);
    }),
  );
}
