import { afterEach, expect, it, vi } from 'vitest';
import { printWatch, type WatchRow, watchExitCode, watchRows } from '../../../cli/watch/table.ts';
import { emptyState } from '../../../lib/incidents/state.ts';
import { finding, fresh, resultsOf } from '../../support/incident-steps.ts';

const now = Date.UTC(2026, 0, 31, 9, 15);
const minute = 60_000;

function row(changes: Partial<WatchRow>): WatchRow {
  const row = { check: 'freshness', subject: 'shop', status: 'ok', summary: 'shop has sent', remedy: '' };
  return { ...row, ...changes } as WatchRow;
}

function printed(rows: readonly WatchRow[]): string[] {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  printWatch(rows, now);
  return write.mock.calls.map(([text]) => String(text).trimEnd());
}
afterEach(() => vi.restoreAllMocks());

it('says since when, what to do under it, and that an incident outlives the trouble for a while', () => {
  const lines = printed([
    row({ status: 'critical', summary: 'shop is silent', remedy: 'Do this', since: now - 65 * minute }),
    row({ incident: 'inc_x', mutedUntil: now + 30 * minute }),
  ]);

  expect(lines).toEqual([
    'STATE     SUBJECT         SINCE          WHAT',
    'critical  freshness shop  1 h 5 min ago  shop is silent',
    `${' '.repeat(41)}→ Do this`,
    'ok        freshness shop  -              shop has sent (good now, inc_x still open, muted for another 30 min)',
  ]);
});

it.each([
  [['ok', 'skipped'], 0],
  [['ok', 'unknown'], 3],
  [['unknown', 'warning'], 1],
  [['warning', 'critical', 'unknown'], 2],
] as const)('of %j ends with %d', (statuses, code) => {
  expect(watchExitCode(statuses.map((status) => row({ status })))).toBe(code);
});

it.each([
  ['app:undefined', [false, false]],
  ['app:shop', [true, false]],
  ['check:freshness', [true, false]],
  ['all', [true, true]],
])('the scope %s mutes what it names, and nothing without an app', (scope, muted) => {
  const state = {
    ...emptyState,
    mutes: [{ scope, until: now + minute, reason: 'works', by: 'ann', at: now }],
  };
  const results = resultsOf([fresh('shop', 'critical'), finding('retention', 'archive', 'ok')]);

  const rows = watchRows(results, state, now);

  expect(rows.map(({ mutedUntil }) => mutedUntil !== undefined)).toEqual(muted);
});
