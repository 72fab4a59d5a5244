import { createS3Client } from '../../lib/archive/store/aws/s3-store.ts';
import { LedgerIncidents } from '../../lib/incidents/store/ledger-incidents.ts';
import { S3Ledger } from '../../lib/ledger/aws/s3-ledger.ts';
import { incidentStoreContract } from '../contract/incidents/incident-store.ts';
import { ledgerContract } from '../contract/ledger/ledger.ts';
import { makeBucket } from './buckets.ts';

ledgerContract('S3Ledger on moto', async () => {
  const client = createS3Client();
  return { ledger: new S3Ledger(client, await makeBucket(client)), close: async () => client.destroy() };
});

incidentStoreContract('LedgerIncidents on moto', async () => {
  const client = createS3Client();
  const ledger = new S3Ledger(client, await makeBucket(client));
  return { store: new LedgerIncidents(ledger), close: async () => client.destroy() };
});
