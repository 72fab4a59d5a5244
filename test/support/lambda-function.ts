import { expect } from 'vitest';
import * as z from 'zod';
import { hashSecret } from '../../lib/drains/credentials.ts';
import { bundleOf } from './bundle.ts';
import { Child } from './child-process.ts';
import { type FakeAws, startFakeAws } from './fake-aws.ts';
import { functionUrlEvent, type UrlRequest } from './function-url-event.ts';
import type { HostOrder, HostReport } from './lambda-host.ts';
import { batch, message } from './messages.ts';
import { basic } from './receiver.ts';

/** In every batch that is sent, and good to send with: neither may ever be in the output. */
export const markedText = 'MarkedLogLine';
export const markedSecret = 'MarkedSecret0123456789';

export const stage = 'staging';

const answer = z.strictObject({ statusCode: z.number(), body: z.literal('') });

/** A line in CloudWatch's embedded metric format, and the values of its metrics and dimensions. */
const emfLine = z.looseObject({
  _aws: z.strictObject({
    Timestamp: z.int(),
    CloudWatchMetrics: z.tuple([
      z.strictObject({
        Namespace: z.literal('Cistern'),
        Dimensions: z.array(z.array(z.string())),
        Metrics: z.array(z.strictObject({ Name: z.string(), Unit: z.string() })),
      }),
    ]),
  }),
});

export type EmfLine = z.output<typeof emfLine>;

/** What a hosted bundle answered. Rejects when its process ends instead, as it does when its handler throws. */
export async function invokeHost(child: Child, order: HostOrder): Promise<HostReport> {
  const reported = nextReport(child);
  child.process.send(order);
  return reported;
}

/** The bundled receiver in a process of its own, so that its module state is new, with AWS around it. */
export class LambdaFunction {
  /** When the last invocation ended, in milliseconds since 1970. */
  answeredAt = 0;
  readonly #child: Child;

  constructor(child: Child) {
    this.#child = child;
  }

  /** Invokes it with a request that has good credentials where it names none, and a new batch where it has none. */
  async invoke(request: UrlRequest = {}): Promise<number> {
    const { body = newBatch(), headers, ...rest } = request;
    const all = {
      'content-type': 'application/logplex-1',
      authorization: basic('drain', markedSecret),
      ...headers,
    };
    return this.invokeWith(functionUrlEvent({ ...rest, body, headers: all }));
  }

  async invokeWith(event: unknown): Promise<number> {
    return answer.parse(await this.#order({ event })).statusCode;
  }

  /** Lets time pass for it, as if it had been frozen between two invocations. */
  async freeze(frozenMs: number): Promise<void> {
    await this.#order({ frozenMs });
  }

  /** The metrics of `count` requests, as soon as there are so many: one line each, of the stage. */
  samples(count = 1): Promise<EmfLine[]> {
    const ofStage = (line: EmfLine) => dimensionsOf(line)[0]?.join() === 'service,stage';
    return this.#child.until(() => {
      const found = this.emf().filter(ofStage);
      return found.length >= count ? found : undefined;
    }, `${count} samples`);
  }

  /** The first sample of the stage that has this counter, as soon as there is one. */
  sampleWith(counter: string): Promise<EmfLine> {
    return this.#child.until(
      () => this.emf().find((line) => dimensionsOf(line)[0]?.join() === 'service,stage' && counter in line),
      `a sample of ${counter}`,
    );
  }

  emf(): EmfLine[] {
    return jsonLines(this.#child.stdout)
      .map((line) => emfLine.safeParse(line))
      .flatMap(({ data }) => (data === undefined ? [] : [data]));
  }

  /** Its own log lines of a level. */
  logged(level: string): unknown[] {
    const line = z.looseObject({ level: z.literal(level) });
    const all = `${this.#child.stdout}${this.#child.stderr}`;
    return jsonLines(all).filter((candidate) => line.safeParse(candidate).success);
  }

  /** Ends it, and checks what holds whatever happened: its output is metrics and log lines, without content. */
  async end(): Promise<void> {
    this.#child.process.kill();
    await this.#child.exited;
    const { stdout, stderr } = this.#child;
    for (const hidden of [markedText, markedSecret].flatMap((text) => [text, ...inBase64(text)])) {
      expect(stdout).not.toContain(hidden);
      expect(stderr).not.toContain(hidden);
    }
    const lines = [...jsonLines(stdout), ...jsonLines(stderr)];
    expect(this.emf().length + lines.filter(isLogLine).length).toBe(lines.length);
    for (const line of this.emf()) expectProper(line);
  }

  async #order(order: HostOrder): Promise<unknown> {
    const { result, at } = await invokeHost(this.#child, order);
    this.answeredAt = at;
    return result;
  }
}

