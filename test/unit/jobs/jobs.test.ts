import { expect, it } from 'vitest';
import { jobs, lastDue } from '../../../lib/jobs/jobs.ts';

it.each([
  ['2026-11-23T08:00:00.000Z', '2026-11-23T08:00:00.000Z'],
  ['2026-11-23T07:59:59.999Z', '2026-11-16T08:00:00.000Z'],
  ['2026-11-29T23:59:59.999Z', '2026-11-23T08:00:00.000Z'],
  // A week in which Europe's clocks change is as long as any: the job runs by UTC.
  ['2026-10-26T08:00:00.000Z', '2026-10-26T08:00:00.000Z'],
  ['2027-01-03T12:00:00.000Z', '2026-12-28T08:00:00.000Z'],
])('at %s the weekly report was last due at %s', (now, due) => {
  expect(new Date(lastDue(jobs.report.at, Date.parse(now))).toISOString()).toBe(due);
});
