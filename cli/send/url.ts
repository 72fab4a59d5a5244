import { createHash } from 'node:crypto';
import { type DrainToken, parseDrainToken } from '../../lib/logplex/drain-token.ts';
import { CliError } from '../shared/errors.ts';

/** Where to post, and as whom. */
export interface SendUrl {
  /** Without credentials, so that it may be shown. */
  readonly url: URL;
  readonly authorization?: string;
}

/**
 * Takes the credentials out of a drain URL for HTTP Basic. As Logplex does, they are not URL-decoded, and a
 * lone user name goes with an empty password. Throws {@link CliError}.
 */
export function sendUrlArgument(text: string): SendUrl {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new CliError(
      `'${text}' is no drain URL, which starts with http:// or https://: \`cistern drain url <app>\` prints one.`,
    );
  }
  url.username = '';
  url.password = '';
  url.hash = '';
  const userinfo = /^[^/]*\/\/([^/?#]*)@/.exec(text)?.[1];
  if (userinfo === undefined) return { url };
  const pair = userinfo.includes(':') ? userinfo : `${userinfo}:`;
  return { url, authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}

/** A drain token of its own for each host and path, the same each time: one URL, one drain. */
export function tokenOf({ url }: SendUrl): DrainToken | undefined {
  const hex = createHash('sha256').update(`${url.host}${url.pathname}`).digest('hex');
  const groups = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)];
  return parseDrainToken(`d.${groups.join('-')}`);
}
