import * as z from 'zod';
import { incidentChecks, severities } from '../findings/severity.ts';
import { incidentId } from './incident.ts';

const when = z.int().min(0);

/**
 * What a channel is told: all that a person needs who has nothing else at hand. A trigger opens the page, or
 * tells of it again (escalated, reopened, a reminder); a channel joins what has the same incident.
 */
export const alert = z.object({
  kind: z.enum(['trigger', 'acknowledge', 'resolve']),
  /** Why it is sent: `opened`, `escalated`, `reopened`, `reminder`, `unmuted`, `fallback`, `unacknowledged`, `acknowledged`, `resolved`, `mitigated`, `closed`, `repeated`, `test`. */
  reason: z.string(),
  incident: incidentId,
  severity: z.enum(severities),
  check: z.enum(incidentChecks),
  subjects: z.array(z.string()),
  apps: z.array(z.string()),
  stage: z.string(),
  environment: z.string(),
  /** One line: what is wrong, or was. */
  title: z.string(),
  /** What to do. */
  remedy: z.string(),
  /** When the trouble began, milliseconds since 1970. */
  since: when,
  /** When this happened. */
  at: when,
  /** The key of the last object, where the finding knows one. */
  lastObject: z.string().exactOptional(),
  /** The next command to run. */
  command: z.string(),
  /** Whom to ask about the app. */
  contact: z.string().exactOptional(),
  runbookUrl: z.string().exactOptional(),
  /** How long it lasted: of a recovery only. */
  lastedMs: z.int().exactOptional(),
  /** A marked test: not an incident. */
  test: z.literal(true).exactOptional(),
});

export type Alert = z.output<typeof alert>;

/** An alert that a channel has still to accept. */
export const unsent = z.object({
  /** `<incident>/<event or occasion>/<channel>`: the same one is never queued twice. */
  id: z.string(),
  /** The channel's name in the configuration. */
  channel: z.string(),
  alert,
  queuedAt: when,
  attempts: z.int().min(0),
  /** An attempt may have reached the channel without our knowing: its page may be open. */
  mayHaveArrived: z.boolean(),
  /** What the last attempt met, without any secret. */
  lastError: z.string().exactOptional(),
  /** The last attempt was rejected: somebody has to mend the channel. */
  rejected: z.literal(true).exactOptional(),
  /** Set before a run attempts it. Found by a later run: what became of that attempt is not known. */
  attempting: z.literal(true).exactOptional(),
  /** Set once it was handed to the route's fallback as well. */
  fellBack: z.literal(true).exactOptional(),
});

export type Unsent = z.output<typeof unsent>;

/** What became of one attempt to give an alert to a channel. */
export type Delivery =
  | { readonly outcome: 'accepted' }
  | {
      /** Worth another attempt: not reached, too slow, 5xx, 429. */
      readonly outcome: 'retry';
      readonly error: string;
      /** The channel may have taken it although it did not say so. */
      readonly mayHaveArrived: boolean;
      /** It asked to be left alone: the rest for this channel waits for the next run. */
      readonly busy: boolean;
    }
  | {
      /** The same attempt will fail again until somebody mends it: a wrong key, an address that is gone. */
      readonly outcome: 'rejected';
      readonly error: string;
    };
