/** A drain's token, `d.<uuid>`: Heroku's name for one drain. Made only by {@link parseDrainToken}. */
export type DrainToken = string & { readonly __brand: 'DrainToken' };

const pattern = /^d\.[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function parseDrainToken(text: string | undefined): DrainToken | undefined {
  return text !== undefined && pattern.test(text) ? (text as DrainToken) : undefined;
}
