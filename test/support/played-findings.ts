import type { CheckName, Finding } from '../../lib/findings/finding.ts';
import { finding, IncidentSteps } from './incident-steps.ts';

/** One letter a run: c(ritical), w(arning), o(k), u(nknown), s(kipped), - (the check was not due). */
export function play(check: CheckName, letters: string): IncidentSteps {
  const steps = new IncidentSteps();
  for (const letter of letters) steps.run(...findingsOf(check, letter));
  return steps;
}

export function findingsOf(check: CheckName, letter: string): Finding[] {
  const statuses = { c: 'critical', w: 'warning', o: 'ok', u: 'unknown', s: 'skipped' } as const;
  const status = Object.entries(statuses).find(([key]) => key === letter)?.[1];
  // Another subject that is always well keeps the check itself from being blind.
  const other = [finding(check, 'other', 'ok'), finding(check, 'third', 'ok')];
  return status === undefined ? [] : [finding(check, 'one', status), ...other];
}
