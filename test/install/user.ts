import { execFile, spawn } from 'node:child_process';
import { delimiter } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The user's own settings: nothing of what `npm run` adds, so `node` is the one of the machine. */
export const userEnvironment: NodeJS.ProcessEnv = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(CISTERN_|npm_|VITEST|NODE_ENV$)/.test(name)),
  ),
  PATH: (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((directory) => !directory.includes('node_modules'))
    .join(delimiter),
};

/** Runs a command as the user would; resolves with what it prints, and rejects where it fails. */
export async function asUser(
  directory: string,
  command: string,
  ...args: readonly string[]
): Promise<string> {
  const { stdout } = await run(command, args, { cwd: directory, env: userEnvironment });
  return stdout;
}

/** A server that the user started. Its banner comes on stderr, once, where stdout is no terminal. */
export class UserServer {
  readonly banner: string;
  readonly #process: ReturnType<typeof spawn>;

  private constructor(process: ReturnType<typeof spawn>, banner: string) {
    this.#process = process;
    this.banner = banner;
  }

  /** With the secret in it. */
  get drainUrl(): string {
    return /http:\/\/drain:\S+$/m.exec(this.banner)?.[0] ?? '';
  }

  /** Resolves when it has printed its banner. */
  static async start(directory: string, command: string, ...args: readonly string[]): Promise<UserServer> {
    const env = { ...userEnvironment, CISTERN_PORT: '0' };
    const server = spawn(command, args, { cwd: directory, env, stdio: ['ignore', 'ignore', 'pipe'] });
    const banner = await new Promise<string>((resolve, reject) => {
      let said = '';
      server.stderr?.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (said.includes('heroku drains:add')) resolve(said);
      });
      server.on('error', reject);
      server.on('close', (code) => reject(new Error(`ended with ${code}: ${said}`)));
    });
    return new UserServer(server, banner);
  }

  /** The exit code after a signal to the very process that was started; the signal's name where it ended by that. */
  stop(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null> {
    const ended = new Promise<number | NodeJS.Signals | null>((resolve) =>
      this.#process.on('close', (code, by) => resolve(code ?? by)),
    );
    this.#process.kill(signal);
    return ended;
  }
}
