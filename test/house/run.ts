/** `npm run check`: prints what the layout forbids and exits with 1 if there is any. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { importsOf, problemsOf } from './imports.ts';

const root = join(import.meta.dirname, '..', '..');
const imports = [];
for (const folder of ['lib', 'functions', 'infra', 'cli']) {
  for (const name of await readdir(join(root, folder), { recursive: true })) {
    const path = `${folder}/${name.replaceAll('\\', '/')}`;
    if (path.endsWith('.ts')) imports.push(...importsOf(path, await readFile(join(root, path), 'utf8')));
  }
}
const problems = problemsOf(imports);
for (const problem of problems) process.stderr.write(`${problem}\n`);
process.exitCode = problems.length === 0 ? 0 : 1;
