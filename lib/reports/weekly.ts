import { withIsoTimes } from '../base/iso-times.ts';
import { readRecords } from '../incidents/records/records.ts';
import type { IncidentStore } from '../incidents/store/incident-store.ts';
import { type Ledger, LedgerError } from '../ledger/ledger.ts';
import { type Digest, digest } from './digest.ts';
import { digestMarkdown } from './digest-markdown.ts';
import { type Week, WeekError } from './week.ts';

/** Reads the incidents up to the end of a week, and makes its digest. Throws {@link WeekError} for one to come. */
export async function digestOf(store: IncidentStore, week: Week, now: number): Promise<Digest> {
  if (week.from > now) throw new WeekError(`${week.name} has not begun yet`);
  return digest(await readRecords(store, { until: week.to }), week);
}

/** Where the digest of a week is kept in the ledger. */
export function digestKeys({ name }: Week): { readonly json: string; readonly markdown: string } {
  const key = `reports/incidents/weekly/${name}`;
  return { json: `${key}.json`, markdown: `${key}.md` };
}

/**
 * Makes the digest of a week and keeps it in the ledger, in the place of an earlier one of the same week.
 * `now` in milliseconds since 1970.
 */
export async function reportWeek(
  { store, ledger }: { readonly store: IncidentStore; readonly ledger: Ledger },
  week: Week,
  now: number,
): Promise<Digest> {
  const made = await digestOf(store, week, now);
  const { json, markdown } = digestKeys(week);
  await put(ledger, json, `${JSON.stringify(withIsoTimes(made), undefined, 2)}\n`);
  await put(ledger, markdown, digestMarkdown(made));
  return made;
}

const tries = 5;

/** The newest one stays: whoever makes it makes the same. */
async function put(ledger: Ledger, key: string, text: string): Promise<void> {
  const body = Buffer.from(text);
  for (let left = tries; left > 0; left -= 1) {
    const there = await ledger.read(key);
    if (there?.body.equals(body)) return;
    if ((await ledger.replace(key, body, there?.version)) === 'replaced') return;
  }
  throw new LedgerError(`${key} was replaced by others ${tries} times in a row`, true);
}
