import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { hashSecret } from '../../lib/drains/credentials.ts';
import { DirectoryParameters } from '../../lib/drains/directory/directory-parameters.ts';
import { parameterNames } from '../../lib/drains/parameters.ts';
import { formatSecret } from '../../lib/drains/registry.ts';
import { sharedSecret } from '../support/receiver.ts';
import { BenchProcess, type ProcessOptions } from './process.ts';

/** A server under measurement, on 127.0.0.1. It takes {@link sharedSecret}. */
export interface MeasuredServer {
  readonly port: number;
  readonly process: BenchProcess;
}

export interface ServeOptions extends ProcessOptions {
  /** More arguments of `serve`. */
  readonly args?: readonly string[];
}

/** `cistern serve` as an operator starts it, with its data in `directory`. */
export async function startServe(
  directory: string,
  { args: more = [], ...options }: ServeOptions = {},
): Promise<MeasuredServer> {
  const parameters = new DirectoryParameters(directory);
  const secret = formatSecret({ sha256: hashSecret(sharedSecret) });
  await parameters.put(`${parameterNames.secrets}bench`, secret);
  // Of an earlier start in this directory.
  await parameters.delete(parameterNames.receiverUrl);
  const args = ['serve', '--port', '0', '--data', directory, '--watch', '0', ...more];
  const process = new BenchProcess('cli/cistern.ts', args, options);
  for (;;) {
    // It says where it answers on stdout, which nobody reads here, and in its registry.
    const url = await parameters.get(parameterNames.receiverUrl);
    if (url !== undefined) return { port: Number(new URL(url).port), process };
    if (process.ended) throw process.failure();
    await sleep(20);
  }
}

const address = z.object({ port: z.number() });

/** What the bare server does with a body before it answers. */
export type BareWork = 'store' | 'deflate' | 'nothing';

/**
 * The bare server, with temporary files where `serve` has its own: how fast ext4 makes a file depends on what
 * was removed lately near its directory.
 */
export async function startBareServer(
  work: BareWork,
  logs: string,
  serveDirectory: string,
): Promise<MeasuredServer> {
  const temporary = join(serveDirectory, 'archive/tmp');
  const process = new BenchProcess('test/bench/bare-server.ts', [work, logs, temporary]);
  return { port: address.parse(await process.message()).port, process };
}
