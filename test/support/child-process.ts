import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';

const running = new Set<ChildProcess>();

afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
});

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ChildOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Modules to load before the program. */
  readonly preload?: readonly string[];
  /** Whether the child gets a channel to send messages over. */
  readonly ipc?: boolean;
}

/** A program of this repository as a process of its own, killed with the test file at the latest. */
export class Child {
  readonly process: ChildProcess;
  /** Resolves when the process has ended and its output is whole. */
  readonly exited: Promise<Exit>;
  stdout = '';
  stderr = '';
  readonly #watchers = new Set<() => void>();
  #exit: Exit | undefined;

  constructor(program: string, args: readonly string[], { env = {}, preload = [], ipc }: ChildOptions = {}) {
    const imports = preload.flatMap((module) => ['--import', pathOf(module)]);
    const child = spawn(process.execPath, [...imports, pathOf(program), ...args], {
      env: { ...inheritedEnvironment(), ...env },
      stdio: ['ignore', 'pipe', 'pipe', ...(ipc ? (['ipc'] as const) : [])],
    });
    running.add(child);
    this.process = child;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
      this.#look();
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
      this.#look();
    });
    this.exited = new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => {
        running.delete(child);
        this.#exit = { code, signal };
        this.#look();
        resolve(this.#exit);
      });
    });
  }

  /** What `find` finds in the output, as soon as it does. Rejects when the process ends without it. */
  until<T>(find: () => T | undefined, what: string): Promise<T> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = find();
        if (found === undefined && this.#exit === undefined) return;
        this.#watchers.delete(look);
        if (found !== undefined) resolve(found);
        else reject(new Error(`ended without ${what}: ${this.stderr || this.stdout}`));
      };
      this.#watchers.add(look);
      look();
    });
  }

  #look(): void {
    for (const look of [...this.#watchers]) look();
  }
}

/** Ours, without the settings that the one who runs the tests has for Cistern and AWS. */
function inheritedEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(CISTERN|AWS|POWERTOOLS)_|COLOR/.test(name));
  return Object.fromEntries(kept);
}

function pathOf(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}
