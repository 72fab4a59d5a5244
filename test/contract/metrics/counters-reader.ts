import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseAppName } from '../../../lib/drains/app-name.ts';
import type { Sample } from '../../../lib/metrics/counters.ts';
import type { CounterQuery, CountersReader } from '../../../lib/metrics/counters-reader.ts';

export interface OpenCounters {
  readonly reader: CountersReader;
  /** Counts a request at an instant; called in the order of time. */
  record(sample: Sample, at: number): Promise<void>;
  close(): Promise<void>;
}

const minute = 60_000;
const hour = 60 * minute;
/** The start of an hour, lately. */
const start = Math.floor(Date.now() / hour) * hour - 2 * hour;

/** What every reader of counters must do. `make` opens one that has counted nothing. */
export function countersReaderContract(name: string, make: () => Promise<OpenCounters>): void {
  describe(`${name} keeps the contract of a reader of counters`, () => {
    let open: OpenCounters;
    beforeEach(async () => {
      open = await make();
    });
    afterEach(() => open.close());

    const record = async (at: number, counts: Sample['counts'], app?: string): Promise<void> => {
      const parsed = app === undefined ? undefined : parseAppName(app);
      await open.record({ counts, ...(parsed === undefined ? {} : { app: parsed }) }, at);
    };
    const minutes = async (
      queries: readonly CounterQuery[],
      from = start,
      to = start + hour,
    ): Promise<[number, number][][]> => {
      const sums = await open.reader.sums(queries, { from, to, periodSeconds: 60 });
      return sums.map((found) => [...found].map(([at, sum]) => [(at - start) / minute, sum]));
    };

    it('gives sums by minute, of the stage and of each app', async () => {
      await record(start + 1_000, { messages: 3, batches: 1 }, 'shop');
      await record(start + 59_999, { messages: 4, batches: 1 }, 'shop');
      await record(start + minute, { messages: 5, batches: 1 }, 'billing');
      await record(start + 2 * minute, { unauthorised: 1 });

      expect(
        await minutes([
          { counter: 'messages' },
          { counter: 'messages', app: 'shop' },
          { counter: 'messages', app: 'billing' },
          { counter: 'unauthorised' },
        ]),
      ).toEqual([
        [
          [0, 7],
          [1, 5],
        ],
        [[0, 7]],
        [[1, 5]],
        [[2, 1]],
      ]);
    });

    it('has nothing where nothing was counted', async () => {
      await record(start, { batches: 1 }, 'shop');

      expect(
        await minutes([
          { counter: 'undelivered' },
          { counter: 'batches', app: 'sho' },
          { counter: 'function-errors' },
          { counter: 'function-throttles' },
        ]),
      ).toEqual([[], [], [], []]);
      expect(await minutes([])).toEqual([]);
    });

    it('gives the periods that start in the range, whole', async () => {
      for (const at of [0, 1, 2, 3]) await record(start + at * minute + 30_000, { batches: 1 });

      expect(await minutes([{ counter: 'batches' }], start + 1, start + 3 * minute)).toEqual([
        [
          [1, 1],
          [2, 1],
        ],
      ]);
      expect(await minutes([{ counter: 'batches' }], start + minute, start + 2 * minute + 1)).toEqual([
        [
          [1, 1],
          [2, 1],
        ],
      ]);
      expect(await minutes([{ counter: 'batches' }], start + minute, start + minute)).toEqual([[]]);
    });

    it('gives sums by hour', async () => {
      await record(start - 1, { messages: 1 }, 'shop');
      await record(start, { messages: 2 }, 'shop');
      await record(start + hour - 1, { messages: 3 }, 'shop');
      await record(start + hour, { messages: 4 }, 'shop');

      const range = { from: start - hour, to: start + hour, periodSeconds: 3600 } as const;
      const [sums] = await open.reader.sums([{ counter: 'messages', app: 'shop' }], range);

      expect([...(sums ?? [])]).toEqual([
        [start - hour, 1],
        [start, 5],
      ]);
    });

    it('counts again what is counted later', async () => {
      await record(start, { malformed: 1 }, 'shop');
      expect(await minutes([{ counter: 'malformed' }])).toEqual([[[0, 1]]]);
      await record(start + 1, { malformed: 1 }, 'shop');

      expect(await minutes([{ counter: 'malformed' }])).toEqual([[[0, 2]]]);
    });

    it('answers many queries in their order', async () => {
      const apps = Array.from({ length: 12 }, (_, index) => `app-${index}`);
      for (const [index, app] of apps.entries()) await record(start + index, { batches: index + 1 }, app);

      const repeated = Array.from({ length: 50 }, () => apps).flat();
      const found = await minutes(repeated.map((app) => ({ counter: 'batches', app })));

      expect(found).toEqual(repeated.map((app) => [[0, Number(app.slice(4)) + 1]]));
    });

    it('knows every app that anything was counted for', async () => {
      await record(start, { batches: 1, messages: 1, bytes: 10 }, 'shop');
      await record(start + 1, { undelivered: 1 }, 'billing');
      await record(start + 2, { unauthorised: 1 });

      expect([...(await open.reader.apps())].sort()).toEqual(['billing', 'shop']);
    });
  });
}
