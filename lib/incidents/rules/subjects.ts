import type { CheckName, CheckResult, Finding } from '../../findings/finding.ts';
import type { SubjectState } from '../state.ts';
import type { Draft } from './draft.ts';
import { isOver } from './draft.ts';
import { checkItself, isBad, isEvent, keyOf } from './members.ts';
import { storable } from './storable.ts';
import { blind, times } from './thresholds.ts';

/** What this run's results say, beyond what the state then knows of each subject. */
export interface Looked {
  /** Bad findings by the key of their subject. */
  readonly bad: ReadonlyMap<string, Finding>;
  /** Checks that could look. */
  readonly checks: ReadonlySet<CheckName>;
}

/** Counts every finding at its subject, a check that can't look at itself. */
export function takeIn(draft: Draft, results: readonly CheckResult[]): Looked {
  const findings: Finding[] = [];
  const checks = new Set<CheckName>();
  for (const result of results) {
    const found = 'failure' in result ? [] : worstOfEach(result.findings).map(storable);
    for (const finding of found) count(draft, finding);
    findings.push(...found);
    const why = whyBlind(result);
    if (why === undefined) checks.add(result.check);
    if (!('failure' in result)) noteUnreported(draft, result.check, found, why === undefined);
    const about = lookAtItself(draft, result.check, why);
    if (about === undefined) continue;
    const itself = storable(about);
    count(draft, itself);
    findings.push(itself);
  }
  const bad = findings.filter(({ status }) => isBad(status));
  return { bad: new Map(bad.map((finding) => [keyOf(finding), finding])), checks };
}

const worstFirst: readonly Finding['status'][] = ['critical', 'warning', 'unknown', 'ok', 'skipped'];

/** A subject is unique within a check. Should it not be, the worst is believed. */
function worstOfEach(findings: readonly Finding[]): Finding[] {
  const rank = ({ status }: Finding) => worstFirst.indexOf(status);
  const each = new Map<string, Finding>();
  for (const finding of findings) {
    const other = each.get(finding.subject);
    if (other === undefined || rank(finding) < rank(other)) each.set(finding.subject, finding);
  }
  return [...each.values()];
}

function count({ state, now }: Draft, finding: Finding): void {
  const { check, subject: name, app, status, summary, remedy, memory } = finding;
  const key = keyOf(finding);
  const before = state.subjects[key];
  const subject: SubjectState = {
    ...(before ?? { bad: 0, good: 0, unknown: 0, countedAt: now }),
    check,
    subject: name,
    ...(app === undefined ? {} : { app }),
    status,
    summary,
    remedy,
    lastSeenAt: now,
    ...(memory === undefined ? {} : { memory }),
  };
  delete subject.gone;
  state.subjects[key] = subject;

  const sameLook = before !== undefined && now - before.countedAt < times.sameLook;
  const counts = (row: number) => row === 0 || !sameLook;
  const row = isBad(status) ? 'bad' : status === 'ok' ? 'good' : status === 'unknown' ? 'unknown' : undefined;
  if (row !== undefined && counts(subject[row])) {
    subject[row] += 1;
    subject.countedAt = now;
  }
  if (status !== 'unknown') subject.unknown = 0;
  if (row === 'bad') continueBad(subject, finding, now);
  if (row === 'good') continueGood(subject, now);
}

function continueBad(
  subject: SubjectState,
  { since = Number.POSITIVE_INFINITY }: Finding,
  now: number,
): void {
  subject.good = 0;
  delete subject.firstGoodAt;
  subject.firstBadAt ??= now;
  subject.since = Math.max(0, Math.trunc(Math.min(subject.since ?? now, since, now)));
  subject.lastBadAt = now;
}

function continueGood(subject: SubjectState, now: number): void {
  subject.bad = 0;
  delete subject.firstBadAt;
  delete subject.since;
  subject.firstGoodAt ??= now;
}

/** What a check reports no longer is watched no longer. Of an event check it is quiet, if that could look. */
function noteUnreported(
  { state }: Draft,
  check: CheckName,
  findings: readonly Finding[],
  couldLook: boolean,
): void {
  const reported = new Set(findings.map(({ subject }) => subject));
  for (const subject of Object.values(state.subjects)) {
    if (subject.check !== check || subject.subject === checkItself || reported.has(subject.subject)) continue;
    if (!isEvent(subject)) subject.gone = true;
    else if (couldLook) subject.status = 'ok';
    else continue;
    continueGood(subject, subject.lastSeenAt);
    subject.unknown = 0;
  }
}

/** Why a check could not look in this run; undefined when it could. */
function whyBlind(result: CheckResult): string | undefined {
  if ('failure' in result) return result.failure;
  const looked = result.findings.filter(({ status }) => status !== 'skipped');
  const unknown = looked.filter(({ status }) => status === 'unknown');
  return unknown.length * 2 > looked.length ? unknown[0]?.summary : undefined;
}

/**
 * A finding about the check as such, once it could not look for long enough: at all, at most of its subjects,
 * or (only ever a warning) at one and the same of them.
 */
function lookAtItself({ state, now }: Draft, check: CheckName, why: string | undefined): Finding | undefined {
  const before = state.unknownRuns[check] ?? 0;
  const sameLook = before > 0 && now - (state.ranAt ?? 0) < times.sameLook;
  const runs = why === undefined ? 0 : before + (sameLook ? 0 : 1);
  if (runs === 0) delete state.unknownRuns[check];
  else state.unknownRuns[check] = runs;

  const stuck = Object.values(state.subjects).find(
    (subject) => subject.check === check && subject.unknown >= blind.warningRuns,
  );
  const itself = state.subjects[keyOf({ check, subject: checkItself })];
  const incident = itself?.incident === undefined ? undefined : state.incidents[itself.incident];
  const isOpen = incident !== undefined && !isOver(incident);
  const about = { check, subject: checkItself } as const;
  if (runs >= blind.warningRuns || stuck !== undefined || (isOpen && runs > 0)) {
    return {
      ...about,
      status: runs >= blind.criticalRuns ? 'critical' : 'warning',
      summary: `The check ${check} can't look: ${why ?? stuck?.summary}`,
      evidence: { runs: Math.max(runs, stuck?.unknown ?? 0) },
      remedy: 'Find out why it cannot look: until then nobody knows how things are',
    };
  }
  if (itself === undefined) return undefined;
  return { ...about, status: 'ok', summary: `The check ${check} can look again`, evidence: {}, remedy: '' };
}
