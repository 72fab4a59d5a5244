import { createHash, randomUUID } from 'node:crypto';
import { Random } from './random.ts';

/** A message as the queue keeps it. */
export interface FakeMessage {
  readonly id: string;
  readonly body: string;
  /** Milliseconds since 1970. */
  readonly sentAt: number;
  receives: number;
  firstReceivedAt: number | undefined;
  /** Of the last receive; those before it are stale. */
  receipt: string | undefined;
  /** Milliseconds since 1970 until which it is hidden. */
  hiddenUntil: number;
}

/** What a standard queue may do, and this one does by its seed. */
export interface Unruliness {
  readonly seed: number;
  /** Chance that a message which is received is not hidden: somebody gets it once more, soon. */
  readonly redelivered: number;
  /** Whether messages come in any order. */
  readonly reordered: boolean;
}

export interface FakeQueueSettings {
  visibilitySeconds: number;
  /** After so many receives a message moves to the dead-letter queue, if there is one. */
  maxReceives: number;
}

export class SqsRefusal extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** A standard queue of SQS, in memory. What it takes does not grow with what it holds. */
export class FakeQueue {
  readonly name: string;
  readonly settings: FakeQueueSettings = { visibilitySeconds: 30, maxReceives: 1000 };
  deadLetters: FakeQueue | undefined;
  readonly #now: () => number;
  readonly #visible = new Map<string, FakeMessage>();
  readonly #hidden = new Map<string, FakeMessage>();
  /** No hidden message comes back before: there is nothing to look for. */
  #nextBack = Number.POSITIVE_INFINITY;
  #random = new Random(0);
  #unruliness: Unruliness | undefined;

  constructor(name: string, now: () => number = Date.now) {
    this.name = name;
    this.#now = now;
  }

  /** Every message, the hidden ones too. */
  get messages(): readonly FakeMessage[] {
    this.#comeBack();
    return [...this.#visible.values(), ...this.#hidden.values()];
  }

  get visible(): number {
    this.#comeBack();
    return this.#visible.size;
  }

  get hidden(): number {
    this.#comeBack();
    return this.#hidden.size;
  }

  /** From now on; undefined: it behaves. */
  misbehave(unruliness: Unruliness | undefined): void {
    this.#unruliness = unruliness;
    this.#random = new Random(unruliness?.seed ?? 0);
  }

  /** As if the time had come for every hidden message. */
  showAll(): void {
    for (const message of this.#hidden.values()) message.hiddenUntil = 0;
    this.#nextBack = 0;
  }

  send(body: string): FakeMessage {
    const message: FakeMessage = {
      id: randomUUID(),
      body,
      sentAt: this.#now(),
      receives: 0,
      firstReceivedAt: undefined,
      receipt: undefined,
      hiddenUntil: 0,
    };
    this.#visible.set(message.id, message);
    return message;
  }

  receive(most: number, visibilitySeconds = this.settings.visibilitySeconds): FakeMessage[] {
    this.#comeBack();
    const received: FakeMessage[] = [];
    for (const message of this.#choose(most)) {
      if (this.deadLetters !== undefined && message.receives >= this.settings.maxReceives) {
        this.#visible.delete(message.id);
        this.deadLetters.#takeOver(message);
        continue;
      }
      message.receives += 1;
      message.firstReceivedAt ??= this.#now();
      message.receipt = `${message.id}#${message.receives}#${randomUUID()}`;
      const { redelivered = 0 } = this.#unruliness ?? {};
      if (!this.#random.chance(redelivered)) this.#hide(message, visibilitySeconds);
      received.push({ ...message });
    }
    return received;
  }

  /** A stale receipt is no error, and deletes nothing (API reference, DeleteMessage); a foreign one is an error. */
  delete(receipt: string): void {
    const message = this.#find(receipt);
    if (message?.receipt !== receipt) return;
    this.#visible.delete(message.id);
    this.#hidden.delete(message.id);
  }

  changeVisibility(receipt: string, seconds: number): void {
    const message = this.#find(receipt);
    if (message?.receipt !== receipt) {
      throw new SqsRefusal(
        'InvalidParameterValue',
        'Message does not exist or is not available for visibility timeout change.',
      );
    }
    this.#comeBack();
    if (!this.#hidden.has(message.id)) {
      throw new SqsRefusal('MessageNotInflight', 'The message referred to is not in flight.');
    }
    this.#hide(message, seconds);
  }

  /** What a redrive does: every message is sent anew to `target`. */
  moveAllTo(target: FakeQueue): number {
    const all = this.messages;
    for (const { body } of all) target.send(body);
    this.#visible.clear();
    this.#hidden.clear();
    return all.length;
  }

  #takeOver(message: FakeMessage): void {
    this.#visible.set(message.id, { ...message, receipt: undefined, hiddenUntil: 0 });
  }

  #choose(most: number): FakeMessage[] {
    if (this.#unruliness?.reordered !== true) return take(this.#visible.values(), most);
    // Among some more than are wanted: to shuffle all of a long queue would take its time.
    const some = take(this.#visible.values(), most * 4);
    return Array.from({ length: Math.min(most, some.length) }, () =>
      some.splice(this.#random.between(0, some.length - 1), 1),
    ).flat();
  }

  #hide(message: FakeMessage, seconds: number): void {
    message.hiddenUntil = this.#now() + seconds * 1000;
    this.#visible.delete(message.id);
    this.#hidden.set(message.id, message);
    this.#nextBack = Math.min(this.#nextBack, message.hiddenUntil);
  }

  #comeBack(): void {
    const now = this.#now();
    if (now < this.#nextBack) return;
    this.#nextBack = Number.POSITIVE_INFINITY;
    for (const message of this.#hidden.values()) {
      if (message.hiddenUntil > now) {
        this.#nextBack = Math.min(this.#nextBack, message.hiddenUntil);
        continue;
      }
      this.#hidden.delete(message.id);
      this.#visible.set(message.id, message);
    }
  }

  #find(receipt: string): FakeMessage | undefined {
    const [id = '', ...rest] = receipt.split('#');
    if (rest.length !== 2) {
      throw new SqsRefusal('ReceiptHandleIsInvalid', 'The input receipt handle is invalid.');
    }
    return this.#visible.get(id) ?? this.#hidden.get(id);
  }
}

export function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}

function take<T>(values: Iterable<T>, most: number): T[] {
  const taken: T[] = [];
  for (const value of values) {
    if (taken.length >= most) break;
    taken.push(value);
  }
  return taken;
}
