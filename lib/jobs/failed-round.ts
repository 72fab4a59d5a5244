import * as z from 'zod';
import { attempt } from '../alerts/deliver.ts';
import { commandLine } from '../base/command-line.ts';
import type { Alert } from '../incidents/alert.ts';
import { type IncidentId, incidentId, parseIncidentId } from '../incidents/incident.ts';
import { type Ledger, LedgerError } from '../ledger/ledger.ts';
import type { Watch } from './watch-round.ts';

/** Where it stands that the watch itself fails: what was told of it, and since when. */
const noteKey = 'reports/jobs/watch-failure.json';
const againMs = 4 * 60 * 60 * 1000;
/** A ledger that is away for a round or two is no reason to wake anybody. */
const awayRounds = 3;
const attemptMs = 5_000;

const noteSchema = z.object({ incident: incidentId, since: z.int().min(0), toldAt: z.int().min(0) });
type Note = z.output<typeof noteSchema>;

export interface FailingWatch extends Pick<Watch, 'channels' | 'rules' | 'log'> {
  readonly ledger: Ledger;
}

/**
 * Tells channels that rounds of the watch fail, without the state that such a round can't make. Where a note can be
 * left in the ledger, once in four hours; else each process counts for itself. Neither method ever rejects.
 */
export class FailedRounds {
  #inARow = 0;
  #note: Note | undefined;

  /** A round threw `error`. `now`: milliseconds since 1970. */
  async failed(watch: FailingWatch, error: unknown, now: number): Promise<void> {
    this.#inARow += 1;
    const isAway = error instanceof LedgerError && error.retry;
    if (isAway && this.#inARow < awayRounds) return;
    const before = this.#note ?? (await readNote(watch));
    this.#note = before;
    if (before !== undefined && now - before.toldAt < againMs) return;
    const note = { incident: idOf(now), since: now, ...before, toldAt: now };
    this.#note = note;
    await tell(watch, {
      ...aboutOf(watch, note, now),
      kind: 'trigger',
      reason: before === undefined ? 'opened' : 'reminder',
      title: `Nothing is watched: the rounds of the watch fail (${error instanceof Error ? error.name : 'unknown error'})`,
      remedy:
        "See the watch's log for what it fails at: until it is mended, nobody is told of silence or loss",
    });
    await writeNote(watch, note);
  }

  /** A round ended as it should. */
  async worked(watch: FailingWatch, now: number): Promise<void> {
    this.#inARow = 0;
    const note = this.#note ?? (await readNote(watch));
    this.#note = undefined;
    if (note === undefined) return;
    await tell(watch, {
      ...aboutOf(watch, note, now),
      kind: 'resolve',
      reason: 'resolved',
      title: 'The watch works again',
      remedy: '',
      lastedMs: Math.max(0, now - note.since),
    });
    await writeNote(watch, undefined);
  }
}

function aboutOf({ rules }: FailingWatch, { incident, since }: Note, now: number) {
  return {
    incident,
    severity: 'P1' as const,
    check: 'jobs' as const,
    subjects: ['watch'],
    apps: [],
    stage: rules.stage,
    environment: rules.environment,
    since,
    at: now,
    command: commandLine('watch --once', rules.target ?? ''),
  };
}

/** To the route of such an incident and its fallback at once: no later round can be relied on to fall back. */
async function tell({ channels, rules, log }: FailingWatch, alert: Alert): Promise<void> {
  const { severity, check, environment } = alert;
  const route = rules.route({ severity, check, environment, apps: [] });
  const names = [...new Set([...route.channels, ...route.fallback])];
  await Promise.all(
    names.map(async (name) => {
      const channel = channels.get(name);
      const { outcome } =
        channel === undefined ? { outcome: 'rejected' } : await attempt(channel, alert, attemptMs);
      if (outcome !== 'accepted')
        log.error('a channel could not be told that the watch fails', { channel: name, outcome });
    }),
  );
}

async function readNote({ ledger }: FailingWatch): Promise<Note | undefined> {
  try {
    const found = await ledger.read(noteKey);
    return found === undefined ? undefined : noteSchema.safeParse(JSON.parse(found.body.toString())).data;
  } catch {
    // Then it is told, rather than not.
    return undefined;
  }
}

async function writeNote({ ledger, log }: FailingWatch, note: Note | undefined): Promise<void> {
  try {
    const before = await ledger.read(noteKey);
    await ledger.replace(noteKey, Buffer.from(JSON.stringify(note ?? {})), before?.version);
  } catch (error) {
    log.warn('what was told of failing rounds could not be noted in the ledger', { error });
  }
}

/** Of the minute, so that a service that merges by id merges what several processes tell. */
function idOf(now: number): IncidentId {
  const digits = new Date(now).toISOString().replaceAll(/\D/g, '');
  const id = parseIncidentId(`inc_${digits.slice(0, 8)}_${digits.slice(8, 12)}_itself`);
  if (id === undefined) throw new Error(`no incident id can be made of the time ${now}`);
  return id;
}
