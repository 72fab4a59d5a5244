import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CreateTopicCommand, SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, PurgeQueueCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { buildFunctions } from '../../esbuild.config.ts';
import { configValues } from '../../infra/config-parameters.ts';
import { createSnsClient } from '../../lib/alerts/aws/sns-channel.ts';
import { type ObjectKey, objectKey } from '../../lib/archive/format/key.ts';
import { createS3Client, S3Store } from '../../lib/archive/store/aws/s3-store.ts';
import { parseConfig } from '../../lib/config/config.ts';
import { addSecret } from '../../lib/drains/admin.ts';
import type { AppName } from '../../lib/drains/app-name.ts';
import { createSsmClient, SsmParameters } from '../../lib/drains/aws/ssm-parameters.ts';
import { CachedRegistry } from '../../lib/drains/cached-registry.ts';
import { readRecords } from '../../lib/incidents/records/records.ts';
import { LedgerIncidents } from '../../lib/incidents/store/ledger-incidents.ts';
import { S3Ledger } from '../../lib/ledger/aws/s3-ledger.ts';
import { MemoryCounters } from '../../lib/metrics/memory-counters.ts';
import { ReceiverServer } from '../../lib/receiver/http-server.ts';
import { createSqsClient } from '../../lib/spool/sqs/sqs-spool.ts';
import { synthesise } from '../infra/synthesise.ts';
import { directDelivery } from '../support/delivery.ts';
import { silentLog } from '../support/receiver.ts';
import { makeStackBucket } from './stack-buckets.ts';

/**
 * The bundled watch over the buckets of the synthesised template, a real receiver for its canary, and moto's SSM,
 * S3, SQS, CloudWatch and SNS. moto forgets size filters, so nothing moves to Infrequent Access here; and the buckets
 * have no policy (see makeStackBucket), which the watch is right to page about.
 */

const cistern = { infrequentAccessDays: 'never', apps: [{ name: 'shop', contact: '#team-shop' }] } as const;
const minute = 60_000;
const stage = `s${randomUUID().slice(0, 8)}`;
const [s3, ssm, sns, sqs] = [createS3Client(), createSsmClient(), createSnsClient(), createSqsClient()];
const parameters = new SsmParameters(ssm, stage);
const module = z.object({
  handler: z.custom<() => Promise<void>>((value) => typeof value === 'function'),
});
let store: S3Store;
let incidents: LedgerIncidents;
let ledger: S3Ledger;
let alertsTopic: string;
let spoolQueue: string;
let deadLetters: string;
let dist: string;
let server: ReceiverServer | undefined;
let watch: () => Promise<void>;
let report: () => Promise<void>;

beforeAll(async () => {
  // Only the clock: the watch's own waits are real.
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 10, 18, 12) });
  const template = synthesise(cistern);
  const { bucket } = await makeStackBucket(s3, template, 'archive', { policy: false });
  const { bucket: ledgerBucket } = await makeStackBucket(s3, template, 'ledger', { policy: false });
  store = new S3Store(s3, bucket);
  ledger = new S3Ledger(s3, ledgerBucket);
  incidents = new LedgerIncidents(ledger);
  alertsTopic = await makeTopic();
  const urgentTopic = await makeTopic();
  spoolQueue = await makeQueue();
  deadLetters = await makeQueue();

  const registry = new CachedRegistry(parameters, silentLog, { cheapToFetch: true });
  server = new ReceiverServer({
    registry,
    delivery: directDelivery(store),
    counters: new MemoryCounters(),
    log: silentLog,
  });
  const receiver = new URL(`http://127.0.0.1:${await server.listen(0, '127.0.0.1')}`);
  await parameters.put('receiver_url', receiver.origin);
  await addSecret(parameters, receiver, undefined);
  for (const [index, value] of configValues(parseConfig({ ...cistern, stage })).entries()) {
    await parameters.put(`config/${index}`, value);
  }

  // POWERTOOLS_DEV sends logs through the console, where vitest shows them only for a failure.
  Object.assign(process.env, {
    CISTERN_STAGE: stage,
    CISTERN_BUCKET: bucket,
    CISTERN_LEDGER: ledgerBucket,
    CISTERN_RECEIVER_FUNCTION: 'receiver',
    CISTERN_TOPIC_ARN: alertsTopic,
    CISTERN_URGENT_TOPIC_ARN: urgentTopic,
    CISTERN_QUEUE_URL: spoolQueue,
    CISTERN_DEAD_LETTERS_URL: deadLetters,
    POWERTOOLS_DEV: 'true',
  });
  dist = await mkdtemp(join(tmpdir(), 'cistern-dist-'));
  await buildFunctions(dist);
  watch = await handlerOf('watch');
  report = await handlerOf('report');
});

afterAll(async () => {
  vi.useRealTimers();
  await server?.close();
  for (const client of [s3, ssm, sns, sqs]) client.destroy();
  await rm(dist, { recursive: true, force: true });
});

async function handlerOf(name: string): Promise<() => Promise<void>> {
  return module.parse(await import(pathToFileURL(join(dist, name, 'index.mjs')).href)).handler;
}

/** A topic that somebody is subscribed to. */
async function makeTopic(): Promise<string> {
  const { TopicArn: arn } = await sns.send(new CreateTopicCommand({ Name: `topic-${randomUUID()}` }));
  if (arn === undefined) throw new Error('no topic was made');
  await sns.send(new SubscribeCommand({ TopicArn: arn, Protocol: 'email', Endpoint: 'on-call@example.com' }));
  return arn;
}

