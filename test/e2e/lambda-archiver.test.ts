import { beforeAll, describe, expect, test } from 'vitest';
import { parseKey } from '../../lib/archive/format/key.ts';
import { walkMembers } from '../../lib/archive/format/member.ts';
import type { SealedBatch } from '../../lib/archive/format/seal.ts';
import { parseUsableAppName } from '../../lib/drains/app-name.ts';
import { encodeMessage } from '../../lib/spool/message.ts';
import { pollerOf, startArchiver, withArchiver } from '../support/archiver-function.ts';
import { seal, testApp } from '../support/batches.ts';
import { bundleOf } from '../support/bundle.ts';
import type { FakeAws } from '../support/fake-aws.ts';
import { batch, message } from '../support/messages.ts';
import { sqsEvent } from '../support/sqs-event.ts';

beforeAll(async () => {
  await bundleOf('archiver');
});

/** Not the latest hour, which would end during a test. */
const hour = Date.UTC(2026, 10, 21, 12);
const hidden = 'MarkedLogLine';
const down = { status: 503, code: 'SlowDown' } as const;

function sealed(count: number, app = 'my-app'): Promise<SealedBatch[]> {
  const batches = Array.from({ length: count }, (_, index) =>
    batch(message(`${hidden} ${app} ${index}`, hour + index)),
  );
  return Promise.all(
    batches.map((raw, index) =>
      seal(raw, { receivedAt: hour + index, app: parseUsableAppName(app) ?? testApp }),
    ),
  );
}

function send(aws: FakeAws, batches: readonly SealedBatch[]): void {
  for (const { key, member } of batches) aws.sqs.queue.send(encodeMessage({ key, member }));
}

/** The members under `logs/`, by object. */
function archived(aws: FakeAws): { key: string; members: Buffer[] }[] {
  return [...aws.s3.objects]
    .filter(([key]) => key.startsWith('logs/'))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, object]) => ({ key, members: [...walkMembers(object)].map(({ bytes }) => bytes) }));
}

function setAside(aws: FakeAws): string[] {
  return [...aws.s3.objects]
    .filter(([key]) => key.startsWith('set-aside/'))
    .map(([, body]) => body.toString());
}

const membersOf = (batches: readonly SealedBatch[]) => batches.map(({ member }) => member);

describe.concurrent('messages of the queue', () => {
  test('become one object for each app and hour, byte for byte, and are gone then', () =>
    withArchiver(async (archiver, aws, poller) => {
      const ours = await sealed(12);
      const others = await sealed(3, 'other-app');
      send(aws, [...ours, ...others].reverse());
      expect(await poller.once()).toMatchObject({ deleted: 15, kept: 0 });
      expect(aws.sqs.queue.messages).toEqual([]);
      const objects = archived(aws);
      expect(objects.map(({ key }) => parseKey(key)?.app).sort()).toEqual(['my-app', 'other-app']);
      const of = (app: string) => objects.find(({ key }) => parseKey(key)?.app === app)?.members;
      expect(of('my-app')).toEqual(membersOf(ours));
      expect(of('other-app')).toEqual(membersOf(others));
      expect(await archiver.samples()).toMatchObject([
        { 'archived-objects': 2, 'archived-members': 15, 'spool-age': expect.any(Number) },
      ]);
    }));

  test('that come twice, in one event or in two, are read once', () =>
    withArchiver(async (archiver, aws, poller) => {
      const batches = await sealed(3);
      send(aws, [...batches, ...batches]);
      await poller.once();
      expect(archived(aws).map(({ members }) => members)).toEqual([membersOf(batches)]);
      expect(await archiver.samples()).toMatchObject([{ 'spool-copies': 3 }]);
      send(aws, batches);
      await poller.once();
      expect(aws.sqs.queue.messages).toEqual([]);
      expect([...aws.s3.versions.values()].map(({ length }) => length)).toEqual([1]);
    }));

  test('are all in the archive, whatever order and how often they come in', () =>
    withArchiver(async (archiver, aws, poller) => {
      const batches = await sealed(60);
      send(aws, batches);
      aws.sqs.queue.misbehave({ seed: 4, redelivered: 0.3, reordered: true });
      while (aws.sqs.queue.messages.length > 0) {
        await poller.once();
        aws.sqs.queue.showAll();
      }
      const members = archived(aws).flatMap(({ members: some }) => some.map((each) => each.toString('hex')));
      expect(new Set(members)).toEqual(new Set(membersOf(batches).map((each) => each.toString('hex'))));
      expect(archiver.logged('ERROR')).toEqual([]);
    }));

  test('are split over objects of at most the configured size', () =>
    withArchiver(
      async (_, aws, poller) => {
        const batches = await sealed(4);
        send(aws, batches);
        await poller.once();
        expect(archived(aws).flatMap(({ members }) => members)).toEqual(membersOf(batches));
        expect(archived(aws).length).toBe(4);
      },
      { CISTERN_MAX_OBJECT_BYTES: '100' },
    ));
});

