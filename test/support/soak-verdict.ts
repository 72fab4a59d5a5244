import { createHash, type Hash } from 'node:crypto';
import type { BatchHeader } from '../../lib/archive/format/batch-header.ts';
import { logsPrefix, parseKey } from '../../lib/archive/format/key.ts';
import { type Message, readRange } from '../../lib/archive/read/read-messages.ts';
import type { ArchiveReader } from '../../lib/archive/store/store.ts';
import type { AppName } from '../../lib/drains/app-name.ts';
import {
  type BatchRecord,
  type DrainLedger,
  isStorable,
  isSuccess,
  type TryRecord,
} from './fake-logplex-ledger.ts';

/** A list of violations says the first so many, and how many more there are. */
const maxViolations = 50;

/** One request that a drain sent, by its body. */
interface Sent {
  readonly drain: DrainLedger;
  readonly batch: BatchRecord;
  readonly tried: TryRecord;
}

/** One batch as a reader of the archive shows it. */
interface Shown {
  readonly header: BatchHeader;
  readonly key: string;
  readonly sha256: string;
  readonly messages: number;
  readonly kinds: 'notices' | 'messages';
}

/**
 * Every way in which an archive differs from what its senders know; empty when all is well. What was acknowledged
 * has to be there, once and byte for byte; what was lost has to be declared; nothing else may be there but what
 * was sent without an answer, and that once.
 *
 * Holds no content: batches are compared by SHA-256. Throws `StoreError` where the store fails as a whole.
 */
export async function soakVerdict(
  ledger: readonly DrainLedger[],
  archive: ArchiveReader,
): Promise<readonly string[]> {
  const violations = new Violations();
  for (const drain of ledger) checkSender(drain, violations);
  const index = new SentIndex(ledger);
  const shown = new Map<BatchRecord, TryRecord>();
  const apps = new Set(ledger.map(({ app }) => app));
  for (const app of apps) {
    for await (const batch of shownBatches(archive, app, violations)) {
      const sent = index.find(batch);
      if (sent === undefined) violations.add(`${nameOf(batch)} ${index.explain(batch)}`);
      else if (batch.kinds === 'notices' && sent.batch.count > 0) {
        // Of a try whose messages were shown before, by one that declared less.
        const before = shown.get(sent.batch);
        if (before === undefined) violations.add(`${nameOf(batch)} shows its notices and no messages`);
        else if (sent.tried.lost > before.lost) shown.set(sent.batch, sent.tried);
      } else {
        if (shown.has(sent.batch)) violations.add(`${nameOf(batch)} is there more than once`);
        shown.set(sent.batch, sent.tried);
        checkShown(batch, sent, app, violations);
      }
    }
  }
  for (const drain of ledger) checkAcknowledged(drain, shown, violations);
  await checkKeys(archive, apps, violations);
  return violations.list();
}

/** The sender's own accounts: each message was acknowledged, is declared lost, or is known to be unknown. */
function checkSender(
  { name, batches, lost, produced, undeclared, unsent }: DrainLedger,
  to: Violations,
): void {
  const settled = batches.filter(({ result }) => result === 'acknowledged' || result === 'abandoned');
  const ranges = [...settled, ...lost].sort((a, b) => a.first - b.first);
  let next = 0;
  for (const { first, count } of ranges) {
    if (first > next) to.add(`drain ${name} has no account of messages ${next} to ${first - 1}`);
    if (first < next) to.add(`drain ${name} accounts twice for messages from ${first} on`);
    next = first + count;
  }
  if (next + unsent !== produced)
    to.add(`drain ${name} accounts for ${next + unsent} of ${produced} messages`);
  const declared = sum(batches.flatMap(({ tries }) => tries.filter(({ answer }) => isSuccess(answer))));
  const inAll = lost.reduce((total, { count }) => total + count, 0);
  if (declared + undeclared !== inAll) {
    to.add(`drain ${name} lost ${inAll} messages and declared ${declared}, with ${undeclared} to declare`);
  }
}

function sum(tries: readonly TryRecord[]): number {
  return tries.reduce((total, { lost }) => total + lost, 0);
}

/** What a reader shows of an app, put together again as batches. */
async function* shownBatches(
  archive: ArchiveReader,
  app: AppName,
  violations: Violations,
): AsyncGenerator<Shown> {
  let open: OpenBatch | undefined;
  for await (const item of readRange(archive, app, { since: 0 })) {
    if (item.kind === 'problem') {
      violations.add(`${item.key} is ${item.problem}: ${item.why}`);
      continue;
    }
    if (open?.header !== item.member) {
      if (open !== undefined) yield open.close();
      open = new OpenBatch(item);
    }
    open.add(item);
  }
  if (open !== undefined) yield open.close();
}

