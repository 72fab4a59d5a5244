import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { AppName } from '../../lib/drains/app-name.ts';
import { hashSecret } from '../../lib/drains/credentials.ts';
import { formatSecret } from '../../lib/drains/registry.ts';
import { FakeLogplex } from '../support/fake-logplex.ts';
import type { LogplexTiming } from '../support/fake-logplex-client.ts';
import type { DrainLedger } from '../support/fake-logplex-ledger.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { soakVerdict } from '../support/soak-verdict.ts';
import type { Boundary, Scenario, SoakEvent } from './scenario.ts';
import type { SoakSystem } from './system.ts';
import type { Tally } from './tally.ts';

/** Shorter than Logplex's: hung requests and outages would else be all that a run is about. */
const timing: Partial<LogplexTiming> = { connect: 1_000, request: 1_800, waits: [0, 150], shrink: 2_500 };

const boundaries: readonly Boundary[] = ['sender', 'store', 'spool', 'registry'];

/** Sends a scenario's batches to a system while all of it happens, and resolves with what is wrong in the end. */
export async function runScenario(
  scenario: Scenario,
  system: SoakSystem,
  tally: Tally,
): Promise<readonly string[]> {
  const run = await ScenarioRun.prepare(scenario, system, tally);
  try {
    await run.go();
    return await run.verdict();
  } finally {
    await run.close();
  }
}

class ScenarioRun {
  readonly #scenario: Scenario;
  readonly #system: SoakSystem;
  readonly #tally: Tally;
  readonly #sender: FaultProxy;
  readonly #logplex: FakeLogplex;
  readonly #tokens: readonly string[];
  readonly #apps: readonly AppName[];
  readonly #outages = new Set<Promise<void>>();
  #clocks = { receiver: 0, sender: 0 };
  #secretId: string;
  #sent = false;

  static async prepare(scenario: Scenario, system: SoakSystem, tally: Tally): Promise<ScenarioRun> {
    const sender = await startFaultProxy({ target: system.url, seed: scenario.seed, style: 'plain' });
    const { id, secret } = await addSecret(system, 0);
    return new ScenarioRun(scenario, system, tally, sender, id, secret);
  }