/** What the process reports next. Rejects when it ends instead. */
export function nextReport(child: Child): Promise<HostReport> {
  return new Promise((resolve, reject) => {
    child.process.once('message', (report: HostReport) => resolve(report));
    child.exited.then(() => reject(new Error(`the function has ended: ${child.stderr}`)), reject);
  });
}

/** Starts the bundled receiver cold, gives it to `use`, and ends it. `env` wins over what finds the fakes. */
export async function withReceiver(
  use: (receiver: LambdaFunction, aws: FakeAws) => Promise<void>,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const aws = await startFakeAws();
  try {
    setSecret(aws, 'shared-1', markedSecret);
    const receiver = await startReceiver(aws, env);
    await use(receiver, aws);
    await receiver.end();
  } finally {
    await aws.close();
  }
}

export function setSecret(aws: FakeAws, id: string, secret: string, app?: string): void {
  const hash = hashSecret(secret).toString('hex');
  setParameter(aws, `drains/secrets/${id}`, app === undefined ? hash : `${hash} ${app}`);
}

export function setParameter(aws: FakeAws, name: string, value: string): void {
  aws.ssm.parameters.set(`/cistern/${stage}/${name}`, { type: 'SecureString', value });
}

let batches = 0;

/** A batch that no other is equal to. */
export function newBatch(): Buffer {
  batches += 1;
  return batch(message(`${markedText} ${batches}`), message(`${markedText} again`));
}

/** The process of a function's bundle with this environment; it is ready when it has imported it. */
export async function hostFunction(name: string, env: Readonly<Record<string, string>>): Promise<Child> {
  return new Child('test/support/lambda-host.ts', [await bundleOf(name)], { ipc: true, env });
}

async function startReceiver(aws: FakeAws, env: Readonly<Record<string, string>>): Promise<LambdaFunction> {
  const child = await hostFunction('receiver', {
    ...aws.env(),
    CISTERN_STAGE: stage,
    CISTERN_BUCKET: aws.s3.bucket,
    CISTERN_QUEUE_URL: aws.sqs.queueUrl,
    CISTERN_DELIVERY: 'direct',
    ...env,
  });
  await nextReport(child);
  return new LambdaFunction(child);
}

export function dimensionsOf({ _aws: { CloudWatchMetrics: metrics } }: EmfLine): string[][] {
  return metrics[0].Dimensions;
}

const units: Readonly<Record<string, string>> = {
  latency: 'Milliseconds',
  bytes: 'Bytes',
  'stored-bytes': 'Bytes',
};

/** A stage's or an app's sample, or that of a secret: each metric has its unit, and each name its value. */
function expectProper(line: EmfLine): void {
  const dimensions = dimensionsOf(line).map((names) => names.join());
  expect(['service,stage', 'service,stage|service,stage,app', 'service,stage,secret']).toContain(
    dimensions.join('|'),
  );
  expect(line).toMatchObject({ service: 'receiver', stage });
  for (const name of dimensions.join().split(',')) expect(line[name]).toEqual(expect.any(String));
  for (const { Name: name, Unit: unit } of line._aws.CloudWatchMetrics[0].Metrics) {
    expect(line[name]).toEqual(expect.any(Number));
    expect(unit).toBe(units[name] ?? 'Count');
  }
}

const logLine = z.looseObject({ level: z.string(), message: z.string(), service: z.literal('receiver') });

function isLogLine(line: unknown): boolean {
  return logLine.safeParse(line).success;
}

function jsonLines(output: string): unknown[] {
  const lines = output.split('\n').filter((line) => line !== '');
  return lines.map((line): unknown => JSON.parse(line));
}

/** What base64 makes of a text, wherever it stands in what is encoded; its ends mix with what is beside them. */
function inBase64(text: string): string[] {
  const shifts = [0, 1, 2];
  return shifts.map((shift) =>
    Buffer.from(' '.repeat(shift) + text)
      .toString('base64')
      .slice(4, -4),
  );
}
