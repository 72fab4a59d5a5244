import type { AppName } from '../lib/drains/app-name.ts';

/** Bytes that a standard parameter holds (SSM PutParameter, Value). Names are ASCII, so characters are bytes. */
const maxValue = 4096;

/** The values of `drains/listed/0` …: every app's name, comma-separated, in as few parameters as it takes. */
export function listedValues(apps: readonly AppName[]): string[] {
  const values: string[] = [];
  let value = '';
  for (const app of apps) {
    if (value !== '' && value.length + 1 + app.length > maxValue) {
      values.push(value);
      value = '';
    }
    value = value === '' ? app : `${value},${app}`;
  }
  return value === '' ? values : [...values, value];
}
