/**
 * The one definition of what a Lambda bundle is. `npm run build` writes dist/<function>/index.mjs, and beside it what
 * that imports, for every file in functions/, and the stack deploys those very folders.
 */
import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type BuildOptions, build } from 'esbuild';

const root = import.meta.dirname;

/**
 * esbuild's options for one function, whose handler is `outfile`.
 *
 * Split: what is imported only when it is needed (the SDK's ways to sign in, the client of SQS) stays in files of its
 * own, which a cold start does not read.
 * `mainFields` puts `module` first: the SDK's CommonJS builds would double the bundle and its start.
 * The banner gives CommonJS dependencies inside an ESM bundle the `require` they expect.
 */
export function bundleOptions(entry: string, outfile: string): BuildOptions {
  return {
    entryPoints: [{ in: entry, out: basename(outfile, '.mjs') }],
    outdir: dirname(outfile),
    outExtension: { '.js': '.mjs' },
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    mainFields: ['module', 'main'],
    legalComments: 'none',
    logLevel: 'warning',
    banner: {
      js: "import{createRequire as cisternRequire}from'node:module';const require=cisternRequire(import.meta.url);",
    },
  };
}

/** Bundles every function into `outDir`; returns their names. */
export async function buildFunctions(outDir = join(root, 'dist')): Promise<string[]> {
  const files = (await readdir(join(root, 'functions'))).filter((file) => file.endsWith('.ts'));
  const names = files.map((file) => basename(file, '.ts'));
  await Promise.all(
    names.map(async (name) => {
      // What a former build left there would be deployed as well.
      await rm(join(outDir, name), { recursive: true, force: true });
      await build(bundleOptions(join(root, 'functions', `${name}.ts`), join(outDir, name, 'index.mjs')));
    }),
  );
  return names;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const names = await buildFunctions();
  console.log(`built ${names.map((name) => `dist/${name}/index.mjs`).join(', ')}`);
}
