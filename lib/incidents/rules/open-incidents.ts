import type { Evidence } from '../../findings/finding.ts';
import type { IncidentCheck, Severity } from '../../findings/severity.ts';
import type { LiveIncident, SubjectState } from '../state.ts';
import { type Draft, isOver, record } from './draft.ts';
import { confirmedCanaries, type Group, groupsOf, isHeld } from './group-findings.ts';
import { checkItself, isBad, keyOf, membersOf } from './members.ts';
import { isMuted, recordMutes } from './mutes.ts';
import { newIncidentId } from './new-id.ts';
import { cancel, routingOf, tell, trigger } from './queue-alerts.ts';
import type { Looked } from './subjects.ts';
import { remedyOf, titleOf } from './texts.ts';
import { checkRules, isWorse, severityOf, times } from './thresholds.ts';

/** Bad findings of subjects that an open incident holds: it lasts, and may be worse than it was. */
export function carryOn(draft: Draft, { bad }: Looked): void {
  const { state, now } = draft;
  for (const incident of Object.values(state.incidents).filter((each) => !isOver(each))) {
    const members = membersOf(state, incident);
    const stillBad = members.filter((member) => bad.has(keyOf(member)));
    if (stillBad.length === 0) continue;
    incident.lastBadAt = now;
    noteLastObject(incident, stillBad, bad);
    if (members.length === 1) describe(incident, members);
    const severity = worstOf(draft, stillBad);
    if (isWorse(severity, incident.severity)) escalate(draft, incident, severity, titleOf(stillBad));
  }
}

/** Opens, reopens and widens incidents for every subject that is bad for long enough and in none. */
export function open(draft: Draft, { bad }: Looked): void {
  const due = [...bad.keys()].sort().flatMap((key) => {
    const subject = draft.state.subjects[key];
    return subject !== undefined && isDue(draft, subject) ? [subject] : [];
  });
  const turned = [...due, ...confirmedCanaries(draft, due)];
  const again = Map.groupBy(turned, (subject) => continued(draft, subject));
  for (const [incident, members] of again) {
    if (incident !== undefined) reopen(draft, incident, members, bad);
  }
  for (const group of groupsOf(draft, again.get(undefined) ?? [])) {
    const into = group.into === undefined ? undefined : draft.state.incidents[group.into];
    if (into === undefined) openNew(draft, group, bad);
    else widen(draft, into, group.members);
  }
}

function isDue(draft: Draft, subject: SubjectState): boolean {
  if (isHeld(draft, subject)) return false;
  // Three runs without a look have been counted before a check is said to be blind.
  return subject.bad >= (subject.subject === checkItself ? 1 : checkRules[subject.check].opensAfter);
}

/** The incident that a subject was in until lately, and that goes on with it. */
function continued({ state }: Draft, { incident: id, firstBadAt }: SubjectState): LiveIncident | undefined {
  const incident = id === undefined ? undefined : state.incidents[id];
  if (incident?.resolvedAt === undefined) return undefined;
  return (firstBadAt ?? 0) - incident.resolvedAt <= times.continues ? incident : undefined;
}

function openNew(draft: Draft, { members }: Group, bad: Looked['bad']): void {
  const { state, rules, now } = draft;
  const about = aboutOf(members);
  const id = newIncidentId(state, { stage: rules.stage, ...about, at: now });
  const since = Math.min(now, ...members.map((member) => member.since ?? now));
  const incident: LiveIncident = {
    id,
    ...about,
    service: rules.stage,
    environment: rules.environment,
    severity: worstOf(draft, members),
    title: titleOf(members),
    remedy: remedyOf(members),
    since,
    openedAt: now,
    lastBadAt: now,
    events: 0,
    lastEventAt: now,
    channels: {},
  };
  state.incidents[id] = incident;
  for (const member of members) member.incident = id;
  noteLastObject(incident, members, bad);

  const { check, subjects, apps, severity, title, remedy, service, environment } = incident;
  const evidence = evidenceOf(members, bad);
  const occasion = record(draft, incident, {
    verb: 'opened',
    check,
    subjects: [...subjects],
    apps: [...apps],
    severity,
    title,
    remedy,
    since,
    service,
    environment,
    evidence,
  });
  announce(draft, incident, 'opened', occasion);
}

/** Tells of it, or says on its timeline why nobody is told. */
export function announce(draft: Draft, incident: LiveIncident, reason: string, occasion: string): void {
  if (isMuted(draft, incident)) recordMutes(draft, incident);
  tell(draft, incident, reason, occasion);
}

