import { join } from 'node:path';
import { createS3Client } from '../../../lib/archive/store/aws/s3-store.ts';
import { S3Ledger } from '../../../lib/ledger/aws/s3-ledger.ts';
import { DirectoryLedger } from '../../../lib/ledger/directory/directory-ledger.ts';
import { startFakeAws } from '../../support/fake-aws.ts';
import { MemoryLedger } from '../../support/memory-ledger.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { ledgerContract } from './ledger.ts';

ledgerContract('MemoryLedger', async () => ({ ledger: new MemoryLedger(), close: async () => {} }));

ledgerContract(
  'DirectoryLedger',
  async () => ({
    ledger: new DirectoryLedger(join(temporaryDirectory(), 'ledger')),
    close: async () => {},
  }),
  { listed: 120 },
);

ledgerContract('S3Ledger', async () => {
  const aws = await startFakeAws();
  const client = createS3Client(aws.s3ClientConfig());
  return {
    ledger: new S3Ledger(client, aws.s3.bucket),
    close: async () => {
      client.destroy();
      await aws.close();
    },
  };
});
