import { messageOf } from '../../../base/errors.ts';
import { parseAppName } from '../../../drains/app-name.ts';
import { matchesPattern } from '../../../drains/app-patterns.ts';
import { canaryApp } from '../../../drains/canary-app.ts';
import type { Check, Finding, Look } from '../../../findings/finding.ts';
import type { CounterQuery, CountersReader } from '../../../metrics/counters-reader.ts';
import { type LossKind, lossKinds } from './loss-kinds.ts';
import { type Minutes, type News, subjectOf, Told } from './loss-told.ts';

export interface LossOptions {
  readonly counters: CountersReader;
  /** Whether an operator has listed any app: until then, none is missing from the list. */
  readonly listed?: boolean;
  /** Patterns of apps that nobody lists and that come and go. */
  readonly temporaryApps?: readonly string[];
}

/** Messages lost in one look, by all apps together, from which a person is wanted at once. */
const manyLost = 1_000;
/** Looks running with messages lost, of whatever number, from which one is wanted too. */
const manyRuns = 3;

/** The subject that is always reported: it says that counters were read, and remembers what was told. */
const lossSubject = 'stage';

/**
 * What receiver and archiver counted since the last look that is lost, may be lost, or went where nobody meant it to: one
 * subject a kind and app, each told once. Its findings are events: what is quiet is not reported.
 */
export function lossCheck({ counters, listed = true, temporaryApps = [] }: LossOptions): Check {
  return {
    name: 'loss',
    look: async (look) => {
      try {
        return await readLosses(counters, listed ? lossKinds : kindsOfUnlisted, temporaryApps, look);
      } catch (error) {
        const why = messageOf(error);
        return [
          {
            check: 'loss',
            subject: lossSubject,
            status: 'unknown',
            summary: `Whether anything is lost can't be told: ${why}`,
            evidence: {},
            remedy: 'See that the watch may read metrics',
          },
        ];
      }
    },
  };
}

const kindsOfUnlisted = lossKinds.filter(({ counter }) => counter !== 'unlisted');

async function readLosses(
  counters: CountersReader,
  looked: readonly LossKind[],
  temporaryApps: readonly string[],
  look: Look,
): Promise<Finding[]> {
  const { now, signal } = look;
  const told = new Told(look.remembered(lossSubject), counters.since);
  const range = { from: told.from(now), to: now, periodSeconds: 60 } as const;
  const totals = await counters.sums(
    looked.map(({ counter }) => ({ counter })),
    range,
    signal,
  );
  const kinds = looked.flatMap((kind, index) => {
    const total = totals[index];
    return total !== undefined && told.hasNews(kind.counter, total) ? [{ kind, total }] : [];
  });

  const perApp = kinds.filter(({ kind }) => kind.perApp).map(({ kind }) => kind.counter);
  const apps = perApp.length === 0 ? [] : await counters.apps(signal);
  const queries = perApp.flatMap((counter) =>
    apps.map((app): CounterQuery & { app: string } => ({ counter, app })),
  );
  const sums = queries.length === 0 ? [] : await counters.sums(queries, range, signal);

  const findings: Finding[] = [];
  for (const { kind, total } of kinds) {
    const byApp = new Map<string, Minutes>();
    for (const [index, { counter, app }] of queries.entries()) {
      if (counter === kind.counter) byApp.set(app, sums[index] ?? new Map());
    }
    const news = [...told.take(kind.counter, total, byApp)];
    if (kind.counter === 'unlisted') {
      findings.push(...findingOfUnlisted(kind, news, temporaryApps));
      continue;
    }
    // Many that each lost a little have lost much.
    const ofStage = news.reduce((sum, [, { count }]) => sum + count, 0);
    for (const [app, own] of news) {
      const runs = told.runs(subjectOf(kind.counter, app));
      findings.push(findingOf(kind, app, own, { status: statusOf(kind, ofStage, runs), runs }));
    }
  }
  const memory = told.memory(
    now,
    findings.map(({ subject }) => subject),
  );
  return [...findings, bookkeeping(range, memory)];
}

function findingOf(
  kind: LossKind,
  app: string,
  { count, first, last }: News,
  { status, runs }: { readonly status: 'warning' | 'critical'; readonly runs: number },
): Finding {
  const parsed = parseAppName(app);
  const { one, many } = kind.happened;
  const happened = `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
  return {
    check: 'loss',
    subject: subjectOf(kind.counter, app),
    ...(parsed === undefined ? {} : { app: parsed }),
    status,
    summary: app === '' ? happened : `${app}: ${happened}`,
    evidence: { count, firstMinute: iso(first), lastMinute: iso(last), looksRunning: runs },
    remedy: kind.remedy,
    since: first,
  };
}

/** How many names are shown before they are only counted. */
const shownApps = 20;

/** One finding for all apps that nobody listed: twenty review apps are no twenty notifications. */
function findingOfUnlisted(
  kind: LossKind,
  news: readonly (readonly [app: string, News])[],
  temporaryApps: readonly string[],
): Finding[] {
  const meant = news.filter(([app]) => app !== canaryApp && !matchesPattern(temporaryApps, app));
  const [[, first] = [], ...others] = meant;
  if (first === undefined) return [];
  const all = others.reduce(
    (sum, [, { count, first: from, last }]) => ({
      count: sum.count + count,
      first: Math.min(sum.first, from),
      last: Math.max(sum.last, last),
    }),
    first,
  );
  const apps = meant
    .map(([app]) => app)
    .filter((app) => app !== '')
    .sort();
  const more = apps.length > shownApps ? ` and ${apps.length - shownApps} more` : '';
  const names = apps.length === 0 ? '' : ` (${apps.slice(0, shownApps).join(', ')}${more})`;
  const found = findingOf(kind, '', all, { status: 'warning', runs: 1 });
  return [
    { ...found, summary: `${found.summary}${names}`, evidence: { ...found.evidence, apps: apps.length } },
  ];
}

function statusOf({ status }: LossKind, count: number, runs: number): 'warning' | 'critical' {
  if (status !== 'by number') return status;
  return count >= manyLost || runs >= manyRuns ? 'critical' : 'warning';
}

function bookkeeping({ from, to }: { from: number; to: number }, memory: Finding['memory']): Finding {
  return {
    check: 'loss',
    subject: lossSubject,
    status: 'ok',
    summary: 'The counters can be read',
    evidence: { from: iso(from), to: iso(to) },
    remedy: '',
    ...(memory === undefined ? {} : { memory }),
  };
}

function iso(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
