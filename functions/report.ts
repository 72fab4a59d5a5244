import { createS3Client } from '../lib/archive/s3-store.ts';
import { requireVariables } from '../lib/environment.ts';
import { LedgerIncidents } from '../lib/incidents/ledger-incidents.ts';
import { runJob } from '../lib/job-record.ts';
import { S3Ledger } from '../lib/ledger/s3-ledger.ts';
import { powertoolsLog } from '../lib/powertools-log.ts';
import { weekBefore } from '../lib/reports/week.ts';
import { reportWeek } from '../lib/reports/weekly.ts';

const { CISTERN_LEDGER: bucket } = requireVariables('CISTERN_LEDGER');
const log = powertoolsLog('report');
const ledger = new S3Ledger(createS3Client(), bucket);

/** Runs Monday 08:00 UTC: the digest of the week just ended. To run it again replaces it by the same. */
export async function handler(): Promise<void> {
  const now = Date.now();
  const week = weekBefore(now);
  const work = () => reportWeek({ store: new LedgerIncidents(ledger), ledger }, week, now);
  await runJob(ledger, 'report', work, (error) => log.warn('word of this run could not be left', { error }));
  log.info('a week was reported', { week: week.name });
}
