import { type Creation, StoreError } from '../../lib/archive/store/store.ts';
import { assumptions } from '../../lib/cost/assumptions.ts';
import type { AppName } from '../../lib/drains/app-name.ts';
import { encodeMessage } from '../../lib/spool/message.ts';
import type { QueuedMessage } from '../../lib/spool/queue.ts';
import { type Archiver, archiveMessages } from '../../lib/spool/sqs/archive-messages.ts';
import { type FakeMessage, FakeQueue } from '../support/fake-queue.ts';
import { MemoryLedger } from '../support/memory-ledger.ts';
import { silentLog } from '../support/receiver.ts';
import { randomNumbers } from './router-lines.ts';
import { type SpooledMembers, valueAt } from './spooled-members.ts';

/** The configuration's defaults. */
const windowMs = 30_000;
const pollerCount = 5;
const batchSize = 10_000;
const maxObjectBytes = 16 * 1024 * 1024;

/** One step of the clock: what a receive of ten messages takes. */
const stepMs = 50;
const receivedAtOnce = 10;
/** A run that meets a store which never answers: the first attempt's second, and what 4.5 MB get at 1 MB/s. */
const hangingRunMs = 5_500;

/** What Lambda puts beside a message's text: ids, receipt, attributes. The receipt is as long as SQS's are. */
const envelope = {
  messageId: '059f36b4-87a3-44ab-83d2-661975830a7d',
  receiptHandle: 'A'.repeat(412),
  attributes: {
    ApproximateReceiveCount: '1',
    AWSTraceHeader: `Root=1-${'0'.repeat(8)}-${'0'.repeat(24)};Parent=${'0'.repeat(16)};Sampled=0`,
    SentTimestamp: '1545082649183',
    SenderId: `${'A'.repeat(21)}:cistern-production-Receiver${'0'.repeat(13)}`,
    ApproximateFirstReceiveTimestamp: '1545082649185',
  },
  messageAttributes: {},
  md5OfBody: 'e4e68fb7bd0e697a0ae8f1bb342846b3',
  eventSource: 'aws:sqs',
  eventSourceARN: 'arn:aws:sqs:us-east-2:123456789012:cistern-production-spool-0123456789AB',
  awsRegion: 'us-east-2',
};
const envelopeBytes = JSON.stringify({ ...envelope, body: '' }).length + 1;
/** Lambda says 6 MB, and does not say which: the smaller one makes more objects. */
const maxEventBytes = assumptions.eventBytes;

interface Spooled {
  readonly app: AppName;
  readonly epochMs: number;
}

interface Collected {
  readonly message: FakeMessage;
  readonly text: string;
}

interface Poller {
  collected: Collected[];
  bytes: number;
  closesAt: number;
  /** Did not fit into the last event. */
  over: Collected[];
  /** Set while the function runs. */
  run: { readonly endsAt: number; readonly storeAway: boolean } | undefined;
}

/**
 * SQS and Lambda's event source mapping on a clock that only the simulation moves, around the real archiver: five
 * pollers (as many as archivers may run), of which each collects messages from its first one on for 30 s or until
 * 6 MB, invokes, waits for the end, deletes what is done, and begins again. What a run takes is the model of costs'
 * (lib/cost/assumptions.ts). The store counts and keeps nothing.
 */
