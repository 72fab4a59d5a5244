import { withoutReach } from '../format/reach.ts';
import type { StoredMember } from './read-objects.ts';

/**
 * How far apart two members of one batch can be and still be seen as one. Their epochs are normally equal;
 * they differ where a batch has no valid time, by the seconds between a sender's tries.
 */
export const windowMs = 2 * 60 * 1000;
/** How long a uuid is remembered: an object spans an hour, so a copy of a member can turn up that late. */
const rememberedMs = 60 * 60 * 1000;
/** How many displaced batches are remembered beyond that: a sender whose clock is wrong sends nothing else. */
const maxDisplaced = 100_000;

/** A batch to show. */
export interface ReleasedBatch {
  /** As its tries, the one to show first in front. */
  readonly tries: readonly StoredMember[];
  /** Its messages were shown before, by a try that declared fewer messages lost. */
  readonly noticesOnly: boolean;
}

/** Members that wait for tries and copies of the same batch to turn up. */
export class RetryWindow {
  #members: StoredMember[] = [];
  readonly #byBatch = new Map<string, StoredMember[]>();
  /** When each uuid was shown: in the order of showing, which is the order of epochs. */
  readonly #shown = new Map<string, number>();
  /**
   * Batches that were shown where a receipt had put them, with what they declared lost. A clock that was set back
   * between two tries puts the first one seen hours before the other.
   */
  readonly #displaced = new Map<string, number>();

  add(member: StoredMember): void {
    this.#members.push(member);
    const batch = batchOf(member);
    const tries = this.#byBatch.get(batch);
    if (tries === undefined) this.#byBatch.set(batch, [member]);
    else tries.push(member);
  }

  /** The batches that begin before `epochMs`, in order. */
  *release(epochMs: number): Generator<ReleasedBatch> {
    const ready = this.#members.filter((member) => member.epochMs < epochMs).sort(byEpochAndUuid);
    const taken = new Set<StoredMember>();
    for (const member of ready) {
      if (taken.has(member)) continue;
      const tries = this.#takeTries(member);
      for (const each of tries) taken.add(each);
      tries.sort(byLossDeclared);
      const declared = tries[0] === undefined ? 0 : lossDeclared(tries[0]);
      const before = this.#displaced.get(batchOf(member));
      const shown = before !== undefined || this.#wasShown(tries, member.epochMs);
      // What has no id may be sent again on purpose.
      if (before !== undefined || (hasCertainId(member) && tries.some(isDisplaced))) {
        this.#rememberDisplaced(batchOf(member), Math.max(declared, before ?? 0));
      }
      const noticesOnly = before !== undefined && declared > before;
      if (shown && !noticesOnly) continue;
      this.#remember(tries, member.epochMs);
      yield { tries, noticesOnly };
    }
    this.#members = this.#members.filter((member) => !taken.has(member));
    this.#forget(epochMs - rememberedMs);
  }

  /** Takes out the members that are tries of this one's batch. None of them is earlier than it. */
  #takeTries(first: StoredMember): StoredMember[] {
    const batch = batchOf(first);
    const tries: StoredMember[] = [];
    const others: StoredMember[] = [];
    for (const member of this.#byBatch.get(batch) ?? []) {
      (member.epochMs - first.epochMs <= windowMs ? tries : others).push(member);
    }
    if (others.length === 0) this.#byBatch.delete(batch);
    else this.#byBatch.set(batch, others);
    return tries;
  }

  #wasShown(tries: readonly StoredMember[], epochMs: number): boolean {
    return tries.some(({ header }) => {
      const shownAt = this.#shown.get(withoutReach(header.uuid));
      return shownAt !== undefined && epochMs - shownAt <= rememberedMs;
    });
  }

  #remember(tries: readonly StoredMember[], epochMs: number): void {
    for (const { header } of tries) {
      const uuid = withoutReach(header.uuid);
      this.#shown.delete(uuid);
      this.#shown.set(uuid, epochMs);
    }
  }

  #rememberDisplaced(batch: string, declared: number): void {
    this.#displaced.set(batch, declared);
    if (this.#displaced.size <= maxDisplaced) return;
    const [oldest] = this.#displaced.keys();
    if (oldest !== undefined) this.#displaced.delete(oldest);
  }

  #forget(before: number): void {
    for (const [uuid, epochMs] of this.#shown) {
      if (epochMs >= before) return;
      this.#shown.delete(uuid);
    }
  }
}

/** Whether its time of receipt stands in for a time of its own. */
function isDisplaced({ header: { to } }: StoredMember): boolean {
  return to === undefined;
}

/** Identifiers in a header are cut at 256 bytes: one that is as long may be two different ones. */
const certainIdBytes = 250;

/**
 * What the tries of one batch share: drain token, frame id (else request id) and payload. A batch with
 * neither id shares with nobody but its own copies.
 */
function batchOf(member: StoredMember): string {
  const { token = '', payload, uuid } = member.header;
  return hasCertainId(member) ? JSON.stringify([token, idOf(member), payload]) : withoutReach(uuid);
}

function hasCertainId(member: StoredMember): boolean {
  const id = idOf(member);
  return id !== '' && Buffer.byteLength(id) <= certainIdBytes;
}

function idOf({ header }: StoredMember): string {
  return header.frame || header.request || '';
}

function byEpochAndUuid(a: StoredMember, b: StoredMember): number {
  return a.epochMs - b.epochMs || compareText(a.header.uuid, b.header.uuid);
}

/** Of a re-rendered loss notice, the largest count is the one that holds. */
function byLossDeclared(a: StoredMember, b: StoredMember): number {
  return lossDeclared(b) - lossDeclared(a) || byEpochAndUuid(a, b);
}

function lossDeclared({ header }: StoredMember): number {
  return Object.values(header.losses ?? {}).reduce((sum, lost) => sum + lost, 0);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
