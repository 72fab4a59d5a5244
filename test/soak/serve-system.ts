import { renameSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DirectoryStore } from '../../lib/archive/store/directory/directory-store.ts';
import type { ArchiveReader } from '../../lib/archive/store/store.ts';
import { DirectoryParameters } from '../../lib/drains/directory/directory-parameters.ts';
import { DirectorySpoolReader } from '../../lib/spool/journal/journal-spool-reader.ts';
import type { FaultProxy } from '../support/fault-proxy.ts';
import { type ServeProcess, startServe } from '../support/serve-process.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import type { Misfortune } from './misfortune.ts';
import type { Scenario } from './scenario.ts';
import type { SoakSystem } from './system.ts';

export interface ServeBucket {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  /** In front of it; `env` leads there. */
  readonly proxy: FaultProxy;
  /** Not through the proxy. */
  readonly archive: ArchiveReader;
  problems(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** What a spool may take to empty once nothing fails any more, and longer than that is a fault. */
const settleMs = 60_000;

/** `cistern serve`, over its data directory or over a bucket. */
export async function startServeSystem(scenario: Scenario, bucket?: ServeBucket): Promise<SoakSystem> {
  const system = new ServeSystem(scenario, bucket);
  await system.start();
  return system;
}

class ServeSystem implements SoakSystem {
  readonly name: Scenario['system'];
  readonly proxies: SoakSystem['proxies'];
  readonly parameters: DirectoryParameters;
  readonly archive: ArchiveReader;
  readonly #scenario: Scenario;
  readonly #bucket: ServeBucket | undefined;
  readonly #directory = temporaryDirectory();
  readonly #data = join(this.#directory, 'data');
  #misfortune: Misfortune = { clockMs: 0, diskFull: false };
  #serve: ServeProcess | undefined;
  #spooled = 0;
  /** Of the stops that were asked for: all but 0 are crashes. */
  readonly #exitCodes: (number | null)[] = [];

  constructor(scenario: Scenario, bucket: ServeBucket | undefined) {
    this.name = scenario.system;
    this.#scenario = scenario;
    this.#bucket = bucket;
    this.proxies = bucket === undefined ? {} : { store: bucket.proxy };
    this.parameters = new DirectoryParameters(this.#data);
    this.archive = bucket?.archive ?? new DirectoryStore(join(this.#data, 'archive'));
    const config = { archiver: { windowSeconds: 1 + scenario.window } };
    writeFileSync(this.#configFile, JSON.stringify(config));
    this.#control();
  }

  async start(): Promise<void> {
    this.#serve = await this.#started('0');
  }

  get url(): URL {
    return this.#running.url;
  }

  async kill(): Promise<void> {
    const { port } = this.url;
    this.#countSpooled();
    await this.#running.kill();
    await this.#startAgain(port);
  }

  async restart(): Promise<void> {
    const { port } = this.url;
    await this.#stop();
    await this.#startAgain(port);
  }

  async #startAgain(port: string): Promise<void> {
    for (;;) {
      try {
        this.#serve = await this.#started(port);
        return;
      } catch (error) {
        // As whoever supervises it would: it does not start on a full disk. Nothing else keeps it from starting.
        if (!String(error).includes('ENOSPC')) throw error;
        await delay(50);
      }
    }
  }

  async setClock(clockMs: number): Promise<void> {
    this.#control({ clockMs });
  }

  async letRegistryAge(): Promise<void> {
    // It reads its file before it refuses anybody.
  }

  fillDisk(diskFull: boolean): void {
    this.#control({ diskFull });
  }

  async settle(): Promise<void> {
    const spool = new DirectorySpoolReader(join(this.#data, 'spool'));
    const deadline = performance.now() + settleMs;
    while ((await spool.status()).waiting > 0) {
      if (performance.now() > deadline) throw new Error(`the spool is not empty after ${settleMs} ms`);
      await delay(50);
    }
    await this.#stop();
  }

  async problems(): Promise<readonly string[]> {
    const left = await readdir(join(this.#data, 'spool')).catch(() => []);
    const aside = await readdir(join(this.#data, 'ledger', 'set-aside'), { recursive: true }).catch(() => []);
    return [
      ...this.#exitCodes.flatMap((code) => (code === 0 ? [] : [`serve ended with ${code}`])),
      ...left.map((name) => `the spool still holds ${name}`),
      ...aside.filter((name) => name.endsWith('.json')).map((name) => `${name} was set aside`),
      ...((await this.#bucket?.problems()) ?? []),
    ];
  }

  spooled(): number {
    return this.#spooled;
  }

  async close(): Promise<void> {
    await this.#running.kill();
    await this.#bucket?.close();
  }

  get #running(): ServeProcess {
    if (this.#serve === undefined) throw new Error('serve does not run');
    return this.#serve;
  }

  get #configFile(): string {
    return join(this.#directory, 'cistern.json');
  }

  get #controlFile(): string {
    return join(this.#directory, 'misfortune.json');
  }

  #started(port: string): Promise<ServeProcess> {
    const { delivery } = this.#scenario;
    const bucket = this.#bucket === undefined ? [] : ['--bucket', this.#bucket.name];
    return startServe({
      data: this.#data,
      args: ['--port', port, '--config', this.#configFile, '--delivery', delivery, ...bucket],
      preload: ['test/soak/misfortune.ts'],
      env: { ...this.#bucket?.env, SOAK_CONTROL: this.#controlFile },
    });
  }

  #control(change: Partial<Misfortune> = {}): void {
    this.#misfortune = { ...this.#misfortune, ...change };
    // Renamed into place: it is read at any moment.
    writeFileSync(`${this.#controlFile}.new`, JSON.stringify(this.#misfortune));
    renameSync(`${this.#controlFile}.new`, this.#controlFile);
  }

  async #stop(): Promise<void> {
    const { code } = await this.#running.stop();
    this.#exitCodes.push(code);
    this.#countSpooled();
  }

  #countSpooled(): void {
    const counted = this.#running.lines().filter(({ message }) => message === 'request');
    this.#spooled += counted.reduce(
      (sum, { spooled }) => sum + (typeof spooled === 'number' ? spooled : 0),
      0,
    );
  }
}
