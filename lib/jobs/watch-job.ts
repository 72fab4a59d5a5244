import { healthy, ping } from '../alerts/heartbeat.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { FailedRounds } from './failed-round.ts';
import { runJob } from './job-record.ts';
import { jobs } from './jobs.ts';
import { type Round, type RoundLimits, runRound, type Watch } from './watch-round.ts';

export interface WatchJob extends Watch {
  readonly ledger: Ledger;
  /** The address of the dead man's switch; undefined when there is none. */
  readonly heartbeat: string | undefined;
  /** Those of the process, unless said. */
  readonly failedRounds?: FailedRounds;
}

/** What a run may take of the job's own time limit: the rest is for the state, the timelines and the switch. */
const limits: RoundLimits = {
  checksMs: (jobs.watch.timeoutSeconds / 2) * 1000,
  deliveryMs: (jobs.watch.timeoutSeconds / 4) * 1000,
};
const pingMs = 5_000;
const ofThisProcess = new FailedRounds();

/**
 * The job `watch`: one round, word of it in the ledger, and a ping of the dead man's switch, which is told of a
 * failure too, as are the channels. Throws what the round throws, for its platform to be loud about it.
 */
export async function runWatchJob(job: WatchJob, signal?: AbortSignal): Promise<Round> {
  const { ledger, heartbeat, log, failedRounds = ofThisProcess, now = Date.now } = job;
  const pingSwitch = async (well: boolean): Promise<void> => {
    if (heartbeat === undefined) return;
    const failure = await ping(heartbeat, well, AbortSignal.timeout(pingMs));
    if (failure !== undefined) log.warn(failure);
  };
  let round: Round;
  try {
    const lost = (error: unknown) => log.warn('word of this run could not be left in the ledger', { error });
    const bounds = signal === undefined ? limits : { ...limits, signal };
    round = await runJob(ledger, 'watch', () => runRound(job, bounds), lost);
  } catch (error) {
    if (signal?.aborted !== true) {
      await Promise.all([pingSwitch(false), failedRounds.failed(job, error, now())]);
    }
    throw error;
  }
  await Promise.all([pingSwitch(healthy(round.state, now())), failedRounds.worked(job, now())]);
  return round;
}
