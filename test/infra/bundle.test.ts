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
  expect(inputs).not.toContain('lib/config.ts');
  expect(inputs.filter((input) => input.includes('node_modules/zod/v4/classic/'))).toEqual([]);
  expect(inputs.filter((input) => /node_modules\/(?:aws-cdk-lib|constructs)\//.test(input))).toEqual([]);
});
