import { join } from 'node:path';
import { createS3Client } from '../../../lib/archive/store/aws/s3-store.ts';
import { LedgerIncidents } from '../../../lib/incidents/store/ledger-incidents.ts';
import { S3Ledger } from '../../../lib/ledger/aws/s3-ledger.ts';
import { DirectoryLedger } from '../../../lib/ledger/directory/directory-ledger.ts';
import { startFakeAws } from '../../support/fake-aws.ts';
import { MemoryLedger } from '../../support/memory-ledger.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { incidentStoreContract } from './incident-store.ts';

incidentStoreContract('LedgerIncidents in memory', async () => ({
  store: new LedgerIncidents(new MemoryLedger()),
  close: async () => {},
}));

incidentStoreContract('LedgerIncidents in a directory', async () => ({
  store: new LedgerIncidents(new DirectoryLedger(join(temporaryDirectory(), 'ledger'))),
  close: async () => {},
}));

incidentStoreContract('LedgerIncidents in a bucket', async () => {
  const aws = await startFakeAws();
  const client = createS3Client(aws.s3ClientConfig());
  return {
    store: new LedgerIncidents(new S3Ledger(client, aws.s3.bucket)),
    close: async () => {
      client.destroy();
      await aws.close();
    },
  };
});
