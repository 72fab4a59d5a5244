import { Command, Option } from 'commander';
import { parseConfig } from '../../lib/config/config.ts';
import { assumptions } from '../../lib/cost/assumptions.ts';
import { type CostInput, dominantOf, type Estimate, estimate } from '../../lib/cost/estimate.ts';
import type { DeliveryMode } from '../../lib/cost/objects.ts';
import { billing, priceList } from '../../lib/cost/prices.ts';
import { wholeNumber } from '../shared/arguments.ts';
import { CliError } from '../shared/errors.ts';
import { printJson } from '../shared/output.ts';
import { bytesArgument, countArgument, numberArgument } from '../shared/quantity.ts';
import { addRetentionOptions, lifetimesOf, type RetentionOptions } from '../shared/retention-options.ts';
import { printCost } from './cost-table.ts';

interface Options extends RetentionOptions {
  readonly batches: number;
  readonly messages: number;
  readonly bytes: number;
  readonly delivery?: DeliveryMode;
  readonly apps: number;
  readonly ratio?: number;
  readonly windowSeconds: number;
  readonly json?: true;
}

export function costCommand(): Command {
  const defaults = parseConfig({});
  const { windowSeconds } = defaults.archiver;
  const command = new Command('cost')
    .requiredOption('--batches <n>', 'batches a month', countArgument('--batches'))
    .requiredOption('--messages <n>', 'messages a month', countArgument('--messages'))
    .requiredOption('--bytes <n>', 'raw bytes a month', bytesArgument('--bytes'))
    .addOption(
      new Option('--delivery <how>', 'direct or buffered (default: both, side by side)').choices([
        'direct',
        'buffered',
      ]),
    )
    .option('--apps <n>', 'apps that share the batches', wholeNumber('--apps', 1, 10_000), 1)
    .option(
      '--ratio <n>',
      `raw bytes for each stored byte, as \`cistern usage\` shows (default: router lines, ${assumptions.ratio})`,
      numberArgument('--ratio', 0.1, 1_000),
    )
    .option(
      '--window-seconds <n>',
      'how long an archiver collects, as archiver.windowSeconds',
      wholeNumber('--window-seconds', 1, 300),
      windowSeconds,
    );
  const { retentionDays, infrequentAccessDays } = defaults;
  addRetentionOptions(command, [String(retentionDays), String(infrequentAccessDays)]);
  return command
    .option('--json', 'everything, as one JSON object')
    .addHelpText('after', help)
    .action((options: Options) => cost(options, defaults));
}

const help = `
All numbers are of a month of 30 days. They take the suffixes k, M and G; bytes also kB, MB, GB, TB and KiB, MiB,
GiB, TiB. Prices are AWS's list prices of ${priceList.region} (${priceList.asOf}), without free tiers; storage is that of a stage
which has run for as long as it keeps its objects. docs/cost.md says how it counts.

Exit codes: 0 printed, 2 bad input.

Examples:
  cistern cost --batches 1M --messages 400M --bytes 100GB --apps 5
  cistern cost --batches 1M --messages 400M --bytes 100GB --delivery buffered --window-seconds 300
  cistern cost --batches 20M --messages 2G --bytes 1TB --retention-days 365 --infrequent-access-days never`;

/** What a function URL takes (docs/architecture.md), in bytes of a batch. */
const maxBatchBytes = 4_500_000;
/** What Logplex puts into a batch, and the loss notice in front. */
const maxBatchMessages = 1_025;

function cost(options: Options, defaults: ReturnType<typeof parseConfig>): void {
  refuseImpossible(options);
  const { batches, bytes, apps, ratio, windowSeconds } = options;
  const common = {
    ...lifetimesOf(options, defaults),
    batches,
    bytes,
    apps,
    windowSeconds,
    concurrency: defaults.archiver.concurrency,
    ...(ratio === undefined ? {} : { ratio }),
  } satisfies Omit<CostInput, 'delivery'>;
  const deliveries = options.delivery === undefined ? (['direct', 'buffered'] as const) : [options.delivery];
  const estimates = deliveries.map((delivery) => estimate({ ...common, delivery }));
  const month = { ...common, messages: options.messages };
  if (options.json === true) {
    printJson({ prices: priceList, billing, month, assumptions, estimates: estimates.map(jsonOf) });
  } else printCost(month, estimates);
}

function jsonOf({ delivery, objects, storedBytes, lines, total, ...rest }: Estimate) {
  return { delivery, objects, storedBytes, total, dominant: dominantOf({ lines })?.name, lines, ...rest };
}

/** Refuses what can't be a month of batches: most likely one of the numbers is of a day. Throws {@link CliError}. */
function refuseImpossible({ batches, messages, bytes, apps }: Options): void {
  if (messages > batches * maxBatchMessages) {
    throw new CliError(
      `--messages ${messages} in --batches ${batches}: Logplex puts at most 1,024 into a batch; give both for a month.`,
    );
  }
  if (bytes > batches * maxBatchBytes) {
    throw new CliError(
      `--bytes ${bytes} in --batches ${batches}: a batch has at most ${maxBatchBytes} bytes; give both for a month.`,
    );
  }
  if (bytes < messages) {
    throw new CliError(`--bytes ${bytes} for --messages ${messages}: less than a byte a message.`);
  }
  if (apps > batches) throw new CliError(`--apps ${apps}: there are fewer batches (${batches}).`);
}
