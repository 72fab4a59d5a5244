import { randomBytes, randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { incidentCommand } from '../../cli/incident/incident.ts';
import { muteCommand, unmuteCommand } from '../../cli/incident/mute.ts';
import { drainOfStage } from '../../cli/spool/drain-stage.ts';
import { spoolCommand } from '../../cli/spool/spool.ts';
import { openSpool } from '../../cli/spool/target.ts';
import { objectKey } from '../../lib/archive/format/key.ts';
import { createS3Client } from '../../lib/archive/store/aws/s3-store.ts';
import { parseConfig } from '../../lib/config/config.ts';
import { canaryApp } from '../../lib/drains/canary-app.ts';
import { hashSecret } from '../../lib/drains/credentials.ts';
import { LedgerIncidents } from '../../lib/incidents/store/ledger-incidents.ts';
import { StageWatch } from '../../lib/jobs/aws/stage.ts';
import { runReportJob } from '../../lib/jobs/report-job.ts';
import { runWatchJob } from '../../lib/jobs/watch-job.ts';
import { S3Ledger } from '../../lib/ledger/aws/s3-ledger.ts';
import { encodeMessage } from '../../lib/spool/message.ts';
import { redriveSetAside } from '../../lib/spool/redrive-set-aside.ts';
import { setAside } from '../../lib/spool/set-aside.ts';
import { seal } from '../support/batches.ts';
import { functionUrlEvent } from '../support/function-url-event.ts';
import { batch, message } from '../support/messages.ts';
import { decryptions, isAllowed, made, needsOf } from '../support/permissions.ts';
import { basic, sharedSecret, silentLog } from '../support/receiver.ts';
import { RecordedAws } from '../support/recorded-aws.ts';
import { sqsEvent } from '../support/sqs-event.ts';
import { allowedTo, type Statement, statements, synthesise } from './synthesise.ts';

/** Each call that a function makes of AWS, against what its role allows: a right that is missing shows only there. */

const otherTopic = 'arn:aws:sns:eu-west-1:444455556666:on-call';
const cistern = {
  apps: [{ name: 'shop' }],
  alerts: { channels: { mail: { type: 'sns' }, others: { type: 'sns', topicArn: otherTopic } } },
} as const;
const template = synthesise(cistern);
const names = {
  stage: 'production',
  archiveBucket: 'the-archive',
  ledgerBucket: 'the-ledger',
  receiverFunction: 'receiver',
  alertsTopic: made['<TopicsAlerts>'],
  urgentTopic: made['<TopicsUrgent>'],
  spoolQueue: 'https://sqs.eu-west-1.amazonaws.com/111122223333/the-spool',
  spoolDeadLetters: 'https://sqs.eu-west-1.amazonaws.com/111122223333/the-dead-letters',
};

let aws: RecordedAws;
let receiverAnswers: number;

beforeEach(() => {
  aws = new RecordedAws(names.stage);
  aws.parameters.set('config/0', JSON.stringify(parseConfig(cistern)));
  aws.parameters.set('receiver_url', 'https://receiver.example.com');
  aws.parameters.set('drain_url', 'https://secret@receiver.example.com/');
  aws.parameters.set('heroku', 'HRKU-token');
  // Heroku knows no app. A receiver that fails is not looked after in the archive, which would take a while.
  receiverAnswers = 503;
  vi.stubEnv('CISTERN_STAGE', names.stage);
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (url) =>
    String(url).includes('heroku')
      ? Response.json({ id: 'not_found' }, { status: 404 })
      : new Response(null, { status: receiverAnswers }),
  );
});

