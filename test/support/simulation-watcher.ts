import type { Channel } from '../../lib/alerts/channels/channel.ts';
import type { Alert, Delivery } from '../../lib/incidents/alert.ts';
import { type Ledger, LedgerError } from '../../lib/ledger/ledger.ts';
import type { MemoryLedger } from './memory-ledger.ts';

/** What becomes of a step of a watcher: a call of the ledger, or an alert that it sends. */
export interface Fate {
  /** Whether it is carried out although its watcher hears of no such thing. */
  readonly happens: boolean;
  /** What its watcher hears: how it went, an error, or nothing any more, since it is dead. */
  readonly watcher: 'goes on' | 'fails' | 'dies';
}

export interface WatcherOptions {
  readonly ledger: MemoryLedger;
  /** Asked at every step; it is taken when this resolves, which may be after steps of another watcher. */
  readonly fate: (step: 'ledger' | 'channel') => Promise<Fate>;
  /** Of an object that was replaced. */
  readonly replaced: (key: string, body: Buffer) => void;
}

/** A process that watches: it reaches the world by steps, and is dead from any of them on. */
export class Watcher {
  readonly ledger: Ledger;
  readonly #options: WatcherOptions;
  #isDead = false;

  constructor(options: WatcherOptions) {
    this.#options = options;
    const { ledger } = options;
    this.ledger = {
      read: (key) => this.#step('ledger', () => ledger.read(key)),
      create: (key, body) => this.#step('ledger', () => ledger.create(key, body)),
      replace: (key, body, version) => this.#step('ledger', () => this.#replace(key, body, version)),
      list: (prefix, after) => ledger.list(prefix, after),
    };
  }

  channel(name: string, deliver: (alert: Alert) => Delivery): Channel {
    return { name, deliver: (alert) => this.#step('channel', async () => deliver(alert)) };
  }

  async #replace(key: string, body: Buffer, version: string | undefined): Promise<'replaced' | 'changed'> {
    const result = await this.#options.ledger.replace(key, body, version);
    if (result === 'replaced') this.#options.replaced(key, body);
    return result;
  }

  /** A dead process changes nothing: whatever its code still tries fails. */
  async #step<T>(kind: 'ledger' | 'channel', take: () => Promise<T>): Promise<T> {
    const fate = this.#isDead ? dead : await this.#options.fate(kind);
    this.#isDead ||= fate.watcher === 'dies';
    if (fate.watcher === 'goes on') return take();
    if (fate.happens) await take();
    throw new LedgerError(this.#isDead ? 'this watcher is dead' : 'the ledger is away', true);
  }
}

const dead: Fate = { happens: false, watcher: 'dies' };
