import * as z from 'zod';
import { incidentChecks, severities } from '../findings/severity.ts';

/** `inc_YYYYMMDD_HHMM_<rand>`, UTC, the minute at which it was opened. */
export type IncidentId = string & { readonly __brand: 'IncidentId' };

const idPattern = /^inc_\d{8}_\d{4}_[a-z0-9]{6}$/;

export function parseIncidentId(text: string): IncidentId | undefined {
  return idPattern.test(text) ? (text as IncidentId) : undefined;
}

export const incidentId = z.custom<IncidentId>(
  (value) => typeof value === 'string' && parseIncidentId(value) !== undefined,
  { error: 'must be an incident id such as inc_20260131_0915_k3f9qa' },
);

const when = z.int().min(0);
/** What is wrong by now, and what to do: absent where an event was written before it held them. */
const present = { title: z.string().exactOptional(), remedy: z.string().exactOptional() };
const evidence = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

const common = {
  /** Unique within the incident; the watch's own derive from its state, so that writing them twice is harmless. */
  id: z.string().regex(/^[a-z0-9-]{1,64}$/),
  incident: incidentId,
  /** Milliseconds since 1970. */
  at: when,
  /** `watch`, or who did it by hand. */
  by: z.string(),
};

/** All that can happen to an incident: one typed event a verb. */
export const incidentEvent = z.discriminatedUnion('verb', [
  z.object({
    ...common,
    verb: z.literal('opened'),
    check: z.enum(incidentChecks),
    subjects: z.array(z.string()),
    apps: z.array(z.string()),
    severity: z.enum(severities),
    /** One line: what is wrong. */
    title: z.string(),
    remedy: z.string(),
    /** When the trouble began, at the latest `at`. */
    since: when,
    /** Which deployment: config's `stage` and `environment`. By hand, whatever the person says. */
    service: z.string(),
    environment: z.string(),
    evidence,
  }),
  z.object({
    ...common,
    verb: z.literal('escalated'),
    from: z.enum(severities),
    to: z.enum(severities),
    reason: z.string(),
    ...present,
  }),
  z.object({
    ...common,
    verb: z.literal('widened'),
    subjects: z.array(z.string()),
    apps: z.array(z.string()),
  }),
  z.object({ ...common, verb: z.literal('noted'), text: z.string() }),
  z.object({ ...common, verb: z.literal('acknowledged'), until: when }),
  z.object({ ...common, verb: z.literal('muted'), scope: z.string(), until: when, reason: z.string() }),
  z.object({
    ...common,
    verb: z.literal('follow-up-added'),
    followUp: z.string(),
    text: z.string(),
    owner: z.string(),
    /** A day, `YYYY-MM-DD`: overdue from the next day on, UTC. */
    due: z.iso.date(),
  }),
  z.object({ ...common, verb: z.literal('follow-up-done'), followUp: z.string() }),
  z.object({
    ...common,
    verb: z.literal('artifact-attached'),
    name: z.string(),
    bytes: z.int(),
    sha256: z.string(),
  }),
  z.object({ ...common, verb: z.literal('mitigated'), reason: z.string() }),
  z.object({ ...common, verb: z.literal('resolved'), reason: z.string() }),
  z.object({
    ...common,
    verb: z.literal('reopened'),
    reason: z.string(),
    severity: z.enum(severities),
    ...present,
  }),
  z.object({ ...common, verb: z.literal('closed'), reason: z.string() }),
]);

export type IncidentEvent = z.output<typeof incidentEvent>;
export type Verb = IncidentEvent['verb'];
export type EventOf<V extends Verb> = Extract<IncidentEvent, { verb: V }>;

export type IncidentStatus = 'open' | 'acknowledged' | 'mitigated' | 'resolved' | 'closed';
