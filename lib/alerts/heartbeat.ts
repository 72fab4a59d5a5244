import type { State } from '../incidents/state.ts';
import { parseChannelUrl, type UrlRules } from './channels/channel-url.ts';

/** How long an alert may be under way before the dead man's switch says so, in milliseconds. */
export const overdueMs = 10 * 60 * 1000;

/**
 * Whether the watch does its work: its state was stored (undefined: it was not), and nothing is unsent for
 * more than {@link overdueMs}. `now` in milliseconds since 1970.
 */
export function healthy(stored: Pick<State, 'unsent'> | undefined, now: number): boolean {
  return stored?.unsent.every(({ queuedAt }) => now - queuedAt <= overdueMs) ?? false;
}

/**
 * Pings the dead man's switch: its address when `well`, `<address>/fail` otherwise (as Healthchecks.io and its
 * kin have it). Undefined when it was pinged, else why not, without the address. Never rejects.
 */
export async function ping(
  address: string,
  well: boolean,
  signal: AbortSignal,
  rules: UrlRules = {},
): Promise<string | undefined> {
  const url = parseChannelUrl(address, rules);
  if (url === undefined) return 'parameter heartbeat is no https address without user and password';
  if (!well) url.pathname = `${url.pathname.replace(/\/$/, '')}/fail`;
  try {
    const response = await fetch(url, {
      headers: { 'user-agent': 'Cistern', connection: 'close' },
      redirect: 'manual',
      signal,
    });
    await response.body?.cancel();
    return response.ok ? undefined : `the dead man's switch answers ${response.status}`;
  } catch (error) {
    const late = error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError');
    return late ? "the dead man's switch did not answer in time" : "the dead man's switch was not reached";
  }
}
