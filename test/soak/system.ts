import type { ArchiveReader } from '../../lib/archive/store/store.ts';
import type { ParameterStore } from '../../lib/drains/parameters.ts';
import type { FaultProxy } from '../support/fault-proxy.ts';
import type { Boundary, SystemName } from './scenario.ts';

/** What a soak is about: a whole Cistern, and how to be unkind to it. */
export interface SoakSystem {
  readonly name: SystemName;
  /** Where it receives: the same address for as long as it is there. */
  readonly url: URL;
  readonly parameters: ParameterStore;
  readonly proxies: Partial<Readonly<Record<Exclude<Boundary, 'sender'>, FaultProxy>>>;
  /** Kills a process without a warning, and starts another in its place. */
  kill(what: 'receiver' | 'archiver'): Promise<void>;
  /** Asks the receiver to stop, and starts another in its place. */
  restart(): Promise<void>;
  setClock(ms: number): Promise<void>;
  /** Lets so much time pass that a receiver looks for new secrets before it refuses one. */
  letRegistryAge(): Promise<void>;
  fillDisk(full: boolean): void;
  /** To be called when nothing is sent and nothing fails any more: resolves when the spool is empty. */
  settle(): Promise<void>;
  readonly archive: ArchiveReader;
  /** What is wrong beside what can be read from the archive. */
  problems(): Promise<readonly string[]>;
  /** Batches that went through the spool, as far as its own counters tell. */
  spooled(): number;
  close(): Promise<void>;
}
