import { createS3Client } from '../lib/archive/store/aws/s3-store.ts';
import { powertoolsLog } from '../lib/base/aws/powertools-log.ts';
import { requireVariables } from '../lib/base/environment.ts';
import { runReportJob } from '../lib/jobs/report-job.ts';
import { S3Ledger } from '../lib/ledger/aws/s3-ledger.ts';

const { CISTERN_LEDGER: bucket } = requireVariables('CISTERN_LEDGER');
const log = powertoolsLog('report');
const ledger = new S3Ledger(createS3Client(), bucket);

/** Runs Monday 08:00 UTC. */
export async function handler(): Promise<void> {
  await runReportJob(ledger, log);
}
