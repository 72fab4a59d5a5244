import { powertoolsLog } from '../lib/base/aws/powertools-log.ts';
import { requireVariables } from '../lib/base/environment.ts';
import { StageWatch } from '../lib/jobs/aws/stage.ts';
import { runWatchJob } from '../lib/jobs/watch-job.ts';

const environment = requireVariables(
  'CISTERN_STAGE',
  'CISTERN_BUCKET',
  'CISTERN_LEDGER',
  'CISTERN_RECEIVER_FUNCTION',
  'CISTERN_TOPIC_ARN',
  'CISTERN_URGENT_TOPIC_ARN',
  'CISTERN_QUEUE_URL',
  'CISTERN_DEAD_LETTERS_URL',
);
const log = powertoolsLog('watch');
const names = {
  stage: environment.CISTERN_STAGE,
  archiveBucket: environment.CISTERN_BUCKET,
  ledgerBucket: environment.CISTERN_LEDGER,
  receiverFunction: environment.CISTERN_RECEIVER_FUNCTION,
  alertsTopic: environment.CISTERN_TOPIC_ARN,
  urgentTopic: environment.CISTERN_URGENT_TOPIC_ARN,
  spoolQueue: environment.CISTERN_QUEUE_URL,
  spoolDeadLetters: environment.CISTERN_DEAD_LETTERS_URL,
};
const watch = new StageWatch(names, { log, canary: true });

/** Runs every five minutes. That it fails, or does not run at all, pages by alarms that need none of this code. */
export async function handler(): Promise<void> {
  const { events, outcomes } = await runWatchJob(await watch.job());
  for (const { incident, verb } of events) log.info('an incident changed', { incident, verb });
  for (const { id, delivery } of outcomes) {
    if (delivery.outcome !== 'accepted') log.warn('an alert was not delivered', { id, ...delivery });
  }
}
