import type { AppName } from './app-name.ts';

/** A pattern of app names: characters of a name, and `*` for any number of them. */
const pattern = /^[a-z][a-z0-9*-]{1,29}$/;
/** More would only make it slow to match. */
const mostStars = 3;

export function isAppPattern(text: string): boolean {
  return pattern.test(text) && text.split('*').length - 1 <= mostStars;
}

/** Whether one of the patterns takes the name, whole. */
export function matchesPattern(patterns: readonly string[], app: AppName | string): boolean {
  return patterns.some((each) => new RegExp(`^${each.replaceAll('*', '[a-z0-9-]*')}$`).test(app));
}
