const plainPath = /^\/[a-z0-9-]*$/;
/**
 * What may stand before the path of a request target: scheme and authority (RFC 9112, 3.2.2), or an authority alone
 * behind two slashes. A segment with `.`, `:` or `@` names no app, so it is an authority there.
 */
const authority = /^(?:[a-z][a-z0-9+.-]*:\/\/[^/?#]*|\/\/[^/?#]*[.:@][^/?#]*)/i;

/** The path of a request target as it was sent, without the authority and the query: either may hold a secret. */
export function pathOfTarget(target: string): string {
  if (plainPath.test(target)) return target;
  const path = target.replace(authority, '').replace(/[?#].*$/s, '');
  return path === '' ? '/' : path;
}

/**
 * The one name in a path, whatever its case, percent-encoding and number of slashes. Empty for the root, undefined
 * for a path of several names.
 */
export function nameInPath(path: string): string | undefined {
  if (plainPath.test(path)) return path.slice(1);
  const [name = '', ...others] = decodePercent(path)
    .split('/')
    .filter((part) => part !== '');
  return others.length === 0 ? name.toLowerCase() : undefined;
}

function decodePercent(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