function reopen(
  draft: Draft,
  incident: LiveIncident,
  members: readonly SubjectState[],
  bad: Looked['bad'],
): void {
  cancel(draft, incident, ['resolve']);
  delete incident.resolvedAt;
  delete incident.escalatedAt;
  // Also those that would not have opened one yet: the incident holds them again.
  // A canary that silence confirmed is bad by its last look, even where its check could not look now.
  const nowBad = membersOf(draft.state, incident).filter(
    (member) => bad.has(keyOf(member)) || members.includes(member),
  );
  incident.severity = worstOf(draft, nowBad);
  incident.lastBadAt = draft.now;
  noteLastObject(incident, nowBad, bad);
  if (incident.subjects.length === 1) describe(incident, members);
  const reason = titleOf(nowBad);
  const { severity, title, remedy } = incident;
  const occasion = record(draft, incident, { verb: 'reopened', reason, severity, title, remedy });
  announce(draft, incident, 'reopened', occasion);
}

/** Adds subjects to an open incident. Whoever was told of it is at it already; whoever hears of these only is not. */
function widen(draft: Draft, incident: LiveIncident, added: readonly SubjectState[]): void {
  const { subjects, apps } = aboutOf(added);
  for (const member of added) member.incident = incident.id;
  incident.subjects = [...new Set([...incident.subjects, ...subjects])];
  incident.apps = [...new Set([...incident.apps, ...apps])];
  incident.since = Math.min(incident.since, ...added.map(({ since }) => since ?? incident.since));
  incident.lastBadAt = draft.now;
  describe(incident, membersOf(draft.state, incident));
  const occasion = record(draft, incident, { verb: 'widened', subjects, apps });
  tellOthers(draft, incident, occasion);
}

/** What is owed is told to all of them in its time. */
function tellOthers(draft: Draft, incident: LiveIncident, occasion: string): void {
  if (incident.owed !== undefined) return;
  const knowing = new Set(Object.keys(incident.channels));
  const others = routingOf(draft, incident).channels.filter((channel) => !knowing.has(channel));
  if (others.length > 0 && isMuted(draft, incident)) incident.owed = 'unmuted';
  else trigger(draft, incident, 'opened', occasion, others);
}

function escalate(draft: Draft, incident: LiveIncident, to: Severity, reason: string): void {
  const { severity: from, title, remedy } = incident;
  const occasion = record(draft, incident, { verb: 'escalated', from, to, reason, title, remedy });
  incident.severity = to;
  delete incident.acknowledgedUntil;
  cancel(draft, incident, ['acknowledge']);
  delete incident.waitingSince;
  tell(draft, incident, 'escalated', occasion);
}

function aboutOf(members: readonly SubjectState[]): {
  readonly check: IncidentCheck;
  readonly subjects: string[];
  readonly apps: string[];
} {
  const checks = new Set(members.map(({ check }) => check));
  const [first = 'records'] = checks;
  return {
    check: checks.has('canary') ? 'canary' : first,
    subjects: [...new Set(members.map(({ subject }) => subject))],
    apps: [...new Set(members.flatMap(({ app }) => app ?? []))],
  };
}

/** The title and the remedy as they are now. */
function describe(incident: LiveIncident, members: readonly SubjectState[]): void {
  incident.title = titleOf(members);
  incident.remedy = remedyOf(members);
}

function worstOf({ rules }: Draft, members: readonly SubjectState[]): Severity {
  const worst = members.some(({ status }) => status === 'critical') ? 'critical' : 'warning';
  return severityOf(worst, rules.environment);
}

function noteLastObject(incident: LiveIncident, members: readonly SubjectState[], bad: Looked['bad']): void {
  const keys = members.map((member) => bad.get(keyOf(member))?.evidence['lastObject']);
  const last = keys.find((key) => typeof key === 'string');
  if (last !== undefined) incident.lastObject = last;
}

/** Of one subject its check's evidence, of several one line each. */
function evidenceOf(members: readonly SubjectState[], bad: Looked['bad']): Evidence {
  const [only] = members;
  const finding = only === undefined ? undefined : bad.get(keyOf(only));
  if (members.length === 1 && finding !== undefined) return finding.evidence;
  return Object.fromEntries(
    members.filter(({ status }) => isBad(status)).map(({ subject, summary }) => [subject, summary]),
  );
}
