import * as z from 'zod';
import { checkNames } from '../watch/finding.ts';
import { unsent } from './alert.ts';
import { incidentChecks, incidentEvent, incidentId, severities } from './incident.ts';

/**
 * All that the watch knows between two runs, in one object that is replaced only if unchanged. Whatever is
 * recorded or sent stands here first, so that a run that dies is finished by the next, and doing a step twice
 * does no harm.
 */

const when = z.int().min(0);
const memory = z.record(
  z.string(),
  z.union([z.string(), z.number(), z.boolean(), z.record(z.string(), z.number())]),
);

/** What is known of one subject of one check. */
const subjectState = z.strictObject({
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
  /** Of the present row of bad findings. */
  firstBadAt: when.exactOptional(),
  /** When the trouble began by the check's own account, else the first bad finding. */
  since: when.exactOptional(),
  /** The last bad finding. */
  lastBadAt: when.exactOptional(),
  /** The last finding of any kind. */
  lastSeenAt: when,
  /** The incident that holds it, until that is over. */
  incident: incidentId.exactOptional(),
  memory: memory.exactOptional(),
});

/** An incident that is not over, or was until lately: it may still continue, or have something to repeat. */
const liveIncident = z.strictObject({
  id: incidentId,
  check: z.enum(incidentChecks),
  subjects: z.array(z.string()),
  apps: z.array(z.string()),
  /** The worst that it has been. */
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
  /** The last time that anybody was told (or reminded) that it is there. */
  toldAt: when.exactOptional(),
  escalatedAt: when.exactOptional(),
  /** Whether the resolve was repeated (an hour later). */
  repeated: z.boolean(),
  /** Numbers the watch's own events, and so names them. */
  events: z.int().min(0),
  /** Channels that a trigger was queued for, and whether they accepted one. */
  channels: z.record(z.string(), z.enum(['queued', 'told'])),
});

const mute = z.strictObject({
  /** `all`, `check:<name>` or `app:<name>`. */
  scope: z.string(),
  until: when,
  reason: z.string(),
  by: z.string(),
  at: when,
});

export const state = z.strictObject({
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
