/**
 * Environment variables that a function can't do without, by name. Throws at the start with the name of every
 * one that is missing or empty. By hand: a schema library costs a cold start some
 * hundredths more (docs/performance.md).
 */
export function requireVariables<Name extends string>(
  ...names: readonly Name[]
): Readonly<Record<Name, string>> {
  const missing = names.filter((name) => !process.env[name]);
  if (missing.length > 0) throw new Error(`set the environment variables ${missing.join(', ')}`);
  return Object.fromEntries(names.map((name) => [name, process.env[name]])) as Record<Name, string>;
}
