import { Command } from 'commander';
import { batchesOf, maxBatchMessages } from '../../lib/logplex/batching.ts';
import type { DrainToken } from '../../lib/logplex/drain-token.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { tokenArgument, wholeNumber } from '../shared/arguments.ts';
import { CliError, exitCodes } from '../shared/errors.ts';
import { count, formatBytes, print, printJson, warn } from '../shared/output.ts';
import { type Input, openInput } from './messages.ts';
import { type Outcome, Poster } from './post.ts';
import { Progress } from './progress.ts';
import { type Summary, Tally } from './tally.ts';
import { type SendUrl, sendUrlArgument, tokenOf } from './url.ts';

interface Options {
  readonly token?: DrainToken;
  readonly connections: number;
  readonly batchSize: number;
  readonly json?: true;
}

export function sendCommand(): Command {
  return new Command('send')
    .argument('<url>', 'drain URL with its secret, see `cistern drain url`', sendUrlArgument)
    .argument('[file]', 'file to send; `-` or nothing for stdin', '-')
    .option('--token <token>', 'drain token to send as (default: one made from the URL)', tokenArgument)
    .option(
      '--connections <n>',
      'connections, each with one batch under way',
      wholeNumber('--connections', 1, 1000),
      1,
    )
    .option(
      '--batch-size <n>',
      'messages in a batch, at most',
      wholeNumber('--batch-size', 1, maxBatchMessages),
      maxBatchMessages,
    )
    .option('--json', 'print the summary as JSON')
    .addHelpText(
      'after',
      `
Every line becomes a message of \`app[send.1]\` with the time of now; lines over 10,000 bytes are split. A batch
gets three tries with Logplex's timeouts; a 4xx other than 429 is final. When the very first batch fails, the
rest is not sent. Exit codes: 0 all acknowledged, 1 not all, 2 bad URL or file.

Examples:
  cistern send "$(cistern drain url my-app)" app.log
  echo hello | cistern send "$(cistern drain url my-app)"
  tail -f app.log | cistern send "$(cistern drain url my-app)"
  cistern send "$(cistern drain url my-app)" big.log --connections 8 --json`,
    )
    .action(send);
}

/** Nothing has been acknowledged yet, and a batch is given up: a wrong URL, or nobody there. */
const hopeless = 'hopeless';
const interrupted = 'interrupted';

async function send(to: SendUrl, file: string, options: Options): Promise<void> {
  const input = await openInput(file);
  const stop = new AbortController();
  const interrupt = (): void => stop.abort(interrupted);
  process.once('SIGINT', interrupt);
  const poster = new Poster({
    to,
    token: options.token ?? tokenOf(to),
    connections: options.connections,
    userAgent: `Logplex/cistern-${packageJson.version}`,
  });
  const tally = new Tally();
  try {
    await sendAll(input, poster, tally, stop, options);
  } finally {
    poster.close();
    process.removeListener('SIGINT', interrupt);
  }
  const summary = { ...tally.summary(), complete: !stop.signal.aborted };
  if (options.json) printJson(summary);
  else print(describe(summary));
  throwUnlessAcknowledged(summary, stop.signal.reason);
}

async function sendAll(
  input: Input,
  poster: Poster,
  tally: Tally,
  stop: AbortController,
  { connections, batchSize }: Options,
): Promise<void> {
  const progress = new Progress(input.size);
  let read = 0;
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for await (const chunk of input.read(stop.signal)) {
      read += chunk.length;
      yield chunk;
    }
  }
  const batches = batchesOf(chunks(), { maxMessages: batchSize });
  // Every connection takes its next batch from the one generator, which hands each out once.
  async function connection(): Promise<void> {
    for await (const batch of batches) {
      if (stop.signal.reason === hopeless) return;
      const outcome = await poster.post(batch);
      if (tally.add(batch, outcome)) {
        progress.clear();
        warn(describeFailure(outcome));
      }
      if (tally.acknowledged === 0) stop.abort(hopeless);
      progress.update(read, tally.messages);
    }
  }
  try {
    await Promise.all(Array.from({ length: connections }, connection));
  } finally {
    progress.clear();
  }
}

function describeFailure(outcome: Outcome): string {
  if (outcome.result === 'acknowledged') return '';
  const { result, reason, tries } = outcome;
  if (result === 'undelivered') return `a batch is not delivered after ${tries} tries: ${reason}.`;
  const remedy = reason.endsWith('401')
    ? ' The secret in the URL is not live: `cistern drain list`.'
    : ' Is it the URL of a receiver?';
  return `a batch is refused: ${reason}, after which Logplex drops it for good.${remedy}`;
}

function describe(summary: Summary): string {
  const { batches, messages, bytes, acknowledged, retried, seconds, p50Ms, p99Ms } = summary;
  if (batches === 0) return 'nothing to send';
  const latency =
    p50Ms === null || p99Ms === null ? '' : `, p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms`;
  return [
    `${count(messages, 'message')} in ${count(batches, 'batch')}, ${formatBytes(bytes)}: `,
    acknowledged === batches ? 'all acknowledged' : `${count(acknowledged, 'batch')} acknowledged`,
    ` in ${seconds.toFixed(2)} s${latency}`,
    retried === 0 ? '' : `; ${count(retried, 'retry')}`,
  ].join('');
}

function throwUnlessAcknowledged({ refused, undelivered, reasons }: Summary, stopped: unknown): void {
  const rest = stopped === undefined ? '' : ' The rest was not sent.';
  if (refused + undelivered > 0) {
    const why = Object.entries(reasons).map(([reason, batches]) => `${batches} × ${reason}`);
    throw new CliError(
      `not everything is acknowledged: ${count(refused, 'batch')} refused, ${undelivered} undelivered (${why.join(', ')}).${rest}`,
      { exitCode: exitCodes.failed },
    );
  }
  if (stopped === interrupted) throw new CliError(`interrupted.${rest}`, { exitCode: exitCodes.failed });
}
