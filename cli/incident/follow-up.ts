import { Command } from 'commander';
import { messageOf } from '../../lib/base/errors.ts';
import { duration } from '../../lib/base/text.ts';
import { parseAppName } from '../../lib/drains/app-name.ts';
import { handEvent } from '../../lib/incidents/hand-event.ts';
import type { IncidentId } from '../../lib/incidents/incident.ts';
import { type ArchivedHour, ArchiveImpact } from '../../lib/incidents/records/archive-impact.ts';
import { type Correlation, correlate, correlationWindowMs } from '../../lib/incidents/records/correlate.ts';
import { type Impact, impactWindow, postmortem } from '../../lib/incidents/records/postmortem.ts';
import type { Incident } from '../../lib/incidents/records/record.ts';
import { readRecords } from '../../lib/incidents/records/records.ts';
import { digestMarkdown } from '../../lib/reports/digest-markdown.ts';
import { parseWeek, type Week, weekBefore } from '../../lib/reports/week.ts';
import { digestKeys, digestOf, reportWeek } from '../../lib/reports/weekly.ts';
import { note, printTable, warn } from '../shared/output.ts';
import { attach } from './note.ts';
import {
  addNoteOptions,
  addReadOptions,
  byHand,
  type ChangeOptions,
  type Incidents,
  idArgument,
  openIncidents,
  type ReadOptions,
  requireRecord,
  warnUnreadable,
} from './target.ts';
import { plain, printRecordJson, shortJsonOf } from './words.ts';

/** What is written about incidents afterwards. */

interface PostmortemOptions extends ChangeOptions {
  readonly dryRun?: true;
}

export function postmortemCommand(): Command {
  return addNoteOptions(
    new Command('postmortem')
      .description('draft a postmortem in Markdown, print it and keep it with the incident')
      .argument('<incident>', 'its id', idArgument)
      .option('--dry-run', 'print it only'),
  )
    .addHelpText(
      'after',
      `
It has the timeline, the durations, what the archive holds of the hours around it, and open follow-ups; causes
are for people to find. It is kept as postmortem.md, further drafts as postmortem-2.md and so on.

Examples:
  cistern incident postmortem inc_20260131_0915_k3f9qa > postmortem.md`,
    )
    .action(async (id: IncidentId, options: PostmortemOptions) => {
      const incidents = await openIncidents(options);
      const incident = await requireRecord(incidents, id);
      const now = Date.now();
      const draft = postmortem(incident, await impactOf(incidents, incident, now), now);
      const name = options.dryRun ? undefined : await keep(incidents, incident, draft, options);
      if (options.json) printRecordJson({ incident: id, artifact: name ?? null, markdown: draft });
      else process.stdout.write(draft);
      if (name !== undefined) note(`kept as ${name} with ${id}`);
    });
}

async function keep(
  incidents: Incidents,
  incident: Incident,
  draft: string,
  options: ChangeOptions,
): Promise<string> {
  const taken = new Set(await incidents.store.artifacts(incident.id));
  let name = 'postmortem.md';
  for (let n = 2; taken.has(name); n += 1) name = `postmortem-${n}.md`;
  await attach(incidents, incident, name, Buffer.from(draft), byHand(options));
  return name;
}

const mostApps = 10;

/** Goes without the archive where it can't be read: the rest of the draft is worth having. */
async function impactOf({ target }: Incidents, incident: Incident, now: number): Promise<Impact> {
  const impact = new Map<string, readonly ArchivedHour[]>();
  const apps = incident.apps.flatMap((app) => parseAppName(app) ?? []);
  if (apps.length > mostApps) warn(`the archive is asked for the first ${mostApps} of ${apps.length} apps`);
  try {
    const reader = new ArchiveImpact(await target.openArchive());
    for (const app of apps.slice(0, mostApps)) {
      impact.set(app, await reader.hours(app, impactWindow(incident, now)));
    }
  } catch (error) {
    warn(`the archive can't say what was stored: ${messageOf(error)}`);
  }
  return impact;
}

interface CorrelateOptions extends ChangeOptions {
  readonly appendNote?: true;
}

export function correlateCommand(): Command {
  return addNoteOptions(
    new Command('correlate')
      .description('list others that were open within 30 minutes of it, of the same check or app')
      .argument('<incident>', 'its id', idArgument)
      .option('--append-note', "write what is found onto the incident's timeline"),
  )
    .addHelpText(
      'after',
      `
Examples:
  cistern incident correlate inc_20260131_0915_k3f9qa --append-note`,
    )
    .action(async (id: IncidentId, options: CorrelateOptions) => {
      const incidents = await openIncidents(options);
      const incident = await requireRecord(incidents, id);
      const others = await readRecords(incidents.store, { until: incident.openedAt + correlationWindowMs });
      warnUnreadable(others);
      const found = correlate(incident, others.records);
      printCorrelations(found, options);
      if (options.appendNote !== true || found.length === 0) return;
      const text = `May have to do with: ${found.map(inWords).join('; ')}`;
      await incidents.store.append(handEvent(id, { verb: 'noted', text }, byHand(options)));
      note(`noted on ${id}`);
    });
}

function printCorrelations(found: readonly Correlation[], { json }: ReadOptions): void {
  if (json) {
    const now = Date.now();
    printRecordJson(
      found.map(({ incident, shared, after }) => ({
        incident: shortJsonOf(incident, now),
        shared,
        afterMs: after,
      })),
    );
  } else if (found.length === 0)
    note('nothing else was open within 30 minutes that shares its check or an app');
  else {
    printTable(
      ['INCIDENT', 'OPENED', 'SHARED', 'WHAT'],
      found.map(({ incident, shared, after }) => [
        incident.id,
        apart(after),
        shared.join(', '),
        plain(incident.title),
      ]),
    );
  }
}

function inWords({ incident, shared, after }: Correlation): string {
  return `${incident.id} (${shared.join(', ')}, opened ${apart(after)})`;
}

function apart(after: number): string {
  if (after === 0) return 'at the same time';
  return after < 0 ? `${duration(-after)} before` : `${duration(after)} after`;
}

interface DigestOptions extends ReadOptions {
  readonly week?: Week;
  readonly dryRun?: true;
}

export function digestCommand(): Command {
  return addReadOptions(
    new Command('digest')
      .description('report a week of incidents, print it and keep it in the ledger')
      .option(
        '--week <YYYY-Www>',
        'ISO week, Monday to Sunday, UTC (default: the week just ended)',
        parseWeek,
      )
      .option('--dry-run', 'print it only'),
  )
    .addHelpText(
      'after',
      `
Every Monday at 08:00 UTC the week just ended is reported by itself. Reporting a week again gives the same
report. A week that is not over is printed as far as it went, and not kept.

Examples:
  cistern incident digest
  cistern incident digest --week 2026-W05 --json | jq .toResolve.median`,
    )
    .action(async (options: DigestOptions) => {
      const { store, ledger } = await openIncidents(options);
      const now = Date.now();
      const week = options.week ?? weekBefore(now);
      const over = week.to <= now;
      const isKept = over && options.dryRun !== true;
      const digest = isKept
        ? await reportWeek({ store, ledger }, week, now)
        : await digestOf(store, week, now);
      if (options.json) printRecordJson(digest);
      else process.stdout.write(digestMarkdown(digest));
      if (!over) note(`${week.name} is not over yet: this is what there is so far`);
      if (isKept) note(`kept in the ledger as ${digestKeys(week).json} and .md`);
    });
}
