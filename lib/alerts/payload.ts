import type { Alert } from '../incidents/alert.ts';
import { cut, headline, oneLine } from './text.ts';

/** An alert for machines, below about 20 KB whatever it says; times as ISO 8601. */
export function alertPayload(alert: Alert): unknown {
  const { since, at, lastedMs, subjects, apps, title, remedy, command, ...rest } = alert;
  return {
    ...rest,
    headline: cut(headline(alert), 1_024),
    title: cut(oneLine(title), 1_024),
    remedy: cut(oneLine(remedy), 1_024),
    command: cut(oneLine(command), 1_024),
    subjects: names(subjects),
    subjectCount: subjects.length,
    apps: names(apps),
    appCount: apps.length,
    since: new Date(since).toISOString(),
    at: new Date(at).toISOString(),
    ...(lastedMs === undefined ? {} : { lastedSeconds: Math.round(lastedMs / 1000) }),
  };
}

/** Of more names only the first are listed; the count beside them is of all. */
const maxNames = 50;

export function names(all: readonly string[]): string[] {
  return all.slice(0, maxNames).map((name) => cut(oneLine(name), 100));
}
