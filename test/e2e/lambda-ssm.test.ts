import { beforeAll, describe, expect, test } from 'vitest';
import { bundleOf } from '../support/bundle.ts';
import {
  type LambdaFunction,
  markedSecret,
  setParameter,
  setSecret,
  withReceiver,
} from '../support/lambda-function.ts';
import { basic } from '../support/receiver.ts';

beforeAll(async () => {
  await bundleOf('receiver');
});

const known = { headers: { authorization: basic('drain', markedSecret) } };
const unknown = { headers: { authorization: basic('drain', 'unknownSecret') } };

/** Invokes it with what was taken at this moment, and checks that Logplex still waits for the answer. */
async function inTime(receiver: LambdaFunction, request: typeof known): Promise<number> {
  const timeEpoch = Date.now();
  const status = await receiver.invoke({ ...request, timeEpoch });
  expect(receiver.answeredAt - timeEpoch).toBeLessThan(4_000);
  return status;
}

describe.concurrent('a cold start', () => {
  test.each([
    ['fails', { status: 500, code: 'InternalServerError' }],
    ['throttles', { status: 400, code: 'ThrottlingException' }],
    ['refuses', { status: 400, code: 'AccessDeniedException' }],
    ['resets connections', { reset: true }],
    ['is slow', { delay: 2_000 }],
    ['hangs', { hang: true }],
  ] as const)(
    'while SSM %s answers 503, pages, and stores nothing; the next one finds SSM well',
    (_, fault) =>
      withReceiver(async (receiver, aws) => {
        aws.ssm.always(fault);
        expect(await inTime(receiver, known)).toBe(503);
        expect(await receiver.samples()).toMatchObject([{ 'registry-unavailable': 1 }]);
        expect(receiver.logged('ERROR').length).toBeGreaterThan(0);
        expect(aws.s3.requests).toEqual([]);
        aws.ssm.always(undefined);
        expect(await inTime(receiver, known)).toBe(200);
        expect(await inTime(receiver, unknown)).toBe(401);
      }),
  );

  test('does not notice an SSM that recovers within the request', () =>
    withReceiver(async (receiver, aws) => {
      const failure = { status: 500, code: 'InternalServerError' };
      aws.ssm.next(failure, { reset: true }, failure, failure, { reset: true });
      expect(await inTime(receiver, known)).toBe(200);
      expect(aws.ssm.requests.length).toBeGreaterThan(5);
      expect(await receiver.samples()).toMatchObject([{ batches: 1 }]);
    }));

  test('reads a registry of several pages whole, past parameters that are no good', () =>
    withReceiver(async (receiver, aws) => {
      for (let i = 0; i < 25; i += 1) setSecret(aws, `app-${i}`, `secret${i}`);
      setParameter(aws, 'drains/secrets/broken', 'MarkedSecretInTheWrongPlace');
      setParameter(aws, 'drains/listed/0', 'NOT AN APP,my-app');
      expect(await receiver.invoke(known)).toBe(200);
      expect(await receiver.invoke({ headers: { authorization: basic('', 'secret24') } })).toBe(200);
      const [said] = receiver.logged('ERROR');
      expect(said).toMatchObject({ names: ['drains/listed/0', 'drains/secrets/broken'] });
      expect(JSON.stringify(said)).not.toContain('InTheWrongPlace');
    }));

  test('with both SSM and S3 slow answers in time all the same', () =>
    withReceiver(async (receiver, aws) => {
      aws.ssm.next({ delay: 900 });
      aws.s3.always({ hang: true });
      aws.sqs.always({ hang: true });
      expect(await inTime(receiver, known)).toBe(503);
      expect(await receiver.sampleWith('undelivered')).toMatchObject({ undelivered: 1 });
    }));
});

