import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { bundleOptions } from '../../esbuild.config.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const built = new Map<string, Promise<string>>();

/**
 * The path of a function's bundle, made once a test file by the very definition that `npm run build` uses, in a
 * folder that has no node_modules above it.
 */
export function bundleOf(name: string): Promise<string> {
  const known = built.get(name);
  if (known !== undefined) return known;
  const outfile = join(temporaryDirectory(), name, 'index.mjs');
  const entry = fileURLToPath(new URL(`../../functions/${name}.ts`, import.meta.url));
  const made = build(bundleOptions(entry, outfile)).then(() => outfile);
  built.set(name, made);
  return made;
}
