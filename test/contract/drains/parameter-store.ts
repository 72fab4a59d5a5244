import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Parameter, ParameterStore } from '../../../lib/drains/parameters.ts';

export interface OpenParameters {
  readonly parameters: ParameterStore;
  close(): Promise<void>;
}

/** What every keeper of parameters must do. `make` opens an empty one. */
export function parameterStoreContract(name: string, make: () => Promise<OpenParameters>): void {
  describe(`${name} keeps the contract of a parameter store`, () => {
    let open: OpenParameters;
    const sorted = async (prefix: string) => (await open.parameters.list(prefix)).toSorted(byName);

    beforeEach(async () => {
      open = await make();
    });
    afterEach(() => open.close());

    it('gives back what was put, and the newest of it', async () => {
      await open.parameters.put('drain_url', 'https://one.example/');
      await open.parameters.put('drain_url', 'https://two.example/?a=b&c=ü');

      expect(await open.parameters.get('drain_url')).toBe('https://two.example/?a=b&c=ü');
    });

    it('has nothing under a name that was never put', async () => {
      await open.parameters.put('urls/shop', 'x');

      expect(await open.parameters.get('urls/sho')).toBeUndefined();
      expect(await open.parameters.get('urls')).toBeUndefined();
    });

    it('creates only where there is nothing', async () => {
      expect(await open.parameters.create('drains/secrets/a', 'first')).toBe(true);
      expect(await open.parameters.create('drains/secrets/a', 'second')).toBe(false);

      expect(await open.parameters.get('drains/secrets/a')).toBe('first');
    });

    it('lets one of several concurrent creates win', async () => {
      const values = ['a', 'b', 'c', 'd'];

      const won = await Promise.all(values.map((value) => open.parameters.create('drains/secrets/a', value)));

      expect(won.filter(Boolean)).toHaveLength(1);
      expect(await open.parameters.get('drains/secrets/a')).toBe(values[won.indexOf(true)]);
    });

    it('deletes once, and makes room for a new one', async () => {
      await open.parameters.put('urls/shop', 'x');

      expect(await open.parameters.delete('urls/shop')).toBe(true);
      expect(await open.parameters.delete('urls/shop')).toBe(false);

      expect(await open.parameters.get('urls/shop')).toBeUndefined();
      expect(await open.parameters.create('urls/shop', 'y')).toBe(true);
    });

    it('lists everything below a prefix, however much and however deep, and nothing else', async () => {
      const below: Parameter[] = [
        ...Array.from({ length: 23 }, (_, index) => ({
          name: `drains/secrets/s${index}`,
          value: `${index}`.padStart(64, '0'),
        })),
        { name: 'drains/tokens/d.01234567-89ab-cdef-0123-456789abcdef', value: 'shop' },
        { name: 'drains/listed/0', value: 'shop,shop-eu' },
      ].toSorted(byName);
      for (const { name, value } of below) await open.parameters.put(name, value);
      await open.parameters.put('drains2/x', 'beside');
      await open.parameters.put('drain_url', 'beside');
      await open.parameters.put('urls/drains/x', 'elsewhere');

      expect(await sorted('drains/')).toEqual(below);
      expect(await sorted('drains/tokens/')).toEqual(
        below.filter(({ name }) => name.startsWith('drains/tokens/')),
      );
      expect(await sorted('drains/none/')).toEqual([]);
    });

    it('gives up a list whose signal is aborted', async () => {
      await open.parameters.put('drains/secrets/a', 'x');

      await expect(open.parameters.list('drains/', AbortSignal.abort())).rejects.toBeInstanceOf(Error);
    });
  });
}

function byName(a: Parameter, b: Parameter): number {
  return a.name < b.name ? -1 : 1;
}
