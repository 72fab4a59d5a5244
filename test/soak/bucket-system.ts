import { startFaultProxy } from '../support/fault-proxy.ts';
import type { Scenario } from './scenario.ts';
import { startServeSystem } from './serve-system.ts';
import type { SoakAws } from './soak-aws.ts';
import type { SoakSystem } from './system.ts';

/** `cistern serve --bucket`, with a proxy between it and S3. */
export async function startBucketSystem(scenario: Scenario, aws: SoakAws): Promise<SoakSystem> {
  const proxy = await startFaultProxy({ target: aws.s3Url, seed: scenario.seed + 1, style: 's3' });
  return startServeSystem(scenario, {
    name: aws.bucket,
    env: { ...aws.env, AWS_ENDPOINT_URL_S3: proxy.url.origin },
    proxy,
    archive: aws.archive,
    problems: () => aws.problems(),
    close: async () => {
      await proxy.close();
      await aws.close();
    },
  });
}
