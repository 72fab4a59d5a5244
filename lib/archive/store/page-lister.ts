/** Lists keys of the archive one request at a time: what the watch can do at any size of the archive. */
export interface PageLister {
  /** The first `max` (at most 1,000) keys under `prefix` greater than `after`: exactly one list request. */
  page(prefix: string, after: string, max: number, signal?: AbortSignal): Promise<readonly string[]>;
}
