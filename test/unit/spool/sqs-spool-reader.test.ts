import type { SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CloudWatchSpoolAge } from '../../../lib/spool/sqs/cloudwatch-spool-age.ts';
import { createSqsClient } from '../../../lib/spool/sqs/sqs-spool.ts';
import { SqsSpoolReader } from '../../../lib/spool/sqs/sqs-spool-reader.ts';
import { metricsOf } from '../../support/emf.ts';
import { FakeCloudWatch } from '../../support/fake-cloudwatch.ts';
import { type FakeSqs, startFakeSqs } from '../../support/fake-sqs.ts';

const minuteMs = 60_000;

let sqs: FakeSqs;
let client: SQSClient;

beforeEach(async () => {
  sqs = await startFakeSqs();
  client = createSqsClient({
    endpoint: sqs.url,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'AKIAFAKEFAKEFAKEFAKE', secretAccessKey: 'fake' },
  });
});

afterEach(async () => {
  client.destroy();
  await sqs.close();
});

const queues = () => ({ queueUrl: sqs.queueUrl, deadLettersUrl: sqs.deadLettersUrl });

describe('a spool of SQS', () => {
  it('counts what waits, what is under way, and what was given up', async () => {
    for (const body of ['a', 'b', 'c']) sqs.queue.send(body);
    sqs.queue.receive(1);
    sqs.deadLetters.send('d');
    sqs.deadLetters.send('e');
    // Somebody who looks at a dead letter hides it.
    sqs.deadLetters.receive(1);

    const status = await new SqsSpoolReader(client, queues()).status();

    expect(status).toEqual({ waiting: 2, underWay: 1, deadLetters: 2 });
  });

  it('tells the age of what is there, and none of an empty queue', async () => {
    const reader = new SqsSpoolReader(client, queues(), { oldestMs: async () => 90_000 });
    expect(await reader.status()).toEqual({ waiting: 0, underWay: 0, deadLetters: 0 });

    sqs.queue.send('a');
    expect(await reader.status()).toEqual({ waiting: 1, underWay: 0, deadLetters: 0, oldestMs: 90_000 });
    sqs.queue.receive(1);
    expect(await reader.status()).toEqual({ waiting: 0, underWay: 1, deadLetters: 0, oldestMs: 90_000 });
  });

  it('rejects where a queue or its age can not be read, rather than call it empty', async () => {
    const reader = new SqsSpoolReader(client, queues(), {
      oldestMs: () => Promise.reject(new Error('no metrics')),
    });
    sqs.queue.send('a');
    await expect(reader.status()).rejects.toThrow('no metrics');

    sqs.next({ on: 'GetQueueAttributes', status: 403, code: 'AccessDenied' });
    await expect(reader.status()).rejects.toThrow('allow sqs:GetQueueAttributes');

    const gone = new SqsSpoolReader(client, { ...queues(), deadLettersUrl: `${sqs.deadLettersUrl}-gone` });
    await expect(gone.status()).rejects.toThrow('there is no such queue');
  });

  it('ends with the look that asked', async () => {
    await expect(new SqsSpoolReader(client, queues()).status(AbortSignal.abort())).rejects.toThrow();
  });
});

describe('the age of a spool, by CloudWatch', () => {
  let cloudWatch: FakeCloudWatch;
  let age: CloudWatchSpoolAge;

  beforeEach(() => {
    cloudWatch = new FakeCloudWatch();
    age = new CloudWatchSpoolAge(cloudWatch.client, { stage: 'test', queueName: 'the-spool' });
  });
  afterEach(() => cloudWatch.client.destroy());

  const measured = {
    byArchiver: (ms: number, agoMs: number, stage = 'test') =>
      cloudWatch.data.push(
        ...metricsOf(stage, { counts: { 'spool-age': ms } }, Date.now() - agoMs, 'archiver'),
      ),
    bySqs: (seconds: number, agoMs: number, queue = 'the-spool') =>
      cloudWatch.data.push({
        namespace: 'AWS/SQS',
        datum: {
          MetricName: 'ApproximateAgeOfOldestMessage',
          Dimensions: [{ Name: 'QueueName', Value: queue }],
          Timestamp: new Date(Date.now() - agoMs),
          Value: seconds,
        },
      }),
  };

  it('is not known where nothing was measured', async () => {
    expect(await age.oldestMs()).toBeUndefined();
  });

  it('is what the archiver measured, where SQS leaves out what was tried three times', async () => {
    measured.bySqs(0, 2 * minuteMs);
    measured.byArchiver(1_000, minuteMs);
    measured.byArchiver(20 * minuteMs, 2 * minuteMs);

    expect(await age.oldestMs()).toBe(20 * minuteMs);
  });

  it('is what SQS measured, where the archiver does not run', async () => {
    measured.bySqs(600, 2 * minuteMs);

    expect(await age.oldestMs()).toBe(600_000);
  });

  it('forgets what was measured long ago, unless it is so old that it comes back rarely', async () => {
    measured.byArchiver(20 * minuteMs, 12 * minuteMs);
    expect(await age.oldestMs()).toBeUndefined();

    measured.byArchiver(180 * minuteMs, 30 * minuteMs);
    measured.byArchiver(1_000, minuteMs);
    expect(await age.oldestMs()).toBe(180 * minuteMs);
  });

  it('is not that of another stage or queue', async () => {
    measured.byArchiver(20 * minuteMs, minuteMs, 'other');
    measured.bySqs(600, minuteMs, 'other');

    expect(await age.oldestMs()).toBeUndefined();
  });

  it('rejects rather than take a part for the whole', async () => {
    for (let minutes = 1; minutes < 9; minutes += 1) measured.byArchiver(minutes, minutes * minuteMs);
    expect(await age.oldestMs()).toBe(8);
    expect(cloudWatch.calls.length).toBeGreaterThan(1);

    cloudWatch.failing = true;
    await expect(age.oldestMs()).rejects.toThrow('InternalError');
  });

  it('says what to allow', async () => {
    cloudWatch.denied = true;

    await expect(age.oldestMs()).rejects.toThrow('allow cloudwatch:GetMetricData to these credentials');
  });
});
