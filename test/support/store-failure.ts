import { StoreError } from '../../lib/archive/store/store.ts';

/** The StoreError that an attempt ends in. Throws when it ends in anything else. */
export async function storeFailureOf(attempt: Promise<unknown>): Promise<StoreError> {
  const error = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof StoreError) return error;
  throw new Error('did not fail with a StoreError', { cause: error });
}
