import * as z from 'zod';
import { checkNames } from '../findings/finding.ts';
import { incidentChecks, severities } from '../findings/severity.ts';
import { unsent } from './alert.ts';
import { incidentEvent, incidentId } from './incident.ts';

/**
 * All that the watch knows between two runs, in one object that is replaced only if unchanged. Whatever is
 * recorded or sent stands here first, so that a run that dies is finished by the next, and doing a step twice
 * does no harm.
 *
 * A field that a version of Cistern does not know is passed over, here and in what it holds, so that one may go
 * back to an older version: a field that is added must be optional. Whatever else an older version would
 * misunderstand wants another `version`.
 */

const when = z.int().min(0);
const memory = z.record(
  z.string(),
  z.union([z.string(), z.number(), z.boolean(), z.record(z.string(), z.number())]),
);

/** What is known of one subject of one check. */
export const subjectState = z.object({
  check: z.enum(checkNames),
  subject: z.string(),
  app: z.string().exactOptional(),
  /** Of the last finding. */
  status: z.enum(['ok', 'warning', 'critical', 'unknown', 'skipped']),
  summary: z.string(),
  remedy: z.string(),
  /** Bad findings in a row, and good ones in a row; `unknown` and `skipped` change neither. */
  bad: z.int().min(0),
  good: z.int().min(0),
  /** Findings `unknown` in a row. */
  unknown: z.int().min(0),
  /** The last finding that was counted: two watchers that look at the same moment count once. */
  countedAt: when,
  /** Of the present row of bad findings. */
  firstBadAt: when.exactOptional(),
  /** Of the present row of good findings. */
  firstGoodAt: when.exactOptional(),
  /** When the trouble began by the check's own account, else the first bad finding. */
  since: when.exactOptional(),
  /** The last bad finding. */
  lastBadAt: when.exactOptional(),
  /** The last finding of any kind. */
  lastSeenAt: when,
  /** The incident that holds it, until that is over and can't continue any more. */
  incident: incidentId.exactOptional(),
  /** Its check reports it no longer: it is kept while its incident may continue. */
  gone: z.literal(true).exactOptional(),
  memory: memory.exactOptional(),
});

/** An incident that is not over, or was until lately: it may still continue, or have something to repeat. */
export const liveIncident = z.object({
  id: incidentId,
  check: z.enum(incidentChecks),
  subjects: z.array(z.string()),
  apps: z.array(z.string()),
  /** Config's `stage` and `environment`; of one opened by hand, whatever the person said. */
  service: z.string(),
  environment: z.string(),
  /** The worst that it has been since it opened or opened again. */
  severity: z.enum(severities),
  title: z.string(),
  remedy: z.string(),
  since: when,
  openedAt: when,
  /** The last bad finding of any of its subjects. A repeated one changes this and adds no event. */
  lastBadAt: when,
  lastObject: z.string().exactOptional(),
  acknowledgedUntil: when.exactOptional(),
  mitigatedAt: when.exactOptional(),
  resolvedAt: when.exactOptional(),
  closedAt: when.exactOptional(),
  /** The last time that its route's channels were told that it is there. */
  toldAt: when.exactOptional(),
  /** Nobody was told of the latest turn of it; they are, for this reason, once that is possible. */
  owed: z.enum(['unmuted', 'opened']).exactOptional(),
  /** Since when a page has waited for somebody to acknowledge it; quiet times don't count. */
  waitingSince: when.exactOptional(),
  /** When the route's `escalate` channels were told. */
  escalatedAt: when.exactOptional(),
  /** How many events it has: numbers them, and so names them. */
  events: z.int().min(0),
  lastEventAt: when,
  /** What each channel knows of it. */
  channels: z.record(
    z.string(),
    z.enum([
      /** A trigger is unsent. */
      'queued',
      /** A trigger was cancelled that may have arrived. */
      'maybe',
      /** It accepted a trigger. */
      'told',
      /** It accepted the resolve. */
      'resolved',
      /** The resolve was queued once more, an hour later. */
      'repeated',
    ]),
  ),
});

export const mute = z.object({
  /** `all`, `check:<name>` or `app:<name>`. */
  scope: z.string(),
  until: when,
  reason: z.string(),
  by: z.string(),
  at: when,
});

export const state = z.object({
  version: z.literal(1),
  /** The start of the last run that was stored. */
  ranAt: when.exactOptional(),
  /** By `<check> <subject>`. */
  subjects: z.record(z.string(), subjectState),
  /** Runs in a row in which a check could not look at all, or at most of its subjects. */
  unknownRuns: z.partialRecord(z.enum(checkNames), z.int()),
  incidents: z.record(z.string(), liveIncident),
  mutes: z.array(mute),
  /** Events that have still to be added to their timelines, in order. */
  unrecorded: z.array(incidentEvent),
  /** Alerts that have still to be accepted, in order. */
  unsent: z.array(unsent),
});

export type State = z.output<typeof state>;
export type SubjectState = z.output<typeof subjectState>;
export type LiveIncident = z.output<typeof liveIncident>;
export type Mute = z.output<typeof mute>;

export const emptyState: State = {
  version: 1,
  subjects: {},
  unknownRuns: {},
  incidents: {},
  mutes: [],
  unrecorded: [],
  unsent: [],
};
