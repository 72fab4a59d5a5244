import { messageOf } from '../../base/errors.ts';
import type { Check, Finding, Look } from '../../findings/finding.ts';
import type { IncidentStore } from '../store/incident-store.ts';
import { readRecords } from './records.ts';

export interface RecordsCheckOptions {
  readonly store: IncidentStore;
  /** Where a state was that this run could not understand, and has set aside. */
  readonly setAside?: string;
}

/** Timelines change seldom, and each event is a request: a look every six hours, less what a run may begin early. */
const everyMs = 6 * 60 * 60 * 1000 - 60_000;
const lookBackMs = 30 * 24 * 60 * 60 * 1000;

/** Whether what Cistern keeps of incidents can be understood: the watch's state, and the timelines of 30 days. */
export function recordsCheck(options: RecordsCheckOptions): Check {
  return {
    name: 'records',
    look: async (look) =>
      isDue(options, look) ? [stateFinding(options), await timelinesFinding(options.store, look)] : undefined,
  };
}

/** Until nothing is wrong any more, in every run. */
function isDue({ setAside }: RecordsCheckOptions, look: Look): boolean {
  const last = look.remembered(timelines);
  const lookedAt = last?.['lookedAt'];
  const wasWell = last?.['well'] === true && look.remembered(state)?.['well'] === true;
  return setAside !== undefined || !wasWell || typeof lookedAt !== 'number' || look.now - lookedAt >= everyMs;
}

const state = 'state';
const timelines = 'timelines';

function stateFinding({ setAside }: RecordsCheckOptions): Finding {
  const base = { check: 'records', subject: state } as const;
  if (setAside === undefined) {
    const summary = "The watch's state can be understood";
    return { ...base, status: 'ok', summary, evidence: {}, remedy: '', memory: { well: true } };
  }
  return {
    ...base,
    status: 'critical',
    summary: "What could not be understood of the watch's state is set aside, and forgotten",
    evidence: { key: setAside },
    remedy: 'See who wrote it: a copy is below incidents/set-aside/; close incidents that are over by hand',
    memory: { well: false },
  };
}

async function timelinesFinding(store: IncidentStore, { now }: Look): Promise<Finding> {
  const base = { check: 'records', subject: timelines } as const;
  try {
    const { records, unreadable } = await readRecords(store, { since: now - lookBackMs });
    const memory = { lookedAt: now, well: unreadable.length === 0 };
    const [first] = unreadable;
    if (first === undefined) {
      const summary = `The timelines of ${records.length} incidents can be understood`;
      return { ...base, status: 'ok', summary, evidence: {}, remedy: '', memory };
    }
    return {
      ...base,
      status: 'warning',
      summary:
        unreadable.length === 1
          ? `The timeline of ${first.id} holds events that can't be understood`
          : `${unreadable.length} timelines hold events that can't be understood, the first that of ${first.id}`,
      evidence: { incident: first.id, key: first.keys[0] ?? 'the event that opens it is missing' },
      remedy: `See who wrote it: \`cistern incident show ${first.id}\``,
      memory,
    };
  } catch (error) {
    const why = messageOf(error);
    return {
      ...base,
      status: 'unknown',
      summary: `The timelines can't be read: ${why}`,
      evidence: {},
      remedy: 'See that the watch may list and read incidents/ in the ledger',
    };
  }
}
