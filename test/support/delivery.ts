import type { ArchiveWriter } from '../../lib/archive/store/store.ts';
import { Delivery } from '../../lib/receiver/delivery.ts';
import type { SpoolWriter } from '../../lib/spool/spool.ts';

/** A spool that takes nothing: every member is too large for it. */
export const noSpool: SpoolWriter = {
  maxMemberBytes: -1,
  put: () => Promise.reject(new Error('nothing is small enough for this spool')),
};

/** Direct delivery to a store, for what has to do with no spool. */
export function directDelivery(store: ArchiveWriter, spool: SpoolWriter = noSpool): Delivery {
  return new Delivery({ mode: 'direct', store, spool, onSwitch: () => undefined });
}
