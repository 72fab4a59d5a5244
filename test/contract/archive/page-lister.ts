import { afterEach, describe, expect, it } from 'vitest';
import { keysFrom, objectKey } from '../../../lib/archive/format/key.ts';
import type { PageLister } from '../../../lib/archive/store/page-lister.ts';
import { type AppName, parseAppName } from '../../../lib/drains/app-name.ts';

export interface OpenLister {
  readonly lister: PageLister;
  close(): Promise<void>;
}

/** What every lister must do. `make` opens one over an archive of these keys. */
export function pageListerContract(
  name: string,
  make: (keys: readonly string[]) => Promise<OpenLister>,
): void {
  describe(`${name} keeps the contract of a page lister`, () => {
    let open: OpenLister | undefined;
    const holding = async (...keys: readonly string[]): Promise<PageLister> => {
      open = await make(keys);
      return open.lister;
    };
    afterEach(() => open?.close());

    it('lists nothing where there is nothing', async () => {
      const lister = await holding();

      expect(await lister.page('logs/shop/', '', 1)).toEqual([]);
      expect(await lister.page('logs/shop/', keysFrom(shop, noon), 1000)).toEqual([]);
    });

    it('gives the first keys in byte order and no more than were asked for', async () => {
      const keys = Array.from({ length: 12 }, (_, n) => key({ epochMs: noon + n * 40 * dayMs }));
      const lister = await holding(...keys.toReversed());

      expect(await lister.page('logs/shop/', '', 1)).toEqual(keys.slice(0, 1));
      expect(await lister.page('logs/shop/', '', 5)).toEqual(keys.slice(0, 5));
      expect(await lister.page('logs/shop/', '', 12)).toEqual(keys);
      expect(await lister.page('logs/shop/', '', 1000)).toEqual(keys);
    });

    it('gives a whole page of 1,000 and stops there', async () => {
      const keys = Array.from({ length: 1_005 }, (_, n) => key({ epochMs: noon + n * 60_000 }));
      const lister = await holding(...keys);

      expect(await lister.page('logs/shop/', '', 1000)).toEqual(keys.slice(0, 1000));
      expect(await lister.page('logs/shop/', keys[999] ?? '', 1000)).toEqual(keys.slice(1000));
    });

    it('begins behind the given key, be it there or not', async () => {
      const keys = [0, 1, 2, 3].map((n) => key({ n, epochMs: noon + n }));
      const lister = await holding(...keys);

      expect(await lister.page('logs/shop/', keys[1] ?? '', 1000)).toEqual(keys.slice(2));
      expect(await lister.page('logs/shop/', keysFrom(shop, noon + 1), 1000)).toEqual(keys.slice(1));
      expect(await lister.page('logs/shop/', keysFrom(shop, noon + 4), 1000)).toEqual([]);
      expect(await lister.page('logs/shop/', 'logs/shop/~', 1000)).toEqual([]);
      expect(await lister.page('logs/shop/', 'a', 1)).toEqual(keys.slice(0, 1));
    });

    it('passes over midnight, the end of a month and of a year', async () => {
      const newYear = Date.UTC(2027, 0, 1);
      const keys = [newYear - 2, newYear - 1, newYear, newYear + 31 * dayMs].map((epochMs) =>
        key({ epochMs }),
      );
      const lister = await holding(...keys);

      expect(await lister.page('logs/shop/', keysFrom(shop, newYear - 1), 1)).toEqual([keys[1]]);
      expect(await lister.page('logs/shop/', keysFrom(shop, newYear), 2)).toEqual(keys.slice(2));
      expect(await lister.page('logs/shop/', keysFrom(shop, newYear + 1), 2)).toEqual(keys.slice(3));
    });

    it('keeps to its prefix', async () => {
      const own = key({});
      const others = ['shop-eu', 'shop2', 'sho', 'shoq'].map((name) => key({ app: app(name) }));
      const lister = await holding(own, ...others);

      expect(await lister.page('logs/shop/', '', 1000)).toEqual([own]);
      expect(await lister.page('logs/shop/2026/11/20/', '', 1000)).toEqual([own]);
      expect(await lister.page(`logs/shop/2026/11/20/${noon}`, '', 1000)).toEqual([own]);
      expect(await lister.page(`logs/shop/2026/11/20/${noon + 1}`, '', 1000)).toEqual([]);
      expect(await lister.page('logs/', '', 1000)).toEqual([own, ...others].toSorted());
    });

    it('gives what is no key of the archive too, where it sorts', async () => {
      const foreign = ['logs/shop/2026/11/20/README', 'logs/shop/.keep', 'logs/shop/2026/11/zzz'];
      const lister = await holding(key({}), ...foreign);

      expect(await lister.page('logs/shop/', '', 1000)).toEqual([key({}), ...foreign].toSorted());
    });

    it('rejects at once when it was aborted', async () => {
      const lister = await holding(key({}));

      await expect(lister.page('logs/shop/', '', 1, AbortSignal.abort())).rejects.toBeInstanceOf(Error);
    });
  });
}

const dayMs = 24 * 60 * 60 * 1000;
const noon = Date.UTC(2026, 10, 20, 12);
const shop = app('shop');

function key({ app: owner = shop, epochMs = noon, n = 0 } = {}): string {
  return objectKey({
    app: owner,
    epochMs,
    uuid: `${n.toString(16).padStart(8, '0')}-0123-80bc-8def-0123456789ab`,
  });
}

function app(name: string): AppName {
  const parsed = parseAppName(name);
  if (parsed === undefined) throw new Error(`no app name: ${name}`);
  return parsed;
}
