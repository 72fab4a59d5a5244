import type { ArchiveWriter } from '../../archive/store/store.ts';
import { sideBySide } from '../../base/limited-concurrency.ts';
import type { Log } from '../../base/log.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { Counters } from '../../metrics/counters.ts';
import { countArchived } from '../count-archived.ts';
import { BadMessageError, type CheckedMember, decodeMessage } from '../message.ts';
import { planObjects } from '../plan-objects.ts';
import { comebackSeconds, type MessagePostponer, type QueuedMessage } from '../queue.ts';
import { setAside } from '../set-aside.ts';
import { type StoreOutcome, storeObjects } from '../store-objects.ts';

export interface Archiver {
  readonly store: ArchiveWriter;
  /** Where bad messages are set aside. */
  readonly ledger: Ledger;
  readonly queue: MessagePostponer;
  readonly counters: Counters;
  readonly log: Log;
  readonly maxObjectBytes: number;
}

/** A member, and the message that it came in. */
interface Arrived extends CheckedMember {
  readonly message: QueuedMessage;
  readonly bytes: number;
}

/** Bad messages set aside at once. */
const setAsideWidth = 4;

/**
 * Brings the members of messages into the archive within `budgetMs`, and resolves with the ids of the messages
 * that are not done: those have to stay in the queue. Done is what is durable in the archive, or set aside whole.
 *
 * It may be killed at any point and run again with the same messages or others: what it stored is stored under
 * the same key, or once more under another, and read once. Never rejects.
 */
export async function archiveMessages(
  archiver: Archiver,
  messages: readonly QueuedMessage[],
  budgetMs: number,
): Promise<readonly string[]> {
  const { log } = archiver;
  let staying: readonly QueuedMessage[] = messages;
  try {
    staying = await archiveWhatCanBe(archiver, messages, budgetMs);
  } catch (error) {
    log.error('messages could not be archived; they stay in the queue', { messages: messages.length, error });
  }
  if (staying.length === 0) return [];
  countArchived(archiver, { 'left-in-spool': staying.length });
  try {
    await archiver.queue.postpone(
      staying.map(({ id, receipt, receives }) => ({ id, receipt, seconds: comebackSeconds(receives) })),
    );
  } catch (error) {
    // They come back by themselves, later: when their visibility timeout ends.
    log.warn('messages could not be postponed', { messages: staying.length, error });
  }
  return staying.map(({ id }) => id);
}

async function archiveWhatCanBe(
  archiver: Archiver,
  messages: readonly QueuedMessage[],
  budgetMs: number,
): Promise<QueuedMessage[]> {
  const { members, bad } = sort(messages);
  const objects = planObjects(members, archiver.maxObjectBytes);
  const [outcomes, notSetAside] = await Promise.all([
    storeObjects({
      store: archiver.store,
      objects,
      read: ({ members: parts }) => Buffer.concat(parts.map(({ member }) => member)),
      budgetMs,
    }),
    // Else a ledger that hangs would use up the time in which the others are said to be done.
    setAllAside(archiver, bad, AbortSignal.timeout(Math.max(0, Math.ceil(budgetMs)))),
  ]);
  countStored(archiver, outcomes, messages);
  const failed = outcomes.filter(({ failure }) => failure !== undefined);
  for (const { object, failure } of failed) {
    const { key } = object;
    archiver.log.warn('an object could not be stored; its members stay in the spool', {
      key,
      error: failure,
    });
  }
  const notStored = failed.flatMap(({ object }) =>
    [...object.members, ...object.copies].map(({ message }) => message),
  );
  return [...notStored, ...notSetAside];
}

interface BadMessage {
  readonly message: QueuedMessage;
  readonly why: BadMessageError;
}

function sort(messages: readonly QueuedMessage[]): {
  readonly members: Arrived[];
  readonly bad: BadMessage[];
} {
  const members: Arrived[] = [];
  const bad: BadMessage[] = [];
  for (const message of messages) {
    try {
      const checked = decodeMessage(message.text);
      members.push({ ...checked, message, bytes: checked.member.length });
    } catch (error) {
      if (!(error instanceof BadMessageError)) throw error;
      bad.push({ message, why: error });
    }
  }
  return { members, bad };
}

/** Resolves with the messages that could not be set aside. */
async function setAllAside(
  archiver: Archiver,
  bad: readonly BadMessage[],
  signal: AbortSignal,
): Promise<QueuedMessage[]> {
  const { ledger, log } = archiver;
  const left = await sideBySide(bad, setAsideWidth, async ({ message, why }) => {
    try {
      const key = await setAside(ledger, { ...message, why: why.message }, signal);
      log.error('a bad message was set aside', { message: message.id, key, why: why.message });
      countArchived(archiver, { 'set-aside': 1 });
      return [];
    } catch (error) {
      log.error('a bad message could not be set aside; it stays in the queue', {
        message: message.id,
        error,
      });
      return [message];
    }
  });
  return left.flat();
}

function countStored(
  archiver: Archiver,
  outcomes: readonly StoreOutcome<Arrived>[],
  messages: readonly QueuedMessage[],
): void {
  const stored = outcomes.filter(({ failure }) => failure === undefined);
  const oldest = Math.min(...messages.map(({ sentAt }) => sentAt));
  countArchived(archiver, {
    'archived-objects': stored.length,
    'archived-members': stored.reduce((sum, { object }) => sum + object.members.length, 0),
    'archived-bytes': stored.reduce((sum, { bytes }) => sum + bytes, 0),
    'spool-copies': stored.reduce((sum, { object }) => sum + object.copies.length, 0),
    ...(messages.length === 0 ? {} : { 'spool-age': Math.max(0, Date.now() - oldest) }),
  });
}
