import { type FakeS3, startFakeS3 } from './fake-s3.ts';
import { type FakeSqs, startFakeSqs } from './fake-sqs.ts';
import { type FakeSsm, startFakeSsm } from './fake-ssm.ts';

/** S3, SQS and SSM on 127.0.0.1, in this process: what stands in for AWS in tests. */
export interface FakeAws {
  readonly s3: FakeS3;
  readonly sqs: FakeSqs;
  readonly ssm: FakeSsm;
  /** The environment of a process, or of a bundle, that is to find these and no other AWS. */
  env(): Record<string, string>;
  /** What an SDK client needs to find S3 here. */
  s3ClientConfig(): FakeClientConfig;
  sqsClientConfig(): FakeClientConfig;
  ssmClientConfig(): FakeClientConfig;
  /** Ends hanging requests too. */
  close(): Promise<void>;
}

export interface FakeClientConfig {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

const region = 'eu-west-1';
const credentials = { accessKeyId: 'AKIAFAKEFAKEFAKEFAKE', secretAccessKey: 'fake' };

export async function startFakeAws(): Promise<FakeAws> {
  const s3 = await startFakeS3();
  const sqs = await startFakeSqs();
  const ssm = await startFakeSsm();
  return {
    s3,
    sqs,
    ssm,
    env: () => ({
      AWS_ENDPOINT_URL_S3: s3.url,
      AWS_ENDPOINT_URL_SQS: sqs.url,
      AWS_ENDPOINT_URL_SSM: ssm.url,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    }),
    s3ClientConfig: () => ({ endpoint: s3.url, region, credentials }),
    sqsClientConfig: () => ({ endpoint: sqs.url, region, credentials }),
    ssmClientConfig: () => ({ endpoint: ssm.url, region, credentials }),
    close: async () => {
      await Promise.all([s3.close(), sqs.close(), ssm.close()]);
    },
  };
}
