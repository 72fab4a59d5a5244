import { createS3Client } from '../lib/archive/s3-store.ts';
import { requireVariables } from '../lib/environment.ts';
import { S3Ledger } from '../lib/ledger/s3-ledger.ts';
import { powertoolsLog } from '../lib/powertools-log.ts';
import { runReportJob } from '../lib/scheduled/report-job.ts';

const { CISTERN_LEDGER: bucket } = requireVariables('CISTERN_LEDGER');
const log = powertoolsLog('report');
const ledger = new S3Ledger(createS3Client(), bucket);

/** Runs Monday 08:00 UTC. */
export async function handler(): Promise<void> {
  await runReportJob(ledger, log);
}
