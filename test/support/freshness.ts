import { type ObjectKey, objectKey } from '../../lib/archive/format/key.ts';
import { StoreError } from '../../lib/archive/store/store.ts';
import type { AppName } from '../../lib/drains/app-name.ts';
import type { Memory } from '../../lib/findings/finding.ts';
import { type ArchiveLag, noLag } from '../../lib/watch/archive-lag.ts';
import { type FreshApp, freshnessCheck } from '../../lib/watch/checks/freshness/freshness.ts';
import { MemoryPageLister } from './memory-page-lister.ts';
import { RepeatedLook } from './repeated-look.ts';

export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;
/** A Friday. */
export const noon = Date.UTC(2026, 10, 20, 12);
export const shop = 'shop' as AppName;

export function key(epochMs: number, app = shop): ObjectKey {
  return objectKey({ app, epochMs, uuid: '00000000-0123-80bc-8def-0123456789ab' });
}

export interface Scene {
  readonly keys?: readonly string[];
  readonly app?: Partial<FreshApp>;
  readonly startedAt?: number;
  readonly memory?: Memory;
  readonly lag?: ArchiveLag;
}

/** The freshness of `shop`, which may be silent for 15 min, over an archive of these keys. */
export function open({ keys = [], app = {}, startedAt, memory, lag = noLag }: Scene = {}): {
  readonly lister: MemoryPageLister;
  readonly look: RepeatedLook;
} {
  const lister = new MemoryPageLister(keys);
  const apps = [{ name: shop, silenceMinutes: 15, ...app }];
  const check = freshnessCheck({ apps, lister, lag, ...(startedAt === undefined ? {} : { startedAt }) });
  return { lister, look: new RepeatedLook(check, memory === undefined ? {} : { shop: memory }) };
}

export const requestFailure = () => new StoreError('unavailable', 'no answer from the store');
