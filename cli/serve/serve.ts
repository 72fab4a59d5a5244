import { join } from 'node:path';
import { Command, Option } from 'commander';
import { DirectoryStore } from '../../lib/archive/store/directory/directory-store.ts';
import { StoreError } from '../../lib/archive/store/store.ts';
import { codeOf, messageOf } from '../../lib/base/errors.ts';
import { type Config, parseLocalConfig } from '../../lib/config/config.ts';
import { CachedRegistry } from '../../lib/drains/cached-registry.ts';
import { DirectoryParameters } from '../../lib/drains/directory/directory-parameters.ts';
import { parameterNames } from '../../lib/drains/parameters.ts';
import { jobs } from '../../lib/jobs/jobs.ts';
import { DirectoryLedger } from '../../lib/ledger/directory/directory-ledger.ts';
import type { Counters } from '../../lib/metrics/counters.ts';
import { MemoryCounters } from '../../lib/metrics/memory-counters.ts';
import type { DeliveryMode } from '../../lib/receiver/delivery.ts';
import { ReceiverServer } from '../../lib/receiver/http-server.ts';
import { CliError } from '../shared/errors.ts';
import { keepServedConfig, readConfigFile } from '../shared/target-config.ts';
import {
  forgetEmptyVariables,
  notEmpty,
  parseDelivery,
  parseMinutes,
  parsePort,
  parsePublicUrl,
} from './arguments.ts';
import { announce } from './banner.ts';
import { ServeDelivery } from './delivery.ts';
import { type ServeOutput, serveOutput } from './output.ts';
import { orUnreadable, withListedApps } from './registry.ts';
import { type Archive, openStore } from './store.ts';
import type { ServeWatch } from './watch.ts';

export interface ServeOptions {
  readonly host: string;
  readonly port: number;
  readonly data: string;
  readonly bucket?: string;
  readonly config?: string;
  readonly delivery?: DeliveryMode;
  readonly url?: string;
  readonly watch: number;
}

export function serveCommand(): Command {
  forgetEmptyVariables();
  return new Command('serve')
    .addOption(
      new Option('--host <address>', 'address to listen on')
        .default('127.0.0.1')
        .env('CISTERN_HOST')
        .argParser(notEmpty('--host')),
    )
    .addOption(
      new Option('--port <number>', 'port to listen on; 0 takes a free one')
        .default(8080)
        .env('CISTERN_PORT')
        .argParser(parsePort),
    )
    .addOption(
      new Option('--data <dir>', 'where the archive and the drains are kept')
        .default('./data')
        .env('CISTERN_DATA')
        .argParser(notEmpty('--data')),
    )
    .addOption(
      new Option(
        '--bucket <name>',
        'keep the archive in this bucket instead (AWS_ENDPOINT_URL_S3 for other stores)',
      )
        .env('CISTERN_BUCKET')
        .argParser(notEmpty('--bucket')),
    )
    .addOption(
      new Option('--config <file>', "JSON file that holds cdk.json's `cistern` object").env('CISTERN_CONFIG'),
    )
    .addOption(
      new Option(
        '--delivery <direct|buffered>',
        'store each batch by itself, or spool it and store many in one object (default: as configured, else direct)',
      )
        .env('CISTERN_DELIVERY')
        .argParser(parseDelivery),
    )
    .addOption(
      new Option(
        '--url <url>',
        'where senders reach this server, when that is not its own address (a proxy)',
      ).env('CISTERN_URL'),
    )
    .addOption(
      new Option('--watch <minutes>', 'how often to look whether all is well; 0 never does')
        .default(jobs.watch.everyMinutes)
        .env('CISTERN_WATCH')
        .argParser(parseMinutes),
    )
    .addHelpText('after', help)
    .action((options: ServeOptions) => serve(options));
}

const help = `
The first start makes the data directory and a first secret, and prints the drain URL with it.
Stop it with Ctrl-C: requests under way are answered first, and what is spooled is archived.
What the store does not take waits in <data>/spool, over restarts too.

Examples:
  cistern serve                                        ./data on http://127.0.0.1:8080
  cistern serve --port 0 --data /var/lib/cistern
  cistern serve --delivery buffered
  cistern serve --host 0.0.0.0 --url https://logs.example.com
  AWS_ENDPOINT_URL_S3=http://127.0.0.1:9000 cistern serve --bucket logs`;

