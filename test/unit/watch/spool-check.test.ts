import { describe, expect, it } from 'vitest';
import type { Finding } from '../../../lib/findings/finding.ts';
import type { SpoolStatus } from '../../../lib/spool/spool.ts';
import { spoolCheck } from '../../../lib/watch/checks/spool/spool.ts';
import { RepeatedLook } from '../../support/repeated-look.ts';

const minuteMs = 60_000;
const now = Date.UTC(2026, 10, 20, 12);
const empty: SpoolStatus = { waiting: 0, underWay: 0, deadLetters: 0 };

/** A spool of which each look sees what it is given. */
class Looked {
  #status: SpoolStatus = empty;
  readonly #look: RepeatedLook;

  constructor(windowMs = 30_000) {
    const spool = { status: async () => this.#status };
    this.#look = new RepeatedLook(spoolCheck({ spool, windowMs }));
  }

  async at(at: number, status: SpoolStatus): Promise<Readonly<Record<string, Finding>>> {
    this.#status = status;
    const findings = (await this.#look.at(at)) ?? [];
    return Object.fromEntries(findings.map((finding) => [finding.subject, finding]));
  }

  async age(status: SpoolStatus, at = now): Promise<Finding | undefined> {
    return (await this.at(at, status))['age'];
  }
}

describe('the age of the spool', () => {
  it('is well while nothing waits', async () => {
    expect(await new Looked().age(empty)).toMatchObject({ check: 'spool', status: 'ok', remedy: '' });
  });

  it.each([
    [30, 2, 'ok'],
    [30, 5.4, 'ok'],
    [30, 5.5, 'warning'],
    [30, 14.9, 'warning'],
    [30, 15, 'critical'],
    // So long it waits with such a window when all is well.
    [300, 6, 'ok'],
    [300, 10, 'warning'],
    [300, 15, 'critical'],
  ])('with a window of %i s, after %f min: %s', async (windowSeconds, minutes, status) => {
    const oldestMs = minutes * minuteMs;

    const finding = await new Looked(windowSeconds * 1000).age({ ...empty, waiting: 3, oldestMs });

    expect(finding).toMatchObject({ status });
  });

  it('says how many wait, for how long and since when', async () => {
    const status = { waiting: 1_200, underWay: 34, oldestMs: 17 * minuteMs };

    const finding = await new Looked().age(status);

    expect(finding).toMatchObject({
      status: 'critical',
      summary: '1,234 batches wait in the spool, the oldest for 17 min',
      evidence: { waiting: 1_200, underWay: 34, oldestSeconds: 17 * 60 },
      since: now - 17 * minuteMs,
    });
    expect(finding?.remedy).toContain('log');
  });

  it('takes what was postponed for what waits: in an outage all of it may be', async () => {
    const finding = await new Looked().age({ ...empty, underWay: 1, oldestMs: 20 * minuteMs });

    expect(finding).toMatchObject({
      status: 'critical',
      summary: '1 batch waits in the spool, the oldest for 20 min',
    });
  });

  it('is no less for not being measured, as where the archiver does not run', async () => {
    const looked = new Looked();
    const unmeasured = { ...empty, waiting: 8 };

    expect(await looked.age(unmeasured, now)).toMatchObject({ status: 'ok' });
    expect(await looked.age(unmeasured, now + 10 * minuteMs)).toMatchObject({ status: 'warning' });
    expect(await looked.age(unmeasured, now + 15 * minuteMs)).toMatchObject({
      status: 'critical',
      summary: '8 batches wait in the spool, one for at least 15 min',
      since: now,
    });
  });

  it.each([
    ['the spool was empty', empty],
    ['it was measured', { ...empty, waiting: 1, oldestMs: 1_000 }],
  ])('counts what is not measured anew once %s', async (_, between) => {
    const looked = new Looked();
    const unmeasured = { ...empty, waiting: 8 };
    await looked.age(unmeasured, now);
    await looked.age(between, now + 10 * minuteMs);

    expect(await looked.age(unmeasured, now + 15 * minuteMs)).toMatchObject({ status: 'ok' });
  });
});

describe('dead letters of the spool', () => {
  it('are critical, be it one', async () => {
    const none = (await new Looked().at(now, empty))['dead-letters'];
    const one = (await new Looked().at(now, { ...empty, deadLetters: 1 }))['dead-letters'];

    expect(none).toMatchObject({ status: 'ok', remedy: '' });
    expect(one).toMatchObject({
      status: 'critical',
      summary: '1 batch was given up after too many tries, and waits among the dead letters',
      evidence: { deadLetters: 1 },
    });
    expect(one?.remedy).toContain('cistern spool drain');
  });

  it('are no subject of a spool that gives nothing up', async () => {
    expect(Object.keys(await new Looked().at(now, { waiting: 0, underWay: 0 }))).toEqual(['age']);
  });
});

it('knows nothing of either where the spool can not be looked at', async () => {
  const spool = { status: () => Promise.reject(new Error('allow sqs:GetQueueAttributes on it')) };

  const look = new RepeatedLook(spoolCheck({ spool, windowMs: 30_000 })).at(now);

  await expect(look).rejects.toThrow('allow sqs:GetQueueAttributes');
});