  constructor(
    scenario: Scenario,
    system: SoakSystem,
    tally: Tally,
    sender: FaultProxy,
    secretId: string,
    secret: string,
  ) {
    const { seed, size } = scenario;
    this.#scenario = scenario;
    this.#system = system;
    this.#tally = tally;
    this.#sender = sender;
    this.#secretId = secretId;
    this.#tokens = Array.from({ length: size.drains }, (_, n) => tokenOf(seed, n));
    this.#apps = this.#tokens.map((_, n) => `app-${n % Math.ceil(size.drains / 2)}` as AppName);
    this.#logplex = new FakeLogplex({
      seed,
      drains: this.#tokens.map((token, n) => ({
        token,
        app: this.#appOf(n),
        url: this.#urlOf(n, secret),
        // One in six is in a Private Space.
        sender: n % 6 === 5 ? 'log-shuttle' : 'logplex',
      })),
      batchesPerDrain: Math.ceil(size.batches / size.drains),
      messagesPerBatch: size.messagesPerBatch,
      storms: 0.003,
      timing,
      now: () => Date.now() + this.#clocks.sender,
    });
  }

  async go(): Promise<void> {
    for (const boundary of boundaries) this.#restoreFaults(boundary);
    const events = this.#playEvents();
    await this.#logplex.run();
    this.#sent = true;
    await events;
    await Promise.all(this.#outages);
    for (const boundary of boundaries) this.#proxyOf(boundary)?.setFaults({});
    await this.#system.settle();
  }

  async verdict(): Promise<readonly string[]> {
    const { ledger } = this.#logplex;
    this.#tally.add(ledger, this.#system.spooled(), [
      ['sender', this.#sender],
      ...Object.entries(this.#system.proxies),
    ]);
    return [
      ...(await soakVerdict(ledger, this.#system.archive)),
      ...(await this.#system.problems()),
      ...refusals(ledger),
    ];
  }

  async close(): Promise<void> {
    await this.#sender.close();
    await this.#system.close();
  }

  async #playEvents(): Promise<void> {
    const { events, size } = this.#scenario;
    for (const event of events) {
      while (!this.#sent && this.#sender.requests < event.at * size.batches) await delay(5);
      if (this.#sent) return;
      await this.#play(event);
      this.#tally.count(event.kind === 'kill' ? `kill of the ${event.what}` : event.kind);
    }
  }

  async #play(event: SoakEvent): Promise<void> {
    const system = this.#system;
    switch (event.kind) {
      case 'kill':
        return system.kill(event.what);
      case 'restart':
        return system.restart();
      case 'outage': {
        const proxy = this.#proxyOf(event.boundary);
        proxy?.outage(event.fault);
        return this.#later(event.forMs, () => this.#restoreFaults(event.boundary));
      }
      case 'disk full':
        system.fillDisk(true);
        return this.#later(event.forMs, () => system.fillDisk(false));
      case 'clock':
        this.#clocks = { ...this.#clocks, [event.whose]: event.byMs };
        return system.setClock(this.#clocks.receiver);
      case 'rotation':
        return this.#rotate();
    }
  }

  /** What happens meanwhile happens all the same. */
  #later(afterMs: number, work: () => void): void {
    const later = delay(afterMs).then(work);
    this.#outages.add(later);
  }

  async #rotate(): Promise<void> {
    const { id, secret } = await addSecret(this.#system, Number(this.#secretId.split('-')[1]) + 1);
    await this.#system.letRegistryAge();
    const before = this.#triesOf();
    for (const [n, token] of this.#tokens.entries()) this.#logplex.setUrl(token, this.#urlOf(n, secret));
    // A request that was under way still has the old one.
    while (!this.#sent && this.#triesOf().some((tries, n) => tries <= (before[n] ?? 0))) await delay(5);
    await this.#system.parameters.delete(`drains/secrets/${this.#secretId}`);
    this.#secretId = id;
  }

  #triesOf(): number[] {
    return this.#logplex.ledger.map(({ batches }) =>
      batches.reduce((sum, { tries }) => sum + tries.length, 0),
    );
  }

  #restoreFaults(boundary: Boundary): void {
    this.#proxyOf(boundary)?.setFaults(this.#scenario.faults[boundary]);
  }

  #proxyOf(boundary: Boundary): FaultProxy | undefined {
    return boundary === 'sender' ? this.#sender : this.#system.proxies[boundary];
  }

  #appOf(n: number): AppName {
    const app = this.#apps[n];
    if (app === undefined) throw new Error(`there is no drain ${n}`);
    return app;
  }

  #urlOf(n: number, secret: string): URL {
    const url = new URL(`/${this.#appOf(n)}`, this.#sender.url);
    url.username = 'drain';
    url.password = secret;
    return url;
  }
}

async function addSecret(
  { parameters }: SoakSystem,
  n: number,
): Promise<{ readonly id: string; readonly secret: string }> {
  const id = `soak-${n}`;
  const secret = randomBytes(16).toString('hex');
  await parameters.put(`drains/secrets/${id}`, formatSecret({ sha256: hashSecret(secret) }));
  return { id, secret };
}

function tokenOf(seed: number, n: number): string {
  const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0').slice(-digits);
  return `d.${hex(seed, 8)}-0000-4000-8000-${hex(n, 12)}`;
}

/** Rotation never refuses anybody: at every moment, what a drain sends is live. */
function refusals(ledger: readonly DrainLedger[]): readonly string[] {
  return ledger.flatMap(({ name, batches }) =>
    batches
      .filter(({ result }) => result === 'refused')
      .map(({ id, tries }) => `batch ${id} of drain ${name} was refused: ${tries.at(-1)?.answer}`),
  );
}