export class SpoolSimulation {
  now: number;
  /** Whether the store answers nothing. */
  storeAway = false;
  puts = 0;
  storedBytes = 0;
  /** Stored bytes that are not, byte for byte and in order, those of spooled members. */
  foreignBytes = 0;
  archivedMembers = 0;
  archivedBytes = 0;
  events = 0;
  readonly #members: SpooledMembers;
  readonly #queue: FakeQueue;
  readonly #spooled: Spooled[] = [];
  readonly #random: () => number;
  readonly #pollers: Poller[] = Array.from({ length: pollerCount }, () => ({
    collected: [],
    bytes: 0,
    closesAt: 0,
    over: [],
    run: undefined,
  }));

  constructor(members: SpooledMembers, startMs: number, seed = 0) {
    this.#members = members;
    this.#random = randomNumbers(seed);
    this.now = startMs;
    this.#queue = new FakeQueue('spool', () => this.now);
    this.#queue.settings.visibilitySeconds = 900;
  }

  get waiting(): number {
    return this.#spooled.length - this.archivedMembers;
  }

  send(app: AppName): void {
    this.#queue.send(String(this.#spooled.length));
    this.#spooled.push({ app, epochMs: this.now });
  }

  /** Runs until `endMs`, or until `enough`. Each app sends `batchesPerSecond`, at random moments. */
  async run(endMs: number, batchesPerSecond: number, enough: () => boolean = () => false): Promise<void> {
    const chance = (batchesPerSecond * stepMs) / 1000;
    while (this.now < endMs && !enough()) {
      this.now += stepMs;
      for (const app of this.#members.apps) {
        for (let left = chance; left > 0; left -= 1) if (this.#random() < left) this.send(app);
      }
      for (const poller of this.#shuffled()) await this.#step(poller);
    }
  }

  #shuffled(): Poller[] {
    return this.#pollers
      .map((poller) => ({ poller, at: this.#random() }))
      .sort((a, b) => a.at - b.at)
      .map(({ poller }) => poller);
  }

  async #step(poller: Poller): Promise<void> {
    if (poller.run !== undefined) {
      if (this.now < poller.run.endsAt) return;
      await this.#archive(poller, poller.run.storeAway);
      poller.run = undefined;
    }
    const most = Math.min(receivedAtOnce, batchSize - poller.collected.length);
    const came = poller.over.length > 0 ? poller.over : this.#receive(most);
    poller.over = [];
    for (const each of came) this.#collect(poller, each);
    const full = poller.over.length > 0 || poller.collected.length >= batchSize;
    if (full || (poller.collected.length > 0 && this.now >= poller.closesAt)) this.#invoke(poller);
  }

  #receive(most: number): Collected[] {
    return this.#queue.receive(most).map((message) => {
      const n = Number(message.body);
      const { app, epochMs } = this.#spooled[n] ?? {};
      if (app === undefined || epochMs === undefined) throw new Error(`message ${n} was never sent`);
      return { message, text: encodeMessage(this.#members.member(app, epochMs, n)) };
    });
  }

  #collect(poller: Poller, each: Collected): void {
    const quotes = 16;
    const bytes = envelopeBytes + each.text.length + quotes;
    if (poller.over.length > 0 || poller.bytes + bytes > maxEventBytes) {
      poller.over.push(each);
      return;
    }
    if (poller.collected.length === 0) poller.closesAt = this.now + windowMs;
    poller.collected.push(each);
    poller.bytes += bytes;
  }

  #invoke(poller: Poller): void {
    const { archiverSeconds, archiverMemberSeconds } = assumptions;
    const ms = (archiverSeconds + archiverMemberSeconds * poller.collected.length) * 1000;
    poller.run = { endsAt: this.now + (this.storeAway ? hangingRunMs : ms), storeAway: this.storeAway };
  }

  async #archive(poller: Poller, storeAway: boolean): Promise<void> {
    const { collected } = poller;
    poller.collected = [];
    poller.bytes = 0;
    this.events += 1;
    const messages = collected.map(
      ({ message, text }): QueuedMessage => ({
        id: message.id,
        receipt: message.receipt ?? '',
        text,
        receives: message.receives,
        sentAt: message.sentAt,
      }),
    );
    const left = new Set(await archiveMessages(this.#archiver(collected, storeAway), messages, 60_000));
    for (const { message } of collected) {
      if (left.has(message.id)) continue;
      this.#queue.delete(message.receipt ?? '');
      this.archivedMembers += 1;
    }
  }

  #archiver(collected: readonly Collected[], storeAway: boolean): Archiver {
    const store = {
      create: async (_key: string, body: Buffer): Promise<Creation> => {
        // Without a pause: the simulated run has taken its time already.
        if (storeAway) throw new StoreError('refused', 'as the simulation wants it');
        this.puts += 1;
        this.storedBytes += body.length;
        this.foreignBytes += this.#foreignBytesIn(body, collected);
        return 'created';
      },
    };
    return {
      store,
      ledger: new MemoryLedger(),
      queue: {
        postpone: async (messages) => {
          for (const { receipt, seconds } of messages) this.#queue.changeVisibility(receipt, seconds);
        },
      },
      counters: { record: () => undefined },
      log: silentLog,
      maxObjectBytes,
    };
  }

  /** Walks the object by the members that the messages hold, found by their uuid in the batch header. */
  #foreignBytesIn(body: Buffer, collected: readonly Collected[]): number {
    const byUuid = new Map<number, Spooled>();
    for (const { message } of collected) {
      const n = Number(message.body);
      const spooled = this.#spooled[n];
      if (spooled !== undefined) byUuid.set(n, spooled);
    }
    let own = 0;
    for (let at = 0; at < body.length; ) {
      const uuidAt = valueAt(body, 'uuid', at);
      const n = Number.parseInt(body.toString('latin1', uuidAt, uuidAt + 8), 16);
      const spooled = byUuid.get(n);
      if (spooled === undefined) break;
      const { member } = this.#members.member(spooled.app, spooled.epochMs, n);
      if (body.compare(member, 0, member.length, at, at + member.length) !== 0) break;
      byUuid.delete(n);
      own += member.length;
      this.archivedBytes += member.length;
      at += member.length;
    }
    return body.length - own;
  }
}
