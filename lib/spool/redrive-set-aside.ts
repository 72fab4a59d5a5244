import type { Ledger } from '../ledger/ledger.ts';
import { BadMessageError, type CheckedMember, checkMember, decodeMessage } from './message.ts';
import { entryBytes, parseEntryHead } from './segment-entry.ts';
import { listSetAside, markRedriven, readSetAside, type SetAsideEntry } from './set-aside-entries.ts';

export interface RedriveSetAside {
  readonly ledger: Ledger;
  /** Resolves when the member is durable, in the spool or in the archive. */
  readonly put: (member: CheckedMember) => Promise<void>;
  readonly now?: () => number;
}

export interface TriedEntry {
  readonly id: string;
  /** Why it is no member still; undefined where it went through `put`. */
  readonly stillBad?: string;
  /** Why it will be offered again all the same: harmless, since what is archived twice is read once. */
  readonly notMarked?: unknown;
}

/**
 * Tries what was set aside again, by the code as it is now: what is good goes through `put`, and is marked only
 * then, so that a process that is killed here tries it once more. Throws what `put` throws, and `LedgerError`.
 */
export async function* redriveSetAside({
  ledger,
  put,
  now = Date.now,
}: RedriveSetAside): AsyncGenerator<TriedEntry> {
  for (const { id } of await listSetAside(ledger)) {
    const entry = await readSetAside(ledger, id);
    const member = entry === undefined ? 'it is gone' : memberOf(entry);
    if (typeof member === 'string') {
      yield { id, stillBad: member };
      continue;
    }
    await put(member);
    try {
      await markRedriven(ledger, id, now());
      yield { id };
    } catch (notMarked) {
      yield { id, notMarked };
    }
  }
}

/** The member of what was set aside, as the code reads it now; or why there is none. */
export function memberOf({ text, content, why }: SetAsideEntry): CheckedMember | string {
  try {
    return text === undefined ? (memberOfJournal(content) ?? why) : decodeMessage(text);
  } catch (error) {
    if (error instanceof BadMessageError) return error.message;
    throw error;
  }
}

/** What was cut out of a journal: one whole entry, where it can be good again. */
function memberOfJournal(content: Buffer): CheckedMember | undefined {
  const head = parseEntryHead(content);
  if (head === undefined || entryBytes(head) !== content.length) return undefined;
  return checkMember(head.key, head.sha256, content.subarray(head.headBytes, head.headBytes + head.bytes));
}
