import { join } from 'node:path';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { bundleOptions } from '../../esbuild.config.ts';
import { temporaryFolder } from './synthesise.ts';

test("a function's bundle leaves the configuration and the whole of zod to those who deploy", async () => {
  const entry = join(import.meta.dirname, '..', '..', 'functions', 'receiver.ts');
  const options = bundleOptions(entry, join(temporaryFolder(), 'index.mjs'));
  const { metafile } = await build({ ...options, write: false, metafile: true });
  const inputs = Object.keys(metafile.inputs);
  expect(inputs.filter((input) => input.startsWith('lib/drains/'))).not.toEqual([]);
  expect(inputs).not.toContain('lib/config/config.ts');
  expect(inputs.filter((input) => input.includes('node_modules/zod/v4/classic/'))).toEqual([]);
  expect(inputs.filter((input) => /node_modules\/(?:aws-cdk-lib|constructs)\//.test(input))).toEqual([]);
});

test('a cold start of the receiver does not read the client of SQS, which direct delivery seldom needs', async () => {
  const entry = join(import.meta.dirname, '..', '..', 'functions', 'receiver.ts');
  const options = bundleOptions(entry, join(temporaryFolder(), 'index.mjs'));
  const { metafile } = await build({ ...options, write: false, metafile: true });
  const [first = ''] = Object.keys(metafile.outputs).filter((file) => file.endsWith('/index.mjs'));
  const read = new Set([first]);
  for (const file of read) {
    const imports = metafile.outputs[file]?.imports ?? [];
    for (const { path, kind } of imports) if (kind === 'import-statement') read.add(path);
  }
  const holding = (part: string, files: Iterable<string>) =>
    [...files].filter((file) =>
      Object.keys(metafile.outputs[file]?.inputs ?? {}).some((input) => input.includes(part)),
    );
  expect(holding('client-s3/', read)).not.toEqual([]);
  expect(holding('client-sqs/', read)).toEqual([]);
  expect(holding('client-sqs/', Object.keys(metafile.outputs))).not.toEqual([]);
});
