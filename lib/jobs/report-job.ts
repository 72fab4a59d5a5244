import type { Log } from '../base/log.ts';
import { LedgerIncidents } from '../incidents/store/ledger-incidents.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Digest } from '../reports/digest.ts';
import { weekBefore } from '../reports/week.ts';
import { reportWeek } from '../reports/weekly.ts';
import { runJob } from './job-record.ts';

/** The job `report`: the digest of the week just ended. To run it again replaces the digest by the same. */
export async function runReportJob(ledger: Ledger, log: Log, now: number = Date.now()): Promise<Digest> {
  const work = () => reportWeek({ store: new LedgerIncidents(ledger), ledger }, weekBefore(now), now);
  return runJob(ledger, 'report', work, (error) =>
    log.warn('word of this run could not be left in the ledger', { error }),
  );
}
