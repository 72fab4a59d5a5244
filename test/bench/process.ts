import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export interface ProcessOptions {
  /** A module to load before the program. */
  readonly preload?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * A program of this repository as a fresh process, with a channel for messages. Its stdout is /dev/null: what a
 * reader of it would cost is not the program's.
 */
export class BenchProcess {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  #stderr = '';

  constructor(program: string, args: readonly string[], { preload, env = {} }: ProcessOptions = {}) {
    const imports = preload === undefined ? [] : ['--import', join(root, preload)];
    this.#child = spawn(process.execPath, [...imports, join(root, program), ...args], {
      env: { ...withoutSettings(process.env), ...env },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    running.add(this.#child);
    this.#exited = once(this.#child, 'close').then(() => running.delete(this.#child));
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  get ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** The next message. Rejects with what the process wrote on stderr when it ends without one. */
  async message(): Promise<unknown> {
    const ended = this.#exited.then(() => {
      throw this.failure();
    });
    const [message] = await Promise.race([once(this.#child, 'message'), ended]);
    return message;
  }

  /** Sends a message and waits for the answer. */
  async ask(question: string): Promise<unknown> {
    const answer = this.message();
    this.#child.send(question);
    return answer;
  }

  failure(): Error {
    const how = this.#child.signalCode ?? this.#child.exitCode;
    return new Error(`a process of the bench ended (${how}): ${this.#stderr.trim()}`);
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.#exited;
  }
}

/** Without the settings that whoever runs this has for Cistern, AWS and Node. */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^(?:CISTERN|AWS|POWERTOOLS|NODE)_|COLOR/.test(name)),
  );
}
