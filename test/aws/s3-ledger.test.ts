import { createS3Client } from '../../lib/archive/s3-store.ts';
import { LedgerIncidents } from '../../lib/incidents/ledger-incidents.ts';
import { S3Ledger } from '../../lib/ledger/s3-ledger.ts';
import { incidentStoreContract } from '../contract/incident-store.ts';
import { ledgerContract } from '../contract/ledger.ts';
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
