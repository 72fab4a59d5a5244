import type { Check, Finding, Look, Memory } from '../../../findings/finding.ts';
import { deadLetterDays, queueDays } from '../../../spool/queue.ts';
import { pageAfterMs, type SpoolReader, type SpoolStatus } from '../../../spool/spool.ts';

export interface SpoolSettings {
  readonly spool: SpoolReader;
  /** How long the archiver gathers members before it stores them: so long they wait when all is well. */
  readonly windowMs: number;
}

const minuteMs = 60_000;
/** Besides the archiver's window: an outage of two minutes, and coming back from it, is nobody's business. */
const warnAfterMs = 5 * minuteMs;

/**
 * Whether what was spooled gets into the archive: how long it has waited, and whether any of it was given up.
 * Rejects when the spool can't be looked at: then nothing is known of either.
 */
export function spoolCheck({ spool, windowMs }: SpoolSettings): Check {
  return {
    name: 'spool',
    async look(look) {
      const status = await spool.status(look.signal);
      const age = judgeAge(status, windowMs, look);
      return status.deadLetters === undefined ? [age] : [age, judgeDeadLetters(status.deadLetters)];
    },
  };
}

function judgeAge(status: SpoolStatus, windowMs: number, look: Look): Finding {
  const { waiting, underWay } = status;
  const count = waiting + underWay;
  if (count === 0) return finding('age', { status: 'ok', summary: 'Nothing waits in the spool', memory: {} });
  const { ms, exact, memory } = ageOf(status, look);
  const about = {
    summary: `${batches(count)} in the spool, ${exact ? 'the oldest' : 'one'} for ${exact ? '' : 'at least '}${duration(ms)}`,
    evidence: {
      waiting,
      underWay,
      oldestSeconds: Math.round(ms / 1000),
      ...(exact ? {} : { measured: false }),
    },
    memory,
  };
  if (ms < Math.min(windowMs + warnAfterMs, pageAfterMs)) return finding('age', { status: 'ok', ...about });
  return finding('age', {
    status: ms < pageAfterMs ? 'warning' : 'critical',
    ...about,
    remedy: `See in the archiver's log why the archive does not take them, and mend that: they are safe, on AWS for ${queueDays} days`,
    since: look.now - ms,
  });
}

interface Age {
  readonly ms: number;
  /** False where it is at least so much. */
  readonly exact: boolean;
  readonly memory: Memory;
}

/**
 * Of what nobody has measured (the archiver does not run, or CloudWatch is late), the age is the time for which
 * that was so.
 */
function ageOf({ oldestMs }: SpoolStatus, look: Look): Age {
  if (oldestMs !== undefined) return { ms: oldestMs, exact: true, memory: {} };
  const remembered = look.remembered('age')?.['unmeasuredSince'];
  const unmeasuredSince = typeof remembered === 'number' ? remembered : look.now;
  return { ms: Math.max(0, look.now - unmeasuredSince), exact: false, memory: { unmeasuredSince } };
}

function judgeDeadLetters(count: number): Finding {
  if (count === 0)
    return finding('dead-letters', { status: 'ok', summary: 'The spool has given up nothing' });
  return finding('dead-letters', {
    status: 'critical',
    summary: `${count.toLocaleString('en')} ${count === 1 ? 'batch was' : 'batches were'} given up after too many tries, and ${count === 1 ? 'waits' : 'wait'} among the dead letters`,
    evidence: { deadLetters: count },
    remedy: `Mend what the archiver fails at (its log says), then run \`cistern spool drain\`: they are kept for ${deadLetterDays} days from when they were sent`,
  });
}

function finding(
  subject: 'age' | 'dead-letters',
  rest: Pick<Finding, 'status' | 'summary'> & Partial<Finding>,
): Finding {
  return { check: 'spool', subject, evidence: {}, remedy: '', ...rest };
}

function batches(count: number): string {
  return `${count.toLocaleString('en')} ${count === 1 ? 'batch waits' : 'batches wait'}`;
}

function duration(ms: number): string {
  if (ms < 2 * minuteMs) return `${Math.round(ms / 1000)} s`;
  const minutes = Math.floor(ms / minuteMs);
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h`;
}
