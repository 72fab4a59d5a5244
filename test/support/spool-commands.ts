import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createS3Client } from '../../lib/archive/store/aws/s3-store.ts';
import { DirectoryStore } from '../../lib/archive/store/directory/directory-store.ts';
import type { StoredObject } from '../../lib/archive/store/store.ts';
import { parseConfig } from '../../lib/config/config.ts';
import { S3Ledger } from '../../lib/ledger/aws/s3-ledger.ts';
import { DirectoryLedger } from '../../lib/ledger/directory/directory-ledger.ts';
import type { Ledger } from '../../lib/ledger/ledger.ts';
import { DirectoryJournal } from '../../lib/spool/journal/journal.ts';
import { setAside } from '../../lib/spool/set-aside.ts';
import type { SpooledMember } from '../../lib/spool/spool.ts';
import { type FakeAws, startFakeAws } from './fake-aws.ts';
import { type FakeService, startFakeService } from './fake-service.ts';
import { type Run, type RunOptions, runCli } from './run-cli.ts';
import { spooledBatch } from './spooled.ts';
import { temporaryDirectory } from './temporary-directory.ts';

export const now = Date.now();
/** In every batch, and never in what a command prints. */
export const secret = 'never-on-a-terminal';

export function sealed(text: string, at = now): Promise<SpooledMember> {
  return spooledBatch(`${secret} ${text}`, at);
}

/** Sets something aside; resolves with its id as the commands show it. */
export async function keep(ledger: Ledger, id: string, text: string): Promise<string> {
  const key = await setAside(ledger, { id, text, sentAt: now, why: 'it was bad then' });
  return key.replace('set-aside/', '').replace('.json', '');
}

/** `cistern spool` over a data directory of its own. */
export class LocalSpool {
  readonly data = temporaryDirectory();
  readonly ledger = new DirectoryLedger(join(this.data, 'ledger'));

  constructor() {
    mkdirSync(join(this.data, 'archive'));
  }

  run(args: readonly string[], options?: RunOptions): Promise<Run> {
    return runCli(['spool', ...args, '--data', this.data], options);
  }

  async json(args: readonly string[]) {
    return JSON.parse((await this.run([...args, '--json'])).stdout);
  }

  /** As a `serve` that was killed leaves them: in a segment that nobody has closed. */
  async put(...members: readonly SpooledMember[]): Promise<void> {
    const journal = new DirectoryJournal({ directory: join(this.data, 'spool'), windowMs: 3_600_000 });
    for (const member of members) await journal.put(member, AbortSignal.timeout(10_000));
  }

  archived(): Promise<StoredObject[]> {
    return Array.fromAsync(new DirectoryStore(join(this.data, 'archive')).list('logs/', ''));
  }
}

/** `cistern spool` of the stage `test`, which delivers through its spool. */
export class StageSpool {
  readonly aws: FakeAws;
  readonly ledger: Ledger;
  readonly #cloudWatch: FakeService<'Any'>;

  private constructor(aws: FakeAws, cloudWatch: FakeService<'Any'>) {
    this.aws = aws;
    this.#cloudWatch = cloudWatch;
    this.ledger = new S3Ledger(createS3Client(aws.s3ClientConfig()), aws.s3.bucket);
    this.#parameter('config/0', JSON.stringify(parseConfig({ stage: 'test', delivery: 'buffered' })));
    this.#parameter('ledger_bucket', aws.s3.bucket);
    this.#parameter('spool_queue', aws.sqs.queueUrl);
    this.#parameter('spool_dead_letters', aws.sqs.deadLettersUrl);
  }

  static async start(): Promise<StageSpool> {
    const aws = await startFakeAws();
    // Knows nothing: the age can't be read from it.
    const cloudWatch = await startFakeService<'Any'>({
      identify: () => ({ operation: 'Any', key: '' }),
      perform: () => ({ status: 403 }),
      error: (status) => ({ status }),
    });
    return new StageSpool(aws, cloudWatch);
  }

  async close(): Promise<void> {
    await Promise.all([this.aws.close(), this.#cloudWatch.close()]);
  }

  run(args: readonly string[]): Promise<Run> {
    return runCli(['spool', ...args, '--stage', 'test'], {
      env: { ...this.aws.env(), AWS_ENDPOINT_URL_CLOUDWATCH: this.#cloudWatch.url },
    });
  }

  async json(args: readonly string[]) {
    return JSON.parse((await this.run([...args, '--json'])).stdout);
  }

  /** As a stage of before there was a spool: no parameter names its queue. */
  forgetQueue(): void {
    this.aws.ssm.parameters.delete('/cistern/test/spool_queue');
  }

  #parameter(name: string, value: string): void {
    this.aws.ssm.parameters.set(`/cistern/test/${name}`, { value, type: 'String' });
  }
}
