/** What holds a time in records, reports and their timelines. */
const timeName = /^(?:at|from|to|since|until|reopenings)$|(?:At|Until)$/;

/** A copy for people and scripts: times as RFC 3339 instead of milliseconds. Evidence stays as its check gave it. */
export function withIsoTimes(value: unknown, name = ''): unknown {
  if (typeof value === 'number') return timeName.test(name) ? new Date(value).toISOString() : value;
  if (Array.isArray(value)) return value.map((each) => withIsoTimes(each, name));
  if (typeof value !== 'object' || value === null || name === 'evidence') return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withIsoTimes(each, key)]));
}