describe.concurrent('a warm environment', () => {
  /** Warms it, then freezes it until what it knows of drains is so old. */
  async function warm(receiver: LambdaFunction, ageMs: number): Promise<void> {
    expect(await receiver.invoke(known)).toBe(200);
    await receiver.freeze(ageMs);
  }

  test('goes on with what it knows while SSM is down, and refuses nobody', () =>
    withReceiver(async (receiver, aws) => {
      await warm(receiver, 3_600_000);
      aws.ssm.always({ status: 500, code: 'InternalServerError' });
      expect(await receiver.invoke({ ...known, timeEpoch: Date.now() + 3_600_000 })).toBe(200);
      const timeEpoch = Date.now();
      expect(await receiver.invoke({ ...unknown, timeEpoch: timeEpoch + 3_600_000 })).toBe(503);
      expect(receiver.answeredAt - timeEpoch).toBeLessThan(4_000);
      expect(await receiver.samples(3)).toMatchObject([
        { batches: 1 },
        { batches: 1 },
        { 'registry-unavailable': 1 },
      ]);
      expect(aws.s3.objects.size).toBe(2);
    }));

  test('asks SSM nothing for five seconds, not even to refuse', () =>
    withReceiver(async (receiver, aws) => {
      await warm(receiver, 0);
      aws.ssm.always({ hang: true });
      expect(await receiver.invoke(unknown)).toBe(401);
      expect(await receiver.invoke(known)).toBe(200);
      expect(aws.ssm.requests).toHaveLength(1);
    }));

  test('is not held up by an SSM that hangs', () =>
    withReceiver(async (receiver, aws) => {
      await warm(receiver, 61_000);
      aws.ssm.always({ hang: true });
      const timeEpoch = Date.now();
      expect(await receiver.invoke({ ...known, timeEpoch: timeEpoch + 61_000 })).toBe(200);
      expect(receiver.answeredAt - timeEpoch).toBeLessThan(4_000);
    }));

  test('has what came too late for the request before', () =>
    withReceiver(async (receiver, aws) => {
      await warm(receiver, 61_000);
      setSecret(aws, 'shared-2', 'added');
      aws.ssm.next({ delay: 1_200 });
      const timeEpoch = Date.now() + 61_000;
      expect(await receiver.invoke({ ...known, timeEpoch })).toBe(200);
      expect(await receiver.invoke({ headers: { authorization: basic('', 'added') }, timeEpoch })).toBe(200);
      expect(aws.ssm.requests).toHaveLength(2);
    }));

  test('finds a secret that was added since, before it refuses', () =>
    withReceiver(async (receiver, aws) => {
      await warm(receiver, 5_001);
      setSecret(aws, 'shared-2', 'added');
      const timeEpoch = Date.now() + 5_001;
      const headers = { authorization: basic('', 'added') };
      expect(await receiver.invoke({ headers, timeEpoch })).toBe(200);
      expect(await receiver.invoke({ ...unknown, timeEpoch })).toBe(401);
      expect(aws.ssm.requests).toHaveLength(2);
    }));

  test('no longer takes a secret that was retired a minute ago', () =>
    withReceiver(async (receiver, aws) => {
      await warm(receiver, 60_001);
      aws.ssm.parameters.clear();
      expect(await receiver.invoke(known)).toBe(401);
    }));

  test('with everything slow at once answers in time all the same', () =>
    withReceiver(async (receiver, aws) => {
      await warm(receiver, 61_000);
      setSecret(aws, 'shared-2', 'added');
      aws.ssm.next({ delay: 1_900 });
      aws.s3.always({ hang: true });
      aws.sqs.always({ hang: true });
      const timeEpoch = Date.now();
      const headers = { authorization: basic('', 'added') };
      expect(await receiver.invoke({ headers, timeEpoch: timeEpoch + 61_000 })).toBe(503);
      expect(receiver.answeredAt - timeEpoch).toBeLessThan(4_000);
      expect(await receiver.sampleWith('undelivered')).toMatchObject({ undelivered: 1 });
    }));
});
