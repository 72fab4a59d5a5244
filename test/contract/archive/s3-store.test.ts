import { createS3Client, S3Store } from '../../../lib/archive/store/aws/s3-store.ts';
import { startFakeAws } from '../../support/fake-aws.ts';
import { archiveStoreContract } from './archive-store.ts';

archiveStoreContract('S3Store', async () => {
  const aws = await startFakeAws();
  const client = createS3Client(aws.s3ClientConfig());
  return {
    store: new S3Store(client, aws.s3.bucket),
    close: async () => {
      client.destroy();
      await aws.close();
    },
  };
});
