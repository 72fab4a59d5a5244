import { once } from 'node:events';
import { bundleOf } from '../support/bundle.ts';
import { Child } from '../support/child-process.ts';
import type { HostOrder, HostReport } from '../support/lambda-host.ts';

export interface EnvironmentsOptions {
  /** Of the bundle. */
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  /** How many there are at most: what comes while all are busy waits for a while, and is throttled then. */
  readonly count: number;
  readonly timeoutMs: number;
}

/** No environment became free in time. */
export class ThrottledError extends Error {}

/** How long an event waits for an environment. */
const patienceMs = 1_000;

interface Environment {
  readonly child: Child;
  busy: boolean;
  /** What its clock was set to, and what of time was skipped. */
  clockMs: number;
  skippedMs: number;
}

/** The execution environments of one Lambda function: each handles one event at a time, and any may be killed. */
export class Environments {
  clockMs = 0;
  skippedMs = 0;
  readonly #options: EnvironmentsOptions;
  readonly #all = new Set<Environment>();
  readonly #waiting: ((environment: Environment) => void)[] = [];
  #closed = false;

  constructor(options: EnvironmentsOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    await Promise.all(Array.from({ length: this.#options.count }, () => this.#startOne()));
  }

  /** Rejects with {@link ThrottledError}, or when the environment ends, or does not answer in its time. */
  async invoke(event: unknown): Promise<unknown> {
    const environment = await this.#take();
    const { child } = environment;
    const { timeoutMs } = this.#options;
    const timer = setTimeout(() => child.process.kill('SIGKILL'), timeoutMs);
    try {
      const { clockMs, skippedMs } = this;
      const passed = {
        frozenMs: clockMs - environment.clockMs,
        skippedMs: skippedMs - environment.skippedMs,
      };
      Object.assign(environment, { clockMs, skippedMs });
      return (await order(child, { event, ...passed, timeoutMs })).result;
    } finally {
      clearTimeout(timer);
      this.#release(environment);
    }
  }

  /** Kills one, a busy one if any is; another is started in its place. */
  async kill(): Promise<void> {
    const all = [...this.#all];
    const victim = all.find(({ busy }) => busy) ?? all[0];
    if (victim === undefined) return;
    // Not to be given an event any more.
    victim.busy = true;
    victim.child.process.kill('SIGKILL');
    await victim.child.exited;
  }

  /** What the environments wrote that is no metric: for whoever looks for a reason. */
  output(): string {
    return [...this.#all].map(({ child }) => child.stdout + child.stderr).join('\n');
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const { child } of this.#all) child.process.kill('SIGKILL');
    await Promise.all([...this.#all].map(({ child }) => child.exited));
  }

  async #startOne(): Promise<void> {
    const { name, env } = this.#options;
    const child = new Child('test/support/lambda-host.ts', [await bundleOf(name)], { ipc: true, env });
    const environment = { child, busy: true, clockMs: 0, skippedMs: 0 };
    this.#all.add(environment);
    void child.exited.then(() => {
      this.#all.delete(environment);
      if (!this.#closed) void this.#startOne();
    });
    await Promise.race([once(child.process, 'message'), child.exited]);
    this.#release(environment);
  }

  #take(): Promise<Environment> {
    const free = [...this.#all].find(({ busy }) => !busy);
    if (free !== undefined) {
      free.busy = true;
      return Promise.resolve(free);
    }
    return new Promise((resolve, reject) => {
      const take = (environment: Environment) => {
        clearTimeout(timer);
        resolve(environment);
      };
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(take), 1);
        reject(new ThrottledError());
      }, patienceMs);
      this.#waiting.push(take);
    });
  }

  #release(environment: Environment): void {
    // One that is killed says so later; until then it has no channel any more.
    if (!this.#all.has(environment) || !environment.child.process.connected) return;
    const next = this.#waiting.shift();
    environment.busy = next !== undefined;
    next?.(environment);
  }
}

/** What it reports when it has done what it was told. Rejects when it ends instead. */
function order(child: Child, what: HostOrder): Promise<HostReport> {
  return new Promise((resolve, reject) => {
    const { process } = child;
    const ended = () => {
      process.off('message', reported);
      reject(new Error('the environment has ended'));
    };
    const reported = (report: HostReport) => {
      process.off('exit', ended);
      resolve(report);
    };
    process.once('message', reported).once('exit', ended);
    process.send(what, (error) => {
      if (error !== null) ended();
    });
  });
}