class OpenBatch {
  readonly header: BatchHeader;
  readonly #key: string;
  readonly #hash: Hash = createHash('sha256');
  #messages = 0;
  #kinds: Shown['kinds'] = 'notices';

  constructor({ member, key }: Message) {
    this.header = member;
    this.#key = key;
  }

  add({ frame, kind }: Message): void {
    if (kind !== 'notice') this.#kinds = 'messages';
    this.#hash.update(frame);
    this.#messages += 1;
  }

  close(): Shown {
    return {
      header: this.header,
      key: this.#key,
      sha256: this.#hash.digest('hex'),
      messages: this.#messages,
      kinds: this.#kinds,
    };
  }
}

/** Everything that was sent: by its bytes, and by its id for what has no such bytes. */
class SentIndex {
  readonly #bySha256 = new Map<string, Sent>();
  readonly #ids = new Set<string>();

  constructor(ledger: readonly DrainLedger[]) {
    for (const drain of ledger) {
      for (const batch of drain.batches) {
        this.#ids.add(batch.id);
        for (const tried of batch.tries) {
          const before = this.#bySha256.get(tried.sha256);
          // Of tries with the same bytes, the one that may be stored speaks for all.
          if (before === undefined || !isStorable(before.tried)) {
            this.#bySha256.set(tried.sha256, { drain, batch, tried });
          }
        }
      }
    }
  }

  /** Notices alone are not all of a batch's bytes: the header says of which they are. */
  find({ sha256, kinds, header }: Shown): Sent | undefined {
    return (
      this.#bySha256.get(sha256) ?? (kinds === 'notices' ? this.#bySha256.get(header.sha256) : undefined)
    );
  }

  explain({ header }: Shown): string {
    return this.#ids.has(header.frame ?? header.request ?? '')
      ? 'is not, byte for byte, what was sent'
      : 'was never sent';
  }
}

function checkShown(shown: Shown, { drain, batch, tried }: Sent, app: AppName, to: Violations): void {
  const { header, messages } = shown;
  const name = nameOf(shown);
  if (!isStorable(tried)) to.add(`${name} is there although it was answered ${tried.answer}`);
  if (drain.app !== app) to.add(`${name} is a batch of ${drain.app}`);
  if (header.token !== drain.token) to.add(`${name} has the drain token ${header.token}`);
  if ((header.frame ?? header.request) !== batch.id) to.add(`${name} is the batch ${batch.id}`);
  const expected = batch.count + (tried.lost === 0 ? 0 : 1);
  if (header.claimed !== expected || header.found !== expected || messages !== expected) {
    const said = `says ${header.found} of ${header.claimed} messages and shows ${messages}`;
    to.add(`${name} of ${expected} messages ${said}`);
  }
  const declared = Object.values(header.losses ?? {}).reduce((total, lost) => total + lost, 0);
  if (declared !== tried.lost) to.add(`${name} declares ${declared} messages lost, not ${tried.lost}`);
}

function checkAcknowledged(
  { name, app, batches }: DrainLedger,
  shown: ReadonlyMap<BatchRecord, TryRecord>,
  to: Violations,
): void {
  for (const batch of batches) {
    const acknowledged = batch.tries.find(({ answer }) => isSuccess(answer));
    if (acknowledged === undefined) continue;
    const stored = shown.get(batch);
    const what = `batch ${batch.id} of ${app} (drain ${name}, messages from ${batch.first} on)`;
    if (stored === undefined) to.add(`${what} was acknowledged and is not there`);
    else if (stored.lost < acknowledged.lost) {
      to.add(`${what} declared ${acknowledged.lost} messages lost, of which ${stored.lost} can be read`);
    }
  }
}

/** Nothing lies beside what the apps' readers look at. */
async function checkKeys(
  archive: ArchiveReader,
  apps: ReadonlySet<AppName>,
  violations: Violations,
): Promise<void> {
  for await (const { key } of archive.list(logsPrefix, '')) {
    const app = parseKey(key)?.app;
    if (app === undefined) violations.add(`${key} is no key of the archive`);
    else if (!apps.has(app)) violations.add(`${key} is of an app that sent nothing`);
  }
}

function nameOf({ header, key }: Shown): string {
  return `batch ${header.frame ?? header.request ?? header.uuid} in ${key}`;
}

class Violations {
  readonly #first = new Set<string>();
  #more = 0;

  add(violation: string): void {
    if (this.#first.size < maxViolations) this.#first.add(violation);
    else if (!this.#first.has(violation)) this.#more += 1;
  }

  list(): string[] {
    return [...this.#first, ...(this.#more === 0 ? [] : [`and ${this.#more} more`])];
  }
}