afterEach(() => {
  aws.restore();
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

/** What was asked and is not allowed; and all that was asked, each once. */
function judge(allowed: readonly Statement[]) {
  const calls = aws.take();
  const needs = [...calls.flatMap(needsOf), ...decryptions(template, calls)];
  return {
    refused: needs.filter((need) => !isAllowed(allowed, need)),
    actions: [...new Set(needs.map(({ action }) => action))].sort(),
    on: (wanted: string) => [
      ...new Set(needs.flatMap(({ action, resource }) => (action === wanted ? [resource] : []))),
    ],
  };
}

async function runWatch(): Promise<void> {
  await runWatchJob(await new StageWatch(names, { log: silentLog, canary: true }).job());
}

test('the watch may do all that it does, and does all that it may', async () => {
  await runWatch();
  // What it meets in later runs: its own state, a batch of the canary, a state that can't be understood.
  const key = objectKey({
    app: canaryApp,
    epochMs: Date.now() + 60_000,
    uuid: randomUUID().replace(/^(.{14})../, (_, start) => `${start}80`),
  });
  aws.objects.set(`the-archive/${key}`, Buffer.from(''));
  aws.forbidden.add(`the-archive/${key}`);
  receiverAnswers = 200;
  await runWatch();
  aws.objects.set('the-ledger/incidents/state.json', Buffer.from('damaged'));
  await runWatch();

  const allowed = allowedTo(template, 'WatchRole');
  const { refused, actions, on } = judge(allowed);
  expect(refused).toEqual([]);
  expect(on('sns:Publish')).toEqual([made['<TopicsAlerts>'], otherTopic]);
  // Who is subscribed in another account is for that one to see to.
  expect(on('sns:ListSubscriptionsByTopic')).toEqual([made['<TopicsAlerts>'], made['<TopicsUrgent>']]);
  const idle = allowed.flatMap((each) => each.actions).filter((action) => !actions.includes(action));
  // Those of Lambda's log, and of the keys of topics, which no call names.
  expect([...new Set(idle)].sort()).toEqual([
    'kms:GenerateDataKey',
    'logs:CreateLogStream',
    'logs:PutLogEvents',
  ]);
});

describe('on the way of a batch', () => {
  beforeEach(() => {
    vi.resetModules();
    vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    vi.stubEnv('CISTERN_BUCKET', names.archiveBucket);
    vi.stubEnv('CISTERN_LEDGER', names.ledgerBucket);
    vi.stubEnv('CISTERN_QUEUE_URL', names.spoolQueue);
    vi.stubEnv('CISTERN_MAX_OBJECT_BYTES', '1000000');
    aws.parameters.set('drains/secrets/shared-1', hashSecret(sharedSecret).toString('hex'));
  });

  test.each(['direct', 'buffered'])(
    'the receiver may do all that it does, and does all that it may: %s',
    async (mode) => {
      vi.stubEnv('CISTERN_DELIVERY', mode);
      const { handler } = await import('../../functions/receiver.ts');
      const post = (text: string, large = 0) =>
        handler(
          functionUrlEvent({
            body: batch(
              message(text),
              ...Array.from({ length: large }, () => message(randomBytes(600).toString('hex'))),
            ),
            headers: { authorization: basic('drain', sharedSecret), 'content-type': 'application/logplex-1' },
          }),
        );
      expect(await post('one')).toMatchObject({ statusCode: 200 });
      // One that the queue can't take, and one that the store does not take.
      expect(await post('two', 1500)).toMatchObject({ statusCode: 200 });
      aws.full.add(names.archiveBucket);
      expect(await post('three')).toMatchObject({ statusCode: 200 });

      const { refused, actions } = judge(allowedTo(template, 'ReceiverRole'));
      expect(refused).toEqual([]);
      expect(actions).toEqual(['s3:PutObject', 'sqs:SendMessage', 'ssm:GetParametersByPath']);
    },
  );

  test('the archiver may do all that it does', async () => {
    const { handler } = await import('../../functions/archiver.ts');
    const context = { getRemainingTimeInMillis: () => 20_000 };
    const { key, member } = await seal(batch(message('one')));
    const good = encodeMessage({ key, member });
    const failed = async (...texts: readonly string[]) =>
      (await handler(sqsEvent(texts), context)).batchItemFailures.length;
    expect(await failed(good, 'foreign')).toBe(0);
    aws.full.add(names.archiveBucket);
    expect(await failed(good)).toBe(1);

    const { refused, actions, on } = judge(allowedTo(template, 'ArchiverRole'));
    expect(refused).toEqual([]);
    expect(actions).toEqual(['s3:PutObject', 'sqs:ChangeMessageVisibility']);
    expect(
      on('s3:PutObject')
        .map((arn) => arn.split('/')[0])
        .sort(),
    ).toEqual([made['<Archive.Arn>'], made['<Ledger.Arn>']]);
  });
});

test('the report may do all that it does', async () => {
  await runWatch();
  aws.take();

  await runReportJob(new S3Ledger(createS3Client(), names.ledgerBucket), silentLog);

  const { refused, actions } = judge(allowedTo(template, 'ReportRole'));
  expect(refused).toEqual([]);
  expect(actions).toEqual(['s3:GetObject', 's3:ListBucket', 's3:PutObject']);
});

describe('of those who answer pages', () => {
  const policyOf = (id: string) =>
    statements(template.named(id, 'AWS::IAM::ManagedPolicy').Properties['PolicyDocument']);
  const incident = (...args: string[]) => run(incidentCommand(), args);
  let id: string;

  beforeEach(async () => {
    vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    aws.parameters.set('archive_bucket', names.archiveBucket);
    aws.parameters.set('ledger_bucket', names.ledgerBucket);
    await incident('create', 'Checkout answers 500', '--app', 'shop');
    const opened = await new LedgerIncidents(new S3Ledger(createS3Client(), names.ledgerBucket)).readState();
    id = Object.keys(opened?.state.incidents ?? {})[0] ?? '';
  });

  afterEach(() => {
    process.exitCode = undefined;
  });

  test('the full policy lets somebody do all that is done with incidents', async () => {
    await incident('ack', id);
    await incident('note', id, 'looking');
    await incident('followup', id, 'Raise the threshold', '--owner', 'ada', '--due', '2026-02-14');
    await incident('attach', id, 'package.json');
    await run(muteCommand(), ['shop', '--for', '2h', '--reason', 'deploying']);
    await run(unmuteCommand(), ['shop']);
    await incident('resolve', id);
    await incident('postmortem', id);
    await incident('close', id);
    await incident('digest');

    const { refused, actions } = judge(policyOf('PeopleIncidentsFull'));
    expect(refused).toEqual([]);
    expect(actions).toEqual([
      's3:GetObject',
      's3:ListBucket',
      's3:PutObject',
      'ssm:GetParameter',
      'ssm:GetParametersByPath',
    ]);
  });

  test('the other policy lets somebody look, and change nothing', async () => {
    expect(judge(policyOf('PeopleIncidentsReadOnly')).refused).not.toEqual([]);

    await incident('list');
    await incident('show', id);
    await incident('followups', '--overdue');
    await incident('correlate', id);
    await incident('recurrence');
    await incident('gate');
    await incident('digest', '--dry-run');
    await run(muteCommand(), ['--list']);

    const { refused, actions } = judge(policyOf('PeopleIncidentsReadOnly'));
    expect(refused).toEqual([]);
    expect(actions).toEqual(['s3:GetObject', 's3:ListBucket', 'ssm:GetParameter']);
  });

  test('the policy of the spool lets somebody look at it and drain it', async () => {
    aws.take();
    aws.parameters.set('spool_queue', names.spoolQueue);
    aws.parameters.set('spool_dead_letters', names.spoolDeadLetters);
    const ledger = new S3Ledger(createS3Client(), names.ledgerBucket);
    const text = encodeMessage(await seal(batch(message('one'))));
    await setAside(ledger, { id: 'good', text, sentAt: Date.now(), why: 'it was bad then' });
    aws.take();

    const stage = ['--stage', names.stage];
    await run(spoolCommand(), ['status', ...stage]);
    await run(spoolCommand(), ['inspect', ...stage]);
    await run(spoolCommand(), ['inspect', 'good', ...stage]);
    // Draining, without waiting until the queue is empty.
    const spool = await openSpool({ stage: names.stage });
    if (spool.kind !== 'stage') throw new Error('a stage has queues');
    const way = drainOfStage(spool);
    await way.getMoving({ waiting: 0, underWay: 0, deadLetters: 1 });
    expect(await Array.fromAsync(redriveSetAside({ ledger, put: way.put }))).toMatchObject([
      { id: expect.stringContaining('good') },
    ]);

    const { refused, actions } = judge(policyOf('PeopleSpool'));
    expect(refused).toEqual([]);
    expect(actions).toEqual([
      's3:GetObject',
      's3:ListBucket',
      's3:PutObject',
      'sqs:DeleteMessage',
      'sqs:GetQueueAttributes',
      'sqs:ListMessageMoveTasks',
      'sqs:ReceiveMessage',
      'sqs:SendMessage',
      'sqs:StartMessageMoveTask',
      'ssm:GetParameter',
      'ssm:GetParametersByPath',
    ]);
  });
});

async function run(command: Command, args: readonly string[]): Promise<void> {
  await command.parseAsync([...args], { from: 'user' });
}

test('what nobody allows is refused', () => {
  const allowed = allowedTo(template, 'WatchRole');
  for (const resource of ['the-archive/logs/shop/any.gz', 'the-ledger/manifests/any.json']) {
    expect(isAllowed(allowed, { action: 's3:GetObject', resource: `arn:aws:s3:::${resource}` })).toBe(false);
  }
  const list = { action: 's3:ListBucket', resource: made['<Archive.Arn>'] };
  expect(isAllowed(allowed, { ...list, keys: { 's3:prefix': '' } })).toBe(false);
  expect(isAllowed(allowed, { ...list, keys: { 's3:prefix': 'logs/shop/' } })).toBe(true);
});
