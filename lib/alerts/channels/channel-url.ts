/** An address that may be posted to: https, without user and password. Made by {@link parseChannelUrl} only. */
export type ChannelUrl = URL & { readonly __brand: 'ChannelUrl' };

export interface UrlRules {
  /** Lets http through to this machine itself: for tests, whose servers have no certificate. */
  readonly loopbackHttp?: true;
}

/** Undefined for what is no such address. */
export function parseChannelUrl(text: string, { loopbackHttp }: UrlRules = {}): ChannelUrl | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const secure = url.protocol === 'https:' || (loopbackHttp === true && isLoopbackHttp(url));
  return secure && url.username === '' && url.password === '' ? (url as ChannelUrl) : undefined;
}

function isLoopbackHttp({ protocol, hostname }: URL): boolean {
  return protocol === 'http:' && hostname === '127.0.0.1';
}
