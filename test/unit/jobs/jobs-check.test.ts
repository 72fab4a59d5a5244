import { describe, expect, it } from 'vitest';
import { type JobName, type JobRun, jobKey, jobs } from '../../../lib/jobs/jobs.ts';
import { jobsCheck } from '../../../lib/jobs/jobs-check.ts';
import { LedgerError, type LedgerObject } from '../../../lib/ledger/ledger.ts';
import { RepeatedLook } from '../../support/repeated-look.ts';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const now = Date.UTC(2026, 10, 20, 12);

class Records {
  readonly #objects = new Map<string, Buffer>();
  failure: Error | undefined;

  ran(name: JobName, startedAt: number, outcome: JobRun['outcome'] = 'done'): this {
    return this.put(name, JSON.stringify({ startedAt, endedAt: startedAt + 1000, outcome }));
  }

  put(name: JobName, text: string): this {
    this.#objects.set(jobKey(name), Buffer.from(text));
    return this;
  }

  async read(key: string): Promise<LedgerObject | undefined> {
    if (this.failure !== undefined) throw this.failure;
    const body = this.#objects.get(key);
    return body === undefined ? undefined : { body, version: '1' };
  }
}

function look(ledger: Records): RepeatedLook {
  return new RepeatedLook(jobsCheck({ ledger, jobs }));
}

async function findingOf(name: JobName, ledger: Records, at = now) {
  return (await look(ledger).at(at))?.find(({ subject }) => subject === name);
}

describe('the check of jobs', () => {
  it('has a finding for every job of the table', async () => {
    const findings = await look(new Records()).at(now);

    expect(findings?.map(({ check, subject }) => `${check} ${subject}`)).toEqual(
      Object.keys(jobs).map((name) => `jobs ${name}`),
    );
  });

  it('is ok up to twice the interval', async () => {
    const ledger = new Records().ran('report', now - 14 * dayMs).ran('watch', now - 10 * minuteMs);

    expect(await findingOf('report', ledger)).toMatchObject({ status: 'ok', remedy: '' });
    expect(await findingOf('watch', ledger)).toMatchObject({ status: 'ok' });
  });

  it('warns of a job that missed twice its interval, and says what to run', async () => {
    const finding = await findingOf('report', new Records().ran('report', now - 14 * dayMs - 1));

    expect(finding).toMatchObject({
      status: 'warning',
      since: now - 14 * dayMs - 1,
      summary: 'Job report last ran at 2026-11-06T11:59:59.999Z, and should every 7 days',
    });
    expect(finding?.remedy).toContain('cistern job run report');
  });

  it('tells of a gap in the watch once, in the first run after it', async () => {
    const ledger = new Records().ran('watch', now - 3 * 60 * minuteMs);
    const watch = look(ledger);
    const statusAt = async (at: number) =>
      (await watch.at(at))?.find(({ subject }) => subject === 'watch')?.status;

    expect(await statusAt(now)).toBe('warning');
    ledger.ran('watch', now);
    expect(await statusAt(now + 5 * minuteMs)).toBe('ok');
  });

  it('warns of a job whose last run failed', async () => {
    const ledger = new Records().ran('report', now - dayMs, 'failed');

    expect(await findingOf('report', ledger)).toMatchObject({
      status: 'warning',
      since: now - dayMs,
      evidence: { lastOutcome: 'failed' },
    });
  });

  it('counts a job that never ran from when it was first watched', async () => {
    const report = look(new Records().ran('watch', now));
    const statusAt = async (at: number) =>
      (await report.at(at))?.find(({ subject }) => subject === 'report')?.status;

    expect(await statusAt(now)).toBe('skipped');
    expect(await statusAt(now + 14 * dayMs)).toBe('skipped');
    expect(await statusAt(now + 14 * dayMs + 1)).toBe('warning');
  });

  it.each(['{', '{}', '{"startedAt":"yesterday"}', ''])('can not tell from the record %j', async (text) => {
    expect(await findingOf('report', new Records().put('report', text))).toMatchObject({
      status: 'unknown',
      evidence: { object: 'reports/jobs/report.json' },
    });
  });

  it('can not tell when the ledger fails', async () => {
    const ledger = new Records();
    ledger.failure = new LedgerError('the ledger is away', true);

    expect(await findingOf('report', ledger)).toMatchObject({
      status: 'unknown',
      summary: expect.stringContaining('the ledger is away'),
    });
  });
});