describe.concurrent('a message that is itself bad', () => {
  test('is set aside whole, and holds back no other', () =>
    withArchiver(async (archiver, aws, poller) => {
      const [good, damaged] = await sealed(2);
      if (good === undefined || damaged === undefined) throw new Error('no batches');
      const foreign = `{"${hidden}": true}`;
      const text = encodeMessage(damaged).replace(/"sha256":"./, '"sha256":"x');
      aws.sqs.queue.send(foreign);
      aws.sqs.queue.send(text);
      send(aws, [good]);
      expect(await poller.once()).toMatchObject({ deleted: 3, kept: 0 });
      expect(archived(aws).map(({ members }) => members)).toEqual([[good.member]]);
      const kept = setAside(aws).map((body): unknown => JSON.parse(body));
      expect(kept).toHaveLength(2);
      for (const whole of [foreign, text])
        expect(kept).toContainEqual(expect.objectContaining({ text: whole }));
      const samples = await archiver.samples(3);
      expect(samples.filter((sample) => sample['set-aside'] === 1)).toHaveLength(2);
      expect(archiver.logged('ERROR')).toHaveLength(2);
      expect(archiver.child.stdout + archiver.child.stderr).not.toContain(hidden);
    }));

  test('stays while the ledger fails, and the others are done', () =>
    withArchiver(
      async (archiver, aws, poller) => {
        const good = await sealed(2);
        aws.sqs.queue.send('foreign');
        send(aws, good);
        expect(await poller.once()).toMatchObject({ deleted: 2, kept: 1 });
        expect(aws.sqs.queue.messages).toMatchObject([{ body: 'foreign' }]);
        expect(archived(aws).flatMap(({ members }) => members)).toEqual(membersOf(good));
        expect(archiver.logged('ERROR')).toHaveLength(1);
      },
      { CISTERN_LEDGER: 'no-such-bucket' },
    ));
});

describe.concurrent('while the store fails', () => {
  test.each([
    ['is down', down],
    ['refuses', { status: 403, code: 'AccessDenied' }],
    ['resets connections', { reset: true }],
  ] as const)('and %s, messages stay, and come back within 15 to 30 s', (_, fault) =>
    withArchiver(async (archiver, aws, poller) => {
      aws.sqs.queue.settings.visibilitySeconds = 390;
      const batches = await sealed(12);
      send(aws, batches);
      aws.s3.always(fault);
      const before = Date.now();
      expect(await poller.once()).toMatchObject({ deleted: 0, kept: 12 });
      for (const { hiddenUntil } of aws.sqs.queue.messages) {
        expect(hiddenUntil).toBeGreaterThanOrEqual(before + 15_000);
        expect(hiddenUntil).toBeLessThanOrEqual(Date.now() + 30_000);
      }
      expect(await archiver.samples(2)).toContainEqual(expect.objectContaining({ 'left-in-spool': 12 }));
      aws.s3.always(undefined);
      aws.sqs.queue.showAll();
      expect(await poller.once()).toMatchObject({ deleted: 12 });
      expect(archived(aws).flatMap(({ members }) => members)).toEqual(membersOf(batches));
    }),
  );

  test('and the queue too, messages stay all the same', () =>
    withArchiver(async (archiver, aws) => {
      const event = sqsEvent((await sealed(2)).map(encodeMessage));
      aws.s3.always(down);
      aws.sqs.always({ status: 500, code: 'InternalError' });
      expect((await archiver.invoke(event)).batchItemFailures).toHaveLength(2);
    }));

  test('an answer that is lost costs another attempt, which finds the object', () =>
    withArchiver(async (_, aws, poller) => {
      const batches = await sealed(2);
      send(aws, batches);
      aws.s3.next({ loseResponse: true });
      expect(await poller.once()).toMatchObject({ deleted: 2 });
      expect([...aws.s3.versions.values()].map(({ length }) => length)).toEqual([1]);
    }));
});

test('an archiver that is killed in the middle has lost nothing, and the next one ends it', () =>
  withArchiver(async (archiver, aws, poller) => {
    const batches = await sealed(5);
    send(aws, batches);
    aws.s3.always({ hang: true });
    const polled = poller.once();
    await aws.s3.arrived(1);
    await archiver.kill();
    expect(await polled).toMatchObject({ deleted: 0 });
    expect(aws.sqs.queue.messages).toHaveLength(5);

    aws.s3.always(undefined);
    aws.sqs.queue.showAll();
    const next = await startArchiver(aws);
    expect(await pollerOf(aws, next).once()).toMatchObject({ deleted: 5 });
    expect(archived(aws).flatMap(({ members }) => members)).toEqual(membersOf(batches));
    await next.kill();
  }));
