/**
 * The one definition of what a bundle is. `npm run build` writes dist/<function>/index.mjs, and beside it what that
 * imports, for every file in functions/, and the stack deploys those very folders. `npm pack` writes dist/cistern, the
 * bundle of the command line: Node strips no types inside node_modules.
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

/**
 * Bundles the command line into `outDir`. A thread is an entry of its own, which lies beside the chunk that starts it.
 * The dependencies stay outside: npm installs them, with their licences.
 */
export async function buildCommandLine(outDir = join(root, 'dist', 'cistern')): Promise<void> {
  await rm(outDir, { recursive: true, force: true });
  await build({
    entryPoints: ['cistern', 'serve/archiver-thread'].map((name) => join(root, 'cli', `${name}.ts`)),
    entryNames: '[name]',
    outdir: outDir,
    outExtension: { '.js': '.mjs' },
    chunkNames: '[name]-[hash]',
    bundle: true,
    splitting: true,
    packages: 'external',
    platform: 'node',
    target: 'node24',
    format: 'esm',
    define: { 'process.env.CISTERN_PROGRAM': '"cistern"' },
    logLevel: 'warning',
  });
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  if (process.argv[2] === 'cistern') await buildCommandLine();
  else {
    const names = await buildFunctions();
    console.log(`built ${names.map((name) => `dist/${name}/index.mjs`).join(', ')}`);
  }
}
