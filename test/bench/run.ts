/**
 * Measures what docs/performance.md promises: `npm run bench -- [--quick] [--only NAME]...`. Prints a table,
 * writes bench.json, and exits with 1 when a limit is missed or a figure could not be measured, with 2 when it
 * was called wrongly.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { acknowledgement, outage } from './acknowledgement.ts';
import { archiver } from './archiver.ts';
import { coldStart } from './cold-start.ts';
import { type Benchmark, type Effort, type Figure, formatTable } from './figure.ts';
import { flat, flatQuick } from './flat.ts';
import { framing } from './framing.ts';
import { largeBatches } from './large-batches.ts';
import { levels } from './levels.ts';
import { installedPackage } from './package.ts';
import { pageDelay } from './page-delay.ts';
import { receiveLarge, receiveSmall } from './receive.ts';
import { recoveryJournal } from './recovery-journal.ts';
import { serveFigures } from './serve.ts';
import { bufferedPuts, recoverySqs } from './spool-scenes.ts';
import { watchDirectory, watchRequests } from './watch.ts';
import { watchManyApps } from './watch-round.ts';

const promised: readonly Benchmark[] = [
  framing,
  receiveSmall,
  receiveLarge,
  coldStart,
  ...serveFigures,
  ...largeBatches,
  watchRequests,
  watchManyApps,
  pageDelay,
  watchDirectory,
  bufferedPuts,
  archiver,
  recoverySqs,
  recoveryJournal,
  acknowledgement,
  outage,
  installedPackage,
];
/** What a run measures when it is not asked for anything else. The table of levels has no limits. */
const usual: Readonly<Record<Effort, readonly Benchmark[]>> = {
  quick: [...promised, flatQuick],
  full: [...promised, flat, levels],
};
const benchmarks: readonly Benchmark[] = [...promised, flatQuick, flat, levels];
const names = namesOf(benchmarks);

interface Options {
  readonly effort: Effort;
  readonly only: readonly string[];
}

function namesOf(chosen: readonly Benchmark[]): string[] {
  return chosen.flatMap(({ figures }) => figures);
}

/** Throws on a wrong call. */
function readOptions(): Options {
  const { values } = parseArgs({
    options: { quick: { type: 'boolean', default: false }, only: { type: 'string', multiple: true } },
  });
  const unknown = values.only?.filter((name) => !names.includes(name)) ?? [];
  if (unknown.length > 0) throw new Error(`no figure is called ${unknown.join(', ')}`);
  const effort = values.quick ? 'quick' : 'full';
  return { effort, only: values.only ?? namesOf(usual[effort]) };
}

function usage(error: unknown): never {
  const message = error instanceof Error ? error.message : String(error);
  console.error(`bench: ${message}\n\nnpm run bench -- [--quick] [--only NAME]...\n\nNAME is one of`);
  for (const name of names) console.error(`  ${name}`);
  process.exit(2);
}

interface Measured {
  readonly figures: readonly Figure[];
  /** Whether every figure could be measured. */
  readonly whole: boolean;
}

/** Where a figure misses its limit all are measured twice more: of three runs the median counts. */
async function settle(benchmark: Benchmark, effort: Effort): Promise<Figure[]> {
  const first = await benchmark.run(effort);
  if (first.every(({ ok }) => ok)) return [...first];
  console.error('  a limit was missed: measuring twice more');
  const runs = [first, await benchmark.run(effort), await benchmark.run(effort)];
  return first.map(({ name }) => medianRun(runs.flat().filter((figure) => figure.name === name)));
}

function medianRun(figures: readonly Figure[]): Figure {
  const middle = figures.toSorted((a, b) => a.value - b.value)[figures.length >> 1];
  if (middle === undefined) throw new Error('a benchmark gave no figure');
  return { ...middle, remark: `median of ${figures.length} runs; ${middle.remark}` };
}

async function measure({ effort, only }: Options): Promise<Measured> {
  const figures: Figure[] = [];
  let whole = true;
  for (const benchmark of benchmarks) {
    const wanted = benchmark.figures.filter((name) => only.includes(name));
    if (wanted.length === 0) continue;
    console.error(`measuring ${wanted.slice(0, 2).join(', ')}${wanted.length > 2 ? ', …' : ''}`);
    try {
      figures.push(...(await settle(benchmark, effort)).filter(({ name }) => wanted.includes(name)));
    } catch (error) {
      console.error(`${wanted.join(', ')} could not be measured:`, error);
      whole = false;
    }
  }
  return { figures, whole };
}

async function main(options: Options): Promise<void> {
  const { figures, whole } = await measure(options);
  console.log(formatTable(figures));
  const rows = figures.map(({ name, value, unit, limit, ok }) => ({ name, value, unit, limit, ok }));
  await writeFile(join(import.meta.dirname, '../../bench.json'), `${JSON.stringify(rows, undefined, 2)}\n`);
  process.exitCode = whole && figures.every(({ ok }) => ok) ? 0 : 1;
}

let options: Options;
try {
  options = readOptions();
} catch (error) {
  usage(error);
}
await main(options);
