import type { Ledger } from '../ledger/ledger.ts';

/** Below it the ledger keeps what could not be archived, whole. Nothing there ever expires. */
export const setAsidePrefix = 'set-aside/';

/** Something of the spool that no member can be made of. */
export interface BadSpooled {
  /** Names it within its day: the same thing is set aside once, however often it comes. */
  readonly id: string;
  /** Whole, as it came. */
  readonly text: string;
  /** `base64` where it is not text. */
  readonly encoding?: 'base64';
  /** Milliseconds since 1970. */
  readonly sentAt: number;
  /** Shows nothing of what is in it. */
  readonly why: string;
}

/** Keeps it in the ledger; resolves with its key when it is durable there. Throws `LedgerError`. */
export async function setAside(ledger: Ledger, bad: BadSpooled, signal?: AbortSignal): Promise<string> {
  const { id, text, encoding, sentAt, why } = bad;
  const sent = new Date(sentAt).toISOString();
  const key = `${setAsidePrefix}${sent.slice(0, 10)}/${id}.json`;
  const kept = { v: 1, sent, why, ...(encoding === undefined ? {} : { encoding }), text };
  // Whatever is there already under this id is the same thing.
  await ledger.create(key, Buffer.from(`${JSON.stringify(kept)}\n`), signal);
  return key;
}
