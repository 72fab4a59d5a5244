import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { objectKey } from '../../../lib/archive/format/key.ts';
import { parseConfig } from '../../../lib/config/config.ts';
import type { AppName } from '../../../lib/drains/app-name.ts';
import { emptyState } from '../../../lib/incidents/state.ts';
import { StageWatch } from '../../../lib/jobs/aws/stage.ts';
import { type FakeAws, startFakeAws } from '../../support/fake-aws.ts';
import { silentLog } from '../../support/receiver.ts';

let aws: FakeAws;

beforeEach(async () => {
  aws = await startFakeAws();
  for (const [name, value] of Object.entries(aws.env())) vi.stubEnv(name, value);
  const value = JSON.stringify(parseConfig({ apps: [{ name: 'shop' }] }));
  aws.ssm.parameters.set('/cistern/production/config/0', { value, type: 'String' });
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await aws.close();
});

it.each([
  { fault: 'a busy answer', on: { status: 503, code: 'SlowDown' } },
  { fault: 'a connection that died since the last run', on: { reset: true } },
] as const)('looks at the archive again after $fault', async ({ on }) => {
  const watch = new StageWatch(
    {
      stage: 'production',
      archiveBucket: aws.s3.bucket,
      ledgerBucket: aws.s3.bucket,
      receiverFunction: 'receiver',
      alertsTopic: 'arn:aws:sns:eu-west-1:111122223333:alerts',
      urgentTopic: 'arn:aws:sns:eu-west-1:111122223333:urgent',
      spoolQueue: 'https://sqs.eu-west-1.amazonaws.com/111122223333/spool',
      spoolDeadLetters: 'https://sqs.eu-west-1.amazonaws.com/111122223333/dead-letters',
    },
    { log: silentLog, canary: false },
  );
  const uuid = '00000000-0000-8000-8000-000000000000';
  const key = objectKey({ app: 'shop' as AppName, epochMs: Date.now(), uuid });
  aws.s3.objects.set(key, Buffer.from('any bytes'));
  aws.s3.next({ on: 'ListObjectsV2', ...on });

  const { checks } = await watch.job();
  const freshness = checks({ state: emptyState }).find(({ name }) => name === 'freshness');
  const findings = await freshness?.look({
    now: Date.now(),
    signal: AbortSignal.timeout(10_000),
    remembered: () => undefined,
    rememberedSubjects: () => [],
  });

  expect(findings).toMatchObject([{ subject: 'shop', status: 'ok' }]);
  expect(aws.s3.requests.length).toBeGreaterThan(1);
});
