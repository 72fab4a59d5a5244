import { describe, expect, it } from 'vitest';
import { StoreError } from '../../../lib/archive/store/store.ts';
import { awaitDrained } from '../../../lib/spool/await-drained.ts';
import type { SpoolReader, SpoolStatus } from '../../../lib/spool/spool.ts';

/** What each look finds; the last one for ever. */
function scripted(...looks: readonly (Partial<SpoolStatus> | Error)[]): SpoolReader & { looks: number } {
  return {
    looks: 0,
    async status() {
      const found = looks[Math.min(this.looks, looks.length - 1)];
      this.looks += 1;
      if (found instanceof Error) throw found;
      return { waiting: 0, underWay: 0, ...found };
    },
  };
}

const settings = { ageLagMs: 0, looks: 1, onLook: () => undefined, timeoutMs: 60_000, pollMs: 0 };

describe('awaitDrained', () => {
  it('waits until nothing waits, is under way or was given up', async () => {
    const reader = scripted({ waiting: 2 }, { underWay: 1 }, { deadLetters: 1 }, { deadLetters: 0 });
    const seen: SpoolStatus[] = [];

    const { drained } = await awaitDrained({
      ...settings,
      reader,
      onLook: (status) => void seen.push(status),
    });

    expect(drained).toBe(true);
    expect(seen).toHaveLength(4);
  });

  it('believes an estimate only when it is the same several times running', async () => {
    const reader = scripted({}, {}, { waiting: 1 }, {}, {}, {});

    await awaitDrained({ ...settings, reader, looks: 3 });

    expect(reader.looks).toBe(6);
  });

  it('is done where batches keep coming, once the oldest came after the start', async () => {
    let looks = 0;
    const reader: SpoolReader = {
      // First one from long ago, later only what has just come.
      status: async () => ({ waiting: 5, underWay: 0, oldestMs: looks++ < 3 ? 3_600_000 : -1 }),
    };

    expect(await awaitDrained({ ...settings, reader })).toMatchObject({ drained: true });
    expect(looks).toBe(4);
  });

  it('trusts no age that is older than the start', async () => {
    const reader = scripted({ waiting: 5, oldestMs: 10 });

    const { drained } = await awaitDrained({ ...settings, reader, ageLagMs: 60_000, timeoutMs: 0 });

    expect(drained).toBe(false);
  });

  it('takes the time that a look takes for no proof', async () => {
    const begun = performance.now();
    // Spooled just before the start, and never archived.
    const reader: SpoolReader = {
      status: async () => ({ waiting: 1, underWay: 0, oldestMs: performance.now() - begun }),
    };
    const later = begun + 100;
    const onLook = async () => {
      while (performance.now() < later) await new Promise(setImmediate);
    };

    expect(await awaitDrained({ ...settings, reader, onLook, timeoutMs: 0 })).toMatchObject({
      drained: false,
    });
  });

  it('says what is left when the time is over', async () => {
    const reader = scripted({ waiting: 7, underWay: 2 });

    expect(await awaitDrained({ ...settings, reader, timeoutMs: 0 })).toEqual({
      drained: false,
      last: { waiting: 7, underWay: 2 },
    });
  });

  it('bears looks that fail now and then, and gives up after some running', async () => {
    const away = new StoreError('unavailable', 'the queue is not available');

    expect(await awaitDrained({ ...settings, reader: scripted(away, away, {}) })).toMatchObject({
      drained: true,
    });
    const reader = scripted(away);
    await expect(awaitDrained({ ...settings, reader })).rejects.toBe(away);
    expect(reader.looks).toBe(5);
  });

  it('gives up at once where trying again can help nothing', async () => {
    const refused = new StoreError('refused', 'allow sqs:GetQueueAttributes');
    const reader = scripted(refused);

    await expect(awaitDrained({ ...settings, reader })).rejects.toBe(refused);
    expect(reader.looks).toBe(1);
  });
});
