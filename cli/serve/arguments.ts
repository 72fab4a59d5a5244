import { jobs } from '../../lib/jobs/jobs.ts';
import { CliError } from '../shared/errors.ts';

/** As for every command, an empty variable is one that is not set. */
export function forgetEmptyVariables(): void {
  for (const name of Object.keys(process.env)) {
    if (name.startsWith('CISTERN_') && process.env[name] === '') delete process.env[name];
  }
}

/** Throws {@link CliError} for what a script makes of a variable that it forgot: no host would be every host. */
export function notEmpty(flag: string): (text: string) => string {
  return (text) => {
    if (text !== '') return text;
    throw new CliError(`${flag} is empty: give a value, or leave it out`);
  };
}

export function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) {
    throw new CliError(`--port ${text}: a port is a number from 0 to 65535`);
  }
  return port;
}

export function parseMinutes(text: string): number {
  const minutes = Number(text);
  // Who looks less often than the schedule says is reported by the check of jobs.
  const most = jobs.watch.everyMinutes;
  if (!/^\d+(?:\.\d+)?$/.test(text) || minutes > most) {
    throw new CliError(`--watch ${text}: give minutes from 0 (never) to ${most}`);
  }
  return minutes;
}

export function parseDelivery(text: string): 'direct' | 'buffered' {
  if (text === 'direct' || text === 'buffered') return text;
  throw new CliError(`--delivery ${text}: give direct or buffered`);
}

export function parsePublicUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const plain =
    url !== undefined && /^https?:$/.test(url.protocol) && url.pathname === '/' && url.search === '';
  if (!plain || url.username !== '' || url.password !== '') {
    throw new CliError('--url: give scheme and host only, such as https://logs.example.com');
  }
  return url;
}
