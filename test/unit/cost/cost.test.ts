import { describe, expect, test, vi } from 'vitest';
import { archiveLines } from '../../../lib/cost/archive-cost.ts';
import { assumptions } from '../../../lib/cost/assumptions.ts';
import { type CostInput, dominantOf, type Estimate, estimate } from '../../../lib/cost/estimate.ts';
import { type Gathering, gather } from '../../../lib/cost/objects.ts';
import { addObject, archiveCost, noUsage, projectMonth } from '../../../lib/cost/usage.ts';
import type { AppName } from '../../../lib/drains/app-name.ts';
import { PowertoolsCounters } from '../../../lib/metrics/aws/powertools-counters.ts';
import { maxMessageMemberBytes } from '../../../lib/spool/message.ts';

const gigabyte = 2 ** 30;
const million = 1_000_000;

const team: CostInput = {
  delivery: 'direct',
  batches: million,
  bytes: 100 * gigabyte,
  ratio: 5,
  apps: 5,
  retentionDays: 90,
  infrequentAccessDays: 'never',
  windowSeconds: 30,
  concurrency: 5,
};

function sumOf({ lines }: Pick<Estimate, 'lines'>, name: string): number {
  const found = lines.find((each) => each.name === name);
  if (found === undefined) throw new Error(`there is no line ${name}`);
  return found.sum;
}

describe('a month of a million batches of 100 KB, direct', () => {
  const month = estimate(team);

  test.each([
    ['S3 PUT', (million / 1000) * 0.005],
    ['S3 moves to Infrequent Access', 0],
    // 20 GB a month, each for 90 days and as long again.
    ['S3 storage, Standard', 20 * 6 * 0.023],
    ['S3 storage, Infrequent Access', 0],
    ['Lambda requests', 0.2],
    ['Lambda time, receiver', million * 0.05 * 0.5 * 0.0000133334],
    ['Lambda time, archiver', 0],
    ['SQS requests', 0],
    // Five pollers, a poll each 20 s: the queue is there for when the store fails.
    ['SQS polling', ((5 * 30 * 86_400) / 20 / million) * 0.4],
    ['CloudWatch logs', ((million * 1200) / gigabyte) * 0.5],
    ['CloudWatch metrics', (8 + 5 * 9 + 6) * 0.3],
    // One container more than are at work (none wholly), each minute, and the watch: 5 secrets and the canary's.
    ['KMS: registry read', (((43_200 + 8_640) * 6) / 10_000) * 0.03],
    ['watch: metrics queried', ((8_640 * 11 + 720 * 5) / 1000) * 0.01],
    ['watch: S3 lists', ((8_640 * 6) / 1000) * 0.005],
    ['watch: S3 PUT', ((8_640 * 4) / 1000) * 0.005],
    ['watch: S3 GET', ((8_640 * 20) / 1000) * 0.0004],
    ['watch: Lambda time', 8_640 * 3 * 0.5 * 0.0000133334],
    ['watch: alarms', assumptions.alarms * 0.1],
    ['watch: KMS key of the topics', 1],
  ])('%s', (name, dollars) => {
    expect(sumOf(month, name)).toBeCloseTo(dollars, 8);
    expect(month.lines).toHaveLength(19);
  });

  test('makes an object of each batch, and says what costs most', () => {
    expect(month.objects).toBe(million);
    expect(month.storedBytes).toBe(20 * gigabyte);
    expect(dominantOf(month)?.name).toBe('CloudWatch metrics');
  });
});

describe('a month of a million batches of 100 KB, buffered', () => {
  test('pays SQS for each send and receive and a tenth of a delete, and the archiver', () => {
    const month = estimate({ ...team, delivery: 'buffered' });
    expect(sumOf(month, 'SQS requests')).toBeCloseTo(2.1 * 0.4, 8);
    // 1/5 of 0.3858 batches a second, for 30 s, after the first: 3.3148 members an event.
    const events = million / (1 + (million / 2_592_000 / 5) * 30);
    expect(sumOf(month, 'Lambda requests')).toBeCloseTo(((million + events) / million) * 0.2, 8);
    const seconds = events * 0.3 + million * 0.005;
    expect(sumOf(month, 'Lambda time, archiver')).toBeCloseTo(seconds * 0.5 * 0.0000133334, 8);
    expect(sumOf(month, 'S3 PUT')).toBeCloseTo((month.objects / 1000) * 0.005, 8);
    expect(sumOf(month, 'S3 storage, Standard')).toBeCloseTo(20 * 6 * 0.023, 8);
  });

  test('counts a payload over 64 KB as several requests', () => {
    // 100 KB of member are 133 KB of text: three requests to send, three to receive.
    const month = estimate({ ...team, ratio: 1, bytes: million * 100_000, delivery: 'buffered' });
    expect(sumOf(month, 'SQS requests')).toBeCloseTo(6.1 * 0.4, 8);
  });
});

describe('without a ratio', () => {
  test('batches compress as router lines do, and each has its header', () => {
    const month = estimate({ ...team, ratio: undefined, batches: 1000, bytes: 5.1 * million });
    expect(month.storedBytes).toBeCloseTo(million + 1000 * 450, 3);
  });
});

