import { Command } from 'commander';
import type { IncidentId } from '../../lib/incidents/incident.ts';
import { isOver } from '../../lib/incidents/records/record.ts';
import { type Records, readRecord, readRecords } from '../../lib/incidents/records/records.ts';
import { UnreadableError } from '../../lib/incidents/store/incident-store.ts';
import { CliError, exitCodes } from '../shared/errors.ts';
import { note, warn } from '../shared/output.ts';
import { addRangeOptions, type RangeOptions, rangeOf } from '../shared/time-range.ts';
import {
  addReadOptions,
  type Incidents,
  idArgument,
  openIncidents,
  type ReadOptions,
  requireRecord,
  warnUnreadable,
} from './target.ts';
import { jsonOf, printIncident, printIncidents, printRecordJson, shortJsonOf } from './words.ts';

interface ListOptions extends ReadOptions, RangeOptions {
  readonly open?: true;
}

const usualMs = 30 * 24 * 60 * 60 * 1000;

export function listCommand(): Command {
  const command = new Command('list')
    .description('list incidents: those of the last 30 days, and older ones that are open')
    .option('--open', 'only those that are not over');
  return addReadOptions(addRangeOptions(command, 'opened', '30d'))
    .addHelpText(
      'after',
      `
Examples:
  cistern incident list --open
  cistern incident list --since 2026-11-01 --json | jq '.incidents[] | select(.severity == "P1") | .id'`,
    )
    .action(list);
}

async function list(options: ListOptions): Promise<void> {
  const now = Date.now();
  const range = rangeOf(options, now, usualMs);
  const incidents = await openIncidents(options);
  const recent = await readRecords(incidents.store, range);
  const older = options.since === undefined ? await olderOpen(incidents, recent) : none;
  const unreadable = [...older.unreadable, ...recent.unreadable];
  warnUnreadable({ unreadable });
  const found = [...older.records, ...recent.records]
    .filter(({ openedAt }) => range.until === undefined || openedAt < range.until)
    .filter((incident) => options.open !== true || !isOver(incident));
  if (options.json) {
    printRecordJson({ incidents: found.map((each) => shortJsonOf(each, now)), unreadable });
  } else if (found.length === 0) {
    note(`no ${options.open ? 'open incident' : 'incident'} in ${incidents.target.describe}`);
  } else printIncidents(found.toReversed(), now);
}

const none: Records = { records: [], unreadable: [] };

/** Those that the watch holds and that are not among the recent ones. */
async function olderOpen({ store }: Incidents, { records, unreadable }: Records): Promise<Records> {
  const known = new Set([...records, ...unreadable].map(({ id }) => id));
  const held = Object.values((await stateOf(store))?.incidents ?? {})
    .map(({ id }) => id)
    .filter((id) => !known.has(id))
    .sort();
  const read = await Promise.all(held.map((id) => readRecord(store, id)));
  return {
    records: read.flatMap(({ record }) => (record === undefined || isOver(record) ? [] : record)),
    unreadable: read.flatMap(({ unreadable: damaged }) => damaged ?? []),
  };
}

async function stateOf(store: Incidents['store']) {
  try {
    return (await store.readState())?.state;
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    warn(`${error.message}; open incidents of more than 30 days ago may be missing`);
    return undefined;
  }
}

interface ShowOptions extends ReadOptions {
  readonly artifact?: string;
}

export function showCommand(): Command {
  return addReadOptions(
    new Command('show')
      .description('show an incident and its timeline, or print one of its artifacts')
      .argument('<incident>', 'its id', idArgument)
      .option('--artifact <name>', 'print this artifact instead, byte for byte'),
  )
    .addHelpText(
      'after',
      `
Examples:
  cistern incident show inc_20260131_0915_k3f9qa
  cistern incident show inc_20260131_0915_k3f9qa --artifact postmortem.md`,
    )
    .action(async (id: IncidentId, options: ShowOptions) => {
      const incidents = await openIncidents(options);
      if (options.artifact !== undefined) return printArtifact(incidents, id, options.artifact);
      const incident = await requireRecord(incidents, id);
      const now = Date.now();
      if (options.json) printRecordJson(jsonOf(incident, now));
      else printIncident(incident, now);
    });
}

async function printArtifact({ store }: Incidents, id: IncidentId, name: string): Promise<void> {
  const body = await store.readArtifact(id, name);
  if (body === undefined) {
    const names = (await store.artifacts(id)).join(', ') || 'none';
    throw new CliError(`${id} has no artifact ${name}; it has: ${names}.`, { exitCode: exitCodes.badInput });
  }
  process.stdout.write(body);
}
