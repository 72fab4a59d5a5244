import { appPrefix, keysFrom, type ObjectKey, parseKey } from '../../../archive/format/key.ts';
import type { PageLister } from '../../../archive/store/page-lister.ts';
import type { AppName } from '../../../drains/app-name.ts';

/** What can be told of an app's keys with two list requests. */
export type Sighting =
  /** There is a key from the instant on that was asked for; not always the newest one. */
  | { readonly kind: 'fresh'; readonly key: ObjectKey }
  /** There is none. */
  | { readonly kind: 'silent' }
  /** Others lie where the key would. */
  | { readonly kind: 'hidden'; readonly by: string };

/** The newest key, as far as one page shows it. */
export interface NewestKey {
  readonly key: ObjectKey;
  /** False where there may be newer ones. */
  readonly exact: boolean;
}

export interface Span {
  /** Milliseconds since 1970. Keys more than 5 min ahead of `now` don't count. */
  readonly from: number;
  readonly now: number;
}

const maxAheadMs = 5 * 60 * 1000;
const fullPage = 1000;

/**
 * Whether an app has a key of the span. One list request; a second one only where an object that is no key of
 * the archive sorts first in it.
 */
export async function lookForKey(
  lister: PageLister,
  app: AppName,
  { from, now }: Span,
  signal: AbortSignal,
): Promise<Sighting & { readonly requests: number }> {
  const end = keysFrom(app, now + maxAheadMs + 1);
  const [first] = await lister.page(appPrefix(app), keysFrom(app, from), 1, signal);
  // Whatever sorts behind the span, be it a key that is ahead of the clock, has no key of the span behind it.
  if (first === undefined || first >= end) return { kind: 'silent', requests: 1 };
  if (isKey(first)) return { kind: 'fresh', key: first, requests: 1 };
  const page = await lister.page(appPrefix(app), first, fullPage, signal);
  const key = keysBefore(end, page)[0];
  if (key !== undefined) return { kind: 'fresh', key, requests: 2 };
  return reaches(end, page) ? { kind: 'silent', requests: 2 } : { kind: 'hidden', by: first, requests: 2 };
}

/**
 * The newest key of an app, looked for from a key on that is known, or from its first one. One list request.
 * Undefined when the app has no key at all; `hidden` when none is among the first 1,000 objects.
 */
export async function findNewestKey(
  lister: PageLister,
  app: AppName,
  { known, now }: { readonly known: ObjectKey | undefined; readonly now: number },
  signal: AbortSignal,
): Promise<NewestKey | 'hidden' | undefined> {
  const end = keysFrom(app, now + maxAheadMs + 1);
  const page = await lister.page(appPrefix(app), known ?? appPrefix(app), fullPage, signal);
  const key = keysBefore(end, page).at(-1) ?? known;
  const exact = reaches(end, page);
  if (key !== undefined) return { key, exact };
  return exact ? undefined : 'hidden';
}

/** What a check remembered as a key, where it is one of the app's. */
export function readKey(app: AppName, text: unknown): ObjectKey | undefined {
  if (typeof text !== 'string' || !isKey(text)) return undefined;
  return parseKey(text)?.app === app ? text : undefined;
}

export function epochOf(key: ObjectKey): number {
  return parseKey(key)?.epochMs ?? 0;
}

function keysBefore(end: string, page: readonly string[]): ObjectKey[] {
  return page.filter((key) => key < end).filter(isKey);
}

/** Whether nothing before `end` was left out of the page. */
function reaches(end: string, page: readonly string[]): boolean {
  return page.length < fullPage || (page.at(-1) ?? '') >= end;
}

function isKey(text: string): text is ObjectKey {
  return parseKey(text) !== undefined;
}
