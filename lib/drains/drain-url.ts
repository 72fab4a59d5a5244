import type { AppName } from './app-name.ts';

/**
 * A user name, because some senders can't do without one; the secret goes in the password. The receiver takes
 * a secret in either field.
 */
const userName = 'drain';

/** The URL for `heroku drains:add`: without an app, the shared one, to which `/<app>` is still to be added. */
export function drainUrl(receiver: URL, secret: string, app: AppName | undefined): string {
  const path = app === undefined ? '' : `/${app}`;
  return `${receiver.protocol}//${userName}:${secret}@${receiver.host}${path}`;
}

/** The secret in a drain URL that {@link drainUrl} made; undefined in any other text. */
export function secretOfUrl(url: string): string | undefined {
  return /^https?:\/\/[^/:@]*:([A-Za-z0-9]+)@/.exec(url)?.[1];
}

/** Where a receiver answers: http or https, a host, nothing else, since the path names the app. */
export function parseReceiverUrl(text: string): URL | undefined {
  const url = URL.parse(text.trim());
  if (url === null || !/^https?:$/.test(url.protocol)) return undefined;
  return url.href === `${url.origin}/` ? url : undefined;
}

/** Why Heroku could not, or should not, send to a receiver; undefined when there is nothing to say. */
export function drainUrlProblem(receiver: URL): string | undefined {
  if (localHost.test(receiver.hostname)) {
    return `Heroku can't reach ${receiver.host}: use this URL on this machine (curl, cistern send), or put the receiver behind a public https address.`;
  }
  if (receiver.protocol === 'http:') {
    return `${receiver.origin} is not encrypted: Heroku would send the secret and every log line in the clear.`;
  }
  return undefined;
}

const localHost =
  /^(?:localhost|\[::1?\]|0\.0\.0\.0|(?:127|10)(?:\.\d+){3}|192\.168(?:\.\d+){2}|172\.(?:1[6-9]|2\d|3[01])(?:\.\d+){2})$/;

/** Takes user names and passwords out of every URL in a text, also of one that lacks its scheme. */
export function redactCredentials(text: string): string {
  return text.replaceAll(/[^\s/]+@/g, '***@');
}
