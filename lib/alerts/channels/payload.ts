import { cut, oneLine } from '../../base/text.ts';
import type { Alert } from '../../incidents/alert.ts';
import { headline } from '../text.ts';

/** An alert for machines, below 20 KB whatever it says; times as ISO 8601. */
export function alertPayload(alert: Alert): unknown {
  const { kind, reason, incident, severity, check, stage, environment, lastedMs, test } = alert;
  const { lastObject, contact, runbookUrl } = alert;
  return {
    incident,
    kind,
    reason,
    severity,
    check,
    stage,
    environment,
    headline: cut(headline(alert), 350),
    title: text(alert.title, 300),
    remedy: text(alert.remedy, 500),
    command: text(alert.command, 300),
    subjects: names(alert.subjects, 63),
    subjectCount: alert.subjects.length,
    apps: names(alert.apps, 30),
    appCount: alert.apps.length,
    since: new Date(alert.since).toISOString(),
    at: new Date(alert.at).toISOString(),
    ...(lastObject === undefined ? {} : { lastObject: text(lastObject, 200) }),
    ...(contact === undefined ? {} : { contact: text(contact, 200) }),
    // Half an address leads nowhere.
    ...(runbookUrl === undefined || runbookUrl.length > 500 ? {} : { runbookUrl }),
    ...(lastedMs === undefined ? {} : { lastedSeconds: Math.round(lastedMs / 1000) }),
    ...(test === undefined ? {} : { test }),
  };
}

/** Of more names only the first are listed; the count beside them is of all. */
const maxNames = 40;

export function names(all: readonly string[], maxLength: number): string[] {
  return all.slice(0, maxNames).map((name) => text(name, maxLength));
}

function text(whole: string, max: number): string {
  return cut(oneLine(whole), max);
}