async function serve(options: ServeOptions): Promise<void> {
  const config = await chosenConfig(options);
  const publicUrl = options.url === undefined ? undefined : parsePublicUrl(options.url);
  const output = serveOutput(config.delivery);
  const parameters = new DirectoryParameters(options.data);
  // A registry that can't be read ends it before anything is made or listens.
  await parameters.list(parameterNames.drains);
  const store = await openStore(options, output);
  const reader = withListedApps(orUnreadable(parameters, options.data), config);
  // Reading a file is cheap: every refusal is judged by a new reading, so that a secret is good once it is added.
  const registry = new CachedRegistry(reader, output, { cheapToFetch: true });
  const counters = new MemoryCounters();
  const counted = both(output, counters);
  const spooling = new ServeDelivery({
    data: options.data,
    bucket: options.bucket,
    config,
    store,
    counters,
    output,
  });
  const { delivery } = spooling;
  const server = new ReceiverServer({ registry, delivery, counters: counted, log: output });

  let stopped: Promise<void>;
  const port = await listen(server, options);
  try {
    if (store instanceof DirectoryStore) await store.prepare();
    await keepServedConfig(parameters, config);
    // From now on somebody may send, and a stop answers what is under way.
    stopped = stopSignal();
    await announce({ ...options, config, port, publicUrl, parameters, output });
    spooling.start();
  } catch (error) {
    await server.close();
    throw unusable(error, options.data);
  }
  const watch =
    options.watch === 0
      ? undefined
      : await startWatch({ options, config, parameters, store, counters, output });
  await stopped;
  await stop({ server, output, watch, spooling });
}

/** What is configured, and what the command line says instead. */
async function chosenConfig({ config: file, delivery }: ServeOptions): Promise<Config> {
  const config = file === undefined ? parseLocalConfig({}) : await readConfigFile(file);
  return delivery === undefined ? config : { ...config, delivery };
}

interface Watched {
  readonly options: ServeOptions;
  readonly config: Config;
  readonly parameters: DirectoryParameters;
  readonly store: Archive;
  readonly counters: MemoryCounters;
  readonly output: ServeOutput;
}

async function startWatch({ options, parameters, store, ...watched }: Watched): Promise<ServeWatch> {
  // Receiving waits for none of what the watch needs.
  const { ServeWatch } = await import('./watch.ts');
  return new ServeWatch({
    ...watched,
    data: options.data,
    bucket: options.bucket,
    target: {
      parameters,
      openArchive: async () => store,
      openLedger: async () => new DirectoryLedger(join(options.data, 'ledger')),
    },
    startedAt: Date.now(),
    everyMinutes: options.watch,
  });
}

/** What is counted is shown, and remembered for the watch. */
function both(...counters: readonly Counters[]): Counters {
  return {
    record: (sample) => {
      for (const each of counters) each.record(sample);
    },
  };
}

async function listen(server: ReceiverServer, { port, host }: ServeOptions): Promise<number> {
  try {
    return await server.listen(port, host);
  } catch (cause) {
    const code = codeOf(cause);
    if (code === 'ENOTFOUND' || code === 'EADDRNOTAVAIL') {
      throw new CliError(`--host ${host} is no address of this machine (${code}): choose another`, { cause });
    }
    const why = code === 'EADDRINUSE' ? 'is in use' : `can't be listened on (${code ?? messageOf(cause)})`;
    throw new CliError(`port ${port} of ${host} ${why}: choose another with --port, or 0 for a free one`, {
      cause,
    });
  }
}

/** npm passes on the Ctrl-C that the terminal has sent already: one key press arrives twice. */
const samePressMs = 1_000;

interface Running {
  readonly server: ReceiverServer;
  readonly output: ServeOutput;
  readonly watch: ServeWatch | undefined;
  readonly spooling: ServeDelivery;
}

/** Resolves when a signal came. A second one, later, ends the process at once. */
function stopSignal(): Promise<void> {
  const stopped = Promise.withResolvers<void>();
  let stoppedAt: number | undefined;
  const onSignal = () => {
    if (stoppedAt !== undefined && performance.now() - stoppedAt > samePressMs) process.exit(130);
    stoppedAt ??= performance.now();
    stopped.resolve();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  return stopped.promise;
}

/** Ends the process when the last request was answered. */
async function stop({ server, output, watch, spooling }: Running): Promise<void> {
  output.info('stopping: answering what is under way');
  await Promise.all([server.close().then(() => spooling.stop()), watch?.stop()]);
  output.info('stopped');
  // An idle connection to a store would keep the process alive.
  setImmediate(() => process.exit(0));
}

function unusable(error: unknown, data: string): CliError {
  if (error instanceof CliError) return error;
  const why = error instanceof StoreError && error.cause instanceof Error ? error.cause : error;
  return new CliError(
    `the data directory ${data} can't be used: ${messageOf(why)}. Choose another with --data.`,
    { cause: error },
  );
}
