import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { Child, type ChildOptions, type Exit } from './child-process.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** One JSON line of `serve`: a request's counters, or what happened. */
const line = z.looseObject({ time: z.iso.datetime(), level: z.string(), message: z.string() });

export type ServeLine = z.output<typeof line>;

export interface ServeSetup extends Omit<ChildOptions, 'ipc'> {
  /** The data directory; left out, a new one. */
  readonly data?: string;
  readonly args?: readonly string[];
}

/** `cistern serve` on a free port, as a process of its own. */
export class ServeProcess {
  readonly data: string;
  readonly url: URL;
  readonly child: Child;

  constructor(child: Child, data: string, url: URL) {
    this.child = child;
    this.data = data;
    this.url = url;
  }

  /** The shared secret, as the data directory has it. */
  get secret(): string {
    const registry = z
      .record(z.string(), z.string())
      .parse(JSON.parse(readFileSync(join(this.data, 'registry.json'), 'utf8')));
    return new URL(registry['drain_url'] ?? '').password;
  }

  get pid(): number {
    return this.child.process.pid ?? -1;
  }

  lines(): ServeLine[] {
    return linesOf(this.child);
  }

  /** The counters of `count` requests of an app, as soon as there are so many. */
  counted(app: string, count = 1): Promise<ServeLine[]> {
    return this.counters((request) => request['app'] === app, count);
  }

  /** The counters of `count` requests that match, as soon as there are so many. */
  counters(matches: (request: ServeLine) => boolean, count = 1): Promise<ServeLine[]> {
    const find = () => {
      const found = this.lines().filter((request) => request.message === 'request' && matches(request));
      return found.length >= count ? found : undefined;
    };
    return this.child.until(find, `${count} requests counted`);
  }

  /** Asks it to stop, and waits until it has. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    this.child.process.kill(signal);
    return this.child.exited;
  }

  async kill(): Promise<void> {
    await this.stop('SIGKILL');
  }
}

/** Starts `cistern serve` and waits until it listens. */
export async function startServe(setup: ServeSetup = {}): Promise<ServeProcess> {
  const data = setup.data ?? join(temporaryDirectory(), 'data');
  const child = spawnServe(['--port', '0', '--data', data, ...(setup.args ?? [])], setup);
  return new ServeProcess(child, data, await listening(child));
}

/** Runs `cistern serve` with arguments or an environment that it must refuse: resolves when it has ended. */
export async function refusedServe(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const child = spawnServe(args, { env });
  const started = listening(child).then(
    () => true,
    () => false,
  );
  if (await started) {
    child.process.kill('SIGKILL');
    throw new Error(`serve ${args.join(' ')} was not refused: ${child.stdout}`);
  }
  return { code: (await child.exited).code, stdout: child.stdout, stderr: child.stderr };
}

export function spawnServe(args: readonly string[], options: Omit<ChildOptions, 'ipc'> = {}): Child {
  // Its canary would be among what a test counts; a test of the watch sets its own.
  const env = { CISTERN_WATCH: '0', ...options.env };
  return new Child('cli/cistern.ts', ['serve', ...args], { ...options, env });
}

/** The address that it says it listens on. */
export async function listening(child: Child): Promise<URL> {
  const find = () => linesOf(child).find(({ message }) => message === 'listening');
  const found = await child.until(find, 'listening');
  return new URL(z.string().parse(found['url']));
}

function linesOf({ stdout }: Child): ServeLine[] {
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((text) => line.parse(JSON.parse(text)));
}
