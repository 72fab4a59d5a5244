/** Tells how old the oldest member of a spool is, where the spool itself does not. */
export interface SpoolAgeReader {
  /** In milliseconds, as it was in the last minutes; undefined where nothing was measured. Rejects when it can't be read. */
  oldestMs(signal?: AbortSignal): Promise<number | undefined>;
}
