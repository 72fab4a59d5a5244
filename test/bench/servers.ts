import { mkdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { hashSecret } from '../../lib/drains/credentials.ts';
import { DirectoryParameters } from '../../lib/drains/directory-parameters.ts';
import { parameterNames } from '../../lib/drains/parameters.ts';
import { formatSecret } from '../../lib/drains/registry.ts';
import { sharedSecret } from '../support/receiver.ts';
import { BenchProcess, type ProcessOptions } from './process.ts';

/** A server under measurement, on 127.0.0.1. It takes {@link sharedSecret}. */
export interface MeasuredServer {
  readonly port: number;
  readonly process: BenchProcess;
}

/** `cistern serve` as an operator starts it, with its data in `directory`. */
export async function startServe(directory: string, options: ProcessOptions = {}): Promise<MeasuredServer> {
  const parameters = new DirectoryParameters(directory);
  const secret = formatSecret({ sha256: hashSecret(sharedSecret) });
  await parameters.put(`${parameterNames.secrets}bench`, secret);
  const args = ['serve', '--port', '0', '--data', directory];
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

export async function startBareServer(directory: string): Promise<MeasuredServer> {
  await mkdir(directory, { recursive: true });
  const process = new BenchProcess('test/bench/bare-server.ts', [directory]);
  return { port: address.parse(await process.message()).port, process };
}