async function makeQueue(): Promise<string> {
  const { QueueUrl: url } = await sqs.send(new CreateQueueCommand({ QueueName: `queue-${randomUUID()}` }));
  if (url === undefined) throw new Error('no queue was made');
  return url;
}

/** A batch of the app whose first message is this old. */
async function putBatch(minutesAgo: number): Promise<ObjectKey> {
  const uuid = randomUUID().replace(/^(.{14})../, (_, start) => `${start}80`);
  const key = objectKey({ app: 'shop' as AppName, epochMs: Date.now() - minutesAgo * minute, uuid });
  await store.create(key, Buffer.from('any bytes'), AbortSignal.timeout(10_000));
  return key;
}

const published = z.object({
  sns: z.object({
    Topic: z.array(
      z.object({
        arn: z.string(),
        sent_notifications: z.array(z.tuple([z.string(), z.string(), z.string()], z.unknown())),
      }),
    ),
  }),
});

/** What the topic was told, in order. */
async function told(): Promise<{ subject: string; text: string }[]> {
  const answer = await fetch(`${process.env['AWS_ENDPOINT_URL']}/moto-api/data.json`);
  const topic = published.parse(await answer.json()).sns.Topic.find(({ arn }) => arn === alertsTopic);
  return (topic?.sent_notifications ?? []).map(([, message, subject]) => ({
    subject,
    text: z.object({ default: z.string() }).parse(JSON.parse(message)).default,
  }));
}

async function toldOfShop() {
  return (await told()).filter(({ subject }) => subject.includes('shop'));
}

async function statuses(): Promise<Record<string, string>> {
  const state = (await incidents.readState())?.state;
  return Object.fromEntries(Object.entries(state?.subjects ?? {}).map(([key, { status }]) => [key, status]));
}

async function lookAfter(minutes: number): Promise<void> {
  vi.setSystemTime(Date.now() + minutes * minute);
  await watch();
}

// Its parts follow from each other, so it is one test.
it('the bundled watch pages when a drain stops, and resolves the page when it is back', async () => {
  await putBatch(2);
  await watch();
  expect(await statuses()).toEqual({
    'alerts topic': 'ok',
    'alerts topic urgent': 'ok',
    'canary round-trip': 'ok',
    'drain shop': 'skipped',
    'freshness shop': 'ok',
    'jobs report': 'skipped',
    'jobs watch': 'skipped',
    'loss stage': 'ok',
    'records state': 'ok',
    'records timelines': 'ok',
    'retention archive': 'critical',
    'retention ledger': 'warning',
    'spool age': 'ok',
    'spool dead-letters': 'ok',
    'volume shop': 'skipped',
  });
  expect((await told()).map(({ text }) => /overwriting|TLS/.exec(text)?.[0]).sort()).toEqual([
    'TLS',
    'overwriting',
  ]);

  const last = await putBatch(0);
  await lookAfter(14);
  expect(await toldOfShop()).toEqual([]);
  await lookAfter(2);
  const [page, ...more] = await toldOfShop();
  expect(more).toEqual([]);
  expect(page?.subject).toMatch(/^Cistern P1: shop has sent nothing/);
  expect(page?.text).toContain(last);
  expect(page?.text).toContain('#team-shop');

  await putBatch(0);
  await lookAfter(5);
  await lookAfter(5);
  expect((await toldOfShop()).map(({ subject }) => subject.replace(/:.*/, ''))).toEqual([
    'Cistern P1',
    'Cistern P1 resolved',
  ]);
  const { records } = await readRecords(incidents);
  expect(records.filter(({ apps }) => apps.includes('shop'))).toMatchObject([
    { status: 'resolved', check: 'freshness' },
  ]);
});

it('the bundled watch pages for a dead letter, and for what nobody takes out of the spool', async () => {
  await sqs.send(new SendMessageCommand({ QueueUrl: spoolQueue, MessageBody: 'waits' }));
  await sqs.send(new SendMessageCommand({ QueueUrl: deadLetters, MessageBody: 'was given up' }));
  await lookAfter(5);
  expect(await statuses()).toMatchObject({ 'spool age': 'ok', 'spool dead-letters': 'critical' });
  await lookAfter(15);
  expect(await statuses()).toMatchObject({ 'spool age': 'critical' });
  const pages = (await told()).filter(({ subject }) => /^Cistern P1: 1 batch/.test(subject));
  expect(pages.map(({ text }) => /cistern -- spool \w+/.exec(text)?.[0])).toEqual([
    'cistern -- spool drain',
    'cistern -- spool status',
  ]);

  for (const QueueUrl of [spoolQueue, deadLetters]) await sqs.send(new PurgeQueueCommand({ QueueUrl }));
  await lookAfter(5);
  expect(await statuses()).toMatchObject({ 'spool age': 'ok', 'spool dead-letters': 'ok' });
});

it('the bundled report sums up the week that ended', async () => {
  vi.setSystemTime(Date.UTC(2026, 10, 23, 8));
  await report();
  const keys = await Array.fromAsync(ledger.list('reports/incidents/weekly/'));
  expect(keys).toHaveLength(2);
  const markdown = await ledger.read(keys.find((key) => key.endsWith('.md')) ?? '');
  expect(markdown?.body.toString()).toContain('shop has sent nothing');
  await lookAfter(5);
  expect(await statuses()).toMatchObject({ 'jobs report': 'ok' });
});
