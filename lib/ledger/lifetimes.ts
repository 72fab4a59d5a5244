import type { Config } from '../config/config.ts';

/** How long the ledger keeps the objects below a prefix: one lifecycle rule of its bucket each. */
export interface Lifetime {
  /** The rule's id. */
  readonly id: string;
  readonly prefix: string;
  /** Days until an object expires; undefined where it is rewritten for ever. */
  readonly days?: number;
  /** Days until a version that was deleted, expired or replaced is destroyed. */
  readonly noncurrentDays: number;
}

/** Of what the watch rewrites in each run, 288 times a day: a week to look back. */
const rewrittenDays = 7;

/**
 * What the ledger's lifecycle rules say. No rule is for everything, since the shortest of overlapping ones wins:
 * what belongs to no prefix here never expires. Below `incidents/` and `reports/`, objects that are created once
 * keep their days; the state and the marks of jobs alone are rewritten, and lose old versions sooner.
 */
export function ledgerLifetimes({
  retentionDays,
  incidentDays,
}: Pick<Config, 'retentionDays' | 'incidentDays'>): Lifetime[] {
  return [
    { id: 'incidents', prefix: 'incidents/', days: incidentDays, noncurrentDays: incidentDays },
    { id: 'incidents-state', prefix: 'incidents/state.json', noncurrentDays: rewrittenDays },
    { id: 'reports', prefix: 'reports/', days: retentionDays, noncurrentDays: retentionDays },
    { id: 'reports-jobs', prefix: 'reports/jobs/', noncurrentDays: rewrittenDays },
  ];
}