describe('objects of buffered delivery', () => {
  const perSecond = 30 * 86_400;
  const gathering: Gathering = {
    delivery: 'buffered',
    batches: perSecond,
    memberBytes: 20_000,
    apps: 1,
    windowSeconds: 30,
    concurrency: 5,
  };

  test('one app at a batch a second: seven members an event', () => {
    const { objects, events } = gather(gathering);
    expect(events).toBeCloseTo(perSecond / 7, 6);
    // One object an event, and two of each that spans the turn of an hour.
    expect(objects).toBeCloseTo((perSecond / 7) * (1 + 30 / 3600), 6);
  });

  test('two apps: both are among seven members, but for one time in 64', () => {
    const { objects } = gather({ ...gathering, apps: 2 });
    expect(objects).toBeCloseTo((perSecond / 7) * (2 - 1 / 64) * (1 + 30 / 3600), 6);
  });

  test('with fewer archivers than Lambda has pollers, fewer events', () => {
    expect(gather({ ...gathering, concurrency: 2 }).events).toBeCloseTo(perSecond / 16, 6);
    expect(gather({ ...gathering, concurrency: 50 }).events).toBeCloseTo(perSecond / 7, 6);
  });

  test('an event holds 6 MB of text at most', () => {
    const { events } = gather({ ...gathering, batches: 1000 * perSecond });
    const record = Math.ceil((20_000 * 4) / 3) + 250 + 1000;
    expect(events).toBeCloseTo((1000 * perSecond) / Math.floor(6_000_000 / record), 3);
  });

  test('at a batch a month, each batch is an object', () => {
    expect(gather({ ...gathering, batches: 1 })).toEqual({ objects: 1, events: 1 });
    expect(gather({ ...gathering, batches: 0 })).toEqual({ objects: 0, events: 0 });
  });

  test('members that no message holds go to the store', () => {
    expect(assumptions.spooledMemberBytes).toBe(maxMessageMemberBytes);
    const { objects, events } = gather({ ...gathering, memberBytes: maxMessageMemberBytes + 1 });
    expect({ objects, events }).toEqual({ objects: perSecond, events: 0 });
    expect(gather({ ...gathering, memberBytes: maxMessageMemberBytes }).events).toBeGreaterThan(0);
  });

  test.each([
    { apps: 1, share: 0.05 },
    { apps: 20, share: 0.1 },
  ])('of $apps apps at 10 batches/s each: at most $share of the batches', ({ apps, share }) => {
    const batches = apps * 10 * perSecond;
    const { objects } = gather({ ...gathering, apps, batches });
    expect(objects / batches).toBeLessThanOrEqual(share);
  });
});

test("a request's log is its lines of metrics, and half a kilobyte of Lambda's and CloudWatch's own", () => {
  let written = 0;
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written += text.length;
    return true;
  });
  const counts = { batches: 1, messages: 400, bytes: 105_000, 'stored-bytes': 20_000, latency: 52 };
  new PowertoolsCounters('production').record({ app: 'my-app' as AppName, secretId: 'my-app-1', counts });
  write.mockRestore();
  expect(Math.abs(written + 480 - assumptions.receiverLogBytes)).toBeLessThan(100);
});

describe('Infrequent Access', () => {
  const lifetimes = { retentionDays: 90, infrequentAccessDays: 30 } as const;
  const objects = (each: number) => ({
    objects: million,
    storedBytes: million * each,
    infrequentBytes: million * Math.max(each, 128 * 1024),
  });

  test('bills a month in Standard, the rest of twice the retention at 128 KB at least, and each move', () => {
    const [, moves, standard, infrequent] = archiveLines(objects(22_000), lifetimes);
    expect(moves?.sum).toBeCloseTo(10, 8);
    expect(standard?.sum).toBeCloseTo(((million * 22_000) / gigabyte) * 0.023, 8);
    expect(infrequent?.sum).toBeCloseTo(((million * 131_072) / gigabyte) * 5 * 0.0125, 8);
  });

  test.each([
    { size: 200_000, pays: false },
    { size: 210_000, pays: true },
  ])('with 90 days of retention, objects of $size bytes: pays $pays', ({ size, pays }) => {
    const moved = archiveCost(objects(size), lifetimes).total;
    const never = archiveCost(objects(size), { ...lifetimes, infrequentAccessDays: 'never' }).total;
    expect(moved < never).toBe(pays);
  });
});

describe('usage', () => {
  const object = (size: number, members: number) => ({
    kind: 'object' as const,
    key: '',
    epochMs: 0,
    size,
    members: Array.from({ length: members }, () => ({
      key: '',
      keyEpochMs: 0,
      epochMs: 0,
      offset: 0,
      isRecovered: false,
      bytes: Buffer.alloc(0),
      header: {
        v: 1,
        uuid: '',
        app: '',
        found: 10,
        received: '',
        bytes: 1000,
        sha256: '',
        payload: '',
      } as const,
    })),
  });

  test('adds up objects; Infrequent Access bills the small one as 128 KB', () => {
    const found = [object(500, 1), object(200_000, 3)].reduce(addObject, noUsage);
    expect(found).toEqual({
      objects: 2,
      members: 4,
      messages: 40,
      bytes: 4000,
      storedBytes: 200_500,
      infrequentBytes: 131_072 + 200_000,
    });
  });

  test('a week comes to a month of 30 days', () => {
    const month = projectMonth(addObject(noUsage, object(700, 7)), 7 * 86_400_000);
    expect(month.members).toBeCloseTo(30, 8);
    expect(month.storedBytes).toBeCloseTo(3000, 8);
  });
});
