import { setTimeout as delay } from 'node:timers/promises';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { ArchiveReader } from '../../lib/archive/store/store.ts';
import type { ParameterStore } from '../../lib/drains/parameters.ts';
import { createSqsClient } from '../../lib/spool/sqs/sqs-spool.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { SqsPoller } from '../support/sqs-poller.ts';
import { Environments } from './environments.ts';
import { FunctionUrl } from './function-url.ts';
import type { Scenario } from './scenario.ts';
import type { SoakAws } from './soak-aws.ts';
import type { SoakSystem } from './system.ts';

const receivers = 3;
const archivers = 2;
/** The receiver's, as the stack has it. */
const receiverTimeoutMs = 10_000;
/** Of which the archiver keeps 15 s for what comes after the store: it is left 3 s for its objects. */
const archiverTimeoutMs = 18_000;
/** Messages that could not be stored come back after half a minute. */
const settleMs = 120_000;

/** The bundled receiver behind a function URL, and the bundled archiver behind pollers of the queue. */
export async function startLambdaSystem(scenario: Scenario, aws: SoakAws): Promise<SoakSystem> {
  const store = await startFaultProxy({ target: aws.s3Url, seed: scenario.seed + 1, style: 's3' });
  const spool = await startFaultProxy({ target: aws.sqsUrl, seed: scenario.seed + 2, style: 'sqs' });
  const registry = await startFaultProxy({ target: aws.ssmUrl, seed: scenario.seed + 3, style: 'ssm' });
  const system = new LambdaSystem(scenario, aws, { store, spool, registry });
  await system.start();
  return system;
}

class LambdaSystem implements SoakSystem {
  readonly name = 'lambda';
  readonly proxies: { readonly store: FaultProxy; readonly spool: FaultProxy; readonly registry: FaultProxy };
  readonly parameters: ParameterStore;
  readonly archive: ArchiveReader;
  readonly #aws: SoakAws;
  readonly #scenario: Scenario;
  readonly #receiver: Environments;
  readonly #archiver: Environments;
  readonly #functionUrl: FunctionUrl;
  readonly #client: SQSClient;
  readonly #polling = new AbortController();
  #pollers: readonly Promise<void>[] = [];
  #archived = 0;
  #url: URL | undefined;

  constructor(scenario: Scenario, aws: SoakAws, proxies: LambdaSystem['proxies']) {
    this.#scenario = scenario;
    this.#aws = aws;
    this.proxies = proxies;
    this.parameters = aws.parameters;
    this.archive = aws.archive;
    const env = {
      ...aws.env,
      AWS_ENDPOINT_URL_S3: proxies.store.url.origin,
      AWS_ENDPOINT_URL_SQS: proxies.spool.url.origin,
      AWS_ENDPOINT_URL_SSM: proxies.registry.url.origin,
      CISTERN_STAGE: aws.stage,
      CISTERN_BUCKET: aws.bucket,
      CISTERN_LEDGER: aws.bucket,
      CISTERN_QUEUE_URL: aws.queueUrlAt(proxies.spool.url),
      CISTERN_DELIVERY: scenario.delivery,
      CISTERN_MAX_OBJECT_BYTES: String(256 * 1024),
    };
    this.#receiver = new Environments({
      name: 'receiver',
      env,
      count: receivers,
      timeoutMs: receiverTimeoutMs,
    });
    this.#archiver = new Environments({
      name: 'archiver',
      env,
      count: archivers,
      timeoutMs: archiverTimeoutMs,
    });
    this.#functionUrl = new FunctionUrl(this.#receiver);
    this.#client = createSqsClient({
      endpoint: proxies.spool.url.origin,
      region: 'eu-west-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      requestHandler: { requestTimeout: 2_000, throwOnRequestTimeout: true },
    });
  }

  async start(): Promise<void> {
    const { seed, redelivered, window } = this.#scenario;
    await Promise.all([this.#receiver.start(), this.#archiver.start()]);
    this.#url = await this.#functionUrl.listen();
    this.#aws.misbehave(seed, redelivered);
    this.#pollers = Array.from({ length: archivers }, () => {
      const poller = new SqsPoller({
        client: this.#client,
        queueUrl: this.#aws.queueUrlAt(this.proxies.spool.url),
        windowMs: 100 * window,
        invoke: (event) => this.#archiver.invoke(event),
      });
      return poller.run(this.#polling.signal, ({ deleted }) => {
        this.#archived += deleted;
      });
    });
  }

  get url(): URL {
    if (this.#url === undefined) throw new Error('the function URL does not listen');
    return this.#url;
  }

  async kill(what: 'receiver' | 'archiver'): Promise<void> {
    await (what === 'receiver' ? this.#receiver : this.#archiver).kill();
  }

  async restart(): Promise<void> {
    throw new Error('a Lambda is not asked to stop');
  }

  async setClock(ms: number): Promise<void> {
    this.#receiver.clockMs = ms;
    this.#archiver.clockMs = ms;
  }

  async letRegistryAge(): Promise<void> {
    // What an operator waits before the drains get a new secret: nobody is refused by a registry that is older
    // (lib/drains/cached-registry.ts). It is so by the steady clock too, or setting the other back would hide it.
    this.#receiver.skippedMs += 6_000;
  }

  fillDisk(): void {
    throw new Error('Lambda has no disk that is written');
  }

  async settle(): Promise<void> {
    const deadline = performance.now() + settleMs;
    for (;;) {
      const waiting = await this.#aws.waiting();
      if (waiting === 0) break;
      if (performance.now() > deadline) {
        throw new Error(
          `${waiting} messages are still in the queue after ${settleMs} ms: ${this.#archiver.output().slice(-2_000)}`,
        );
      }
      this.#aws.showAll();
      await delay(500);
    }
    this.#polling.abort();
    await Promise.all(this.#pollers);
  }

  async problems(): Promise<readonly string[]> {
    return this.#aws.problems();
  }

  spooled(): number {
    return this.#archived;
  }

  async close(): Promise<void> {
    this.#polling.abort();
    await this.#functionUrl.close();
    await Promise.all([this.#receiver.close(), this.#archiver.close()]);
    await Promise.all(Object.values(this.proxies).map((proxy) => proxy.close()));
    await Promise.all(this.#pollers);
    this.#client.destroy();
    await this.#aws.close();
  }
}
