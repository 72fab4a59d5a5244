import { writeWithin } from '../../lib/archive/store/attempts.ts';
import type { CheckedMember } from '../../lib/spool/message.ts';
import type { SpoolStatus } from '../../lib/spool/spool.ts';
import { note } from '../shared/output.ts';
import type { StageSpool } from './target.ts';

/** How a spool is drained. */
export interface SpoolDrain {
  /** Resolves when a member that was set aside is durable again. */
  put(member: CheckedMember): Promise<void>;
  /** Does what the archiver does not do by itself; called at every look. */
  getMoving(status: SpoolStatus): Promise<void>;
  /** What becomes of the rest when the time is over. */
  readonly afterwards: string;
  /** As `awaitDrained` has them. */
  readonly ageLagMs: number;
  readonly looks: number;
  readonly pollMs: number;
}

const putMs = 60_000;
/** CloudWatch tells the largest age of the last ten minutes. */
const ageLagMs = 11 * 60_000;

/** The archiver has the rights to the archive: whoever drains a stage only sends to the queue. */
export function drainOfStage({ target, deadLetters, queue }: StageSpool): SpoolDrain {
  let told = false;
  return {
    put: async (member) => {
      const limits = { budgetMs: putMs, bytes: member.member.length };
      await writeWithin((signal) => queue.put(member, signal), limits);
    },
    getMoving: async ({ deadLetters: given = 0 }) => {
      if (given === 0) return;
      await deadLetters.keepMoving();
      if (!told)
        note(
          `${given.toLocaleString('en')} dead ${given === 1 ? 'letter goes' : 'letters go'} back to the queue.`,
        );
      told = true;
    },
    afterwards: `The archiver goes on without this command; \`cistern watch --once ${target.flags}\` says what is wrong.`,
    ageLagMs,
    looks: 3,
    pollMs: 2_000,
  };
}
