import { describe, expect, test } from 'vitest';
import { importsOf, problemsOf } from '../../house/imports.ts';

/** What is found in files that hold nothing but these imports. */
function problems(files: Readonly<Record<string, readonly string[]>>): string[] {
  return problemsOf(
    Object.entries(files).flatMap(([path, names]) =>
      importsOf(path, names.map((name) => `import { x } from '${name}';\n`).join('')),
    ),
  );
}

describe('an import', () => {
  test.each([
    ['a statement', "import { a } from '../base/text.ts';"],
    ['a type', "import type { A } from '../base/text.ts';"],
    ['a statement of several lines', "import {\n  a,\n  b,\n} from '../base/text.ts';"],
    ['a whole file', "import '../base/text.ts';"],
    ['a file passed on', "export { a } from '../base/text.ts';"],
    ['one that waits until it is needed', "const a = await import('../base/text.ts');"],
  ])('is found in %s', (_, text) => {
    expect(importsOf('lib/watch/a.ts', text)).toEqual([{ from: 'lib/watch/a.ts', to: 'lib/base/text.ts' }]);
  });

  test('of a package keeps its name', () => {
    expect(importsOf('lib/a/b.ts', "import * as z from 'zod';\nexport const from = 'zod';")).toEqual([
      { from: 'lib/a/b.ts', to: 'zod' },
    ]);
  });
});

describe('forbidden', () => {
  test.each([
    ['lib/receiver/a.ts', '@aws-sdk/client-s3', 'only adapters'],
    ['lib/spool/journal/a.ts', '@aws-sdk/client-s3', 'only adapters'],
    ['lib/archive/read/a.ts', '../store/aws/s3-store.ts', 'an adapter imports the port'],
    ['lib/watch/checks/retention/a.ts', './directory/directory-space.ts', 'an adapter imports the port'],
    ['lib/ledger/directory/a.ts', '../aws/s3-ledger.ts', 'an adapter of the disk'],
    ['lib/logplex/a.ts', 'node:fs/promises', 'the wire protocol is pure'],
    ['lib/logplex/a.ts', '../drains/app-name.ts', 'the wire protocol is pure'],
    ['lib/jobs/a.ts', '../../cli/cistern.ts', 'never the other way'],
    ['lib/jobs/a.ts', '../../functions/watch.ts', 'never the other way'],
    ['lib/jobs/a.ts', 'aws-cdk-lib/aws-s3', 'how it is deployed'],
    ['lib/jobs/a.ts', 'commander', 'nothing of the command line'],
    ['functions/a.ts', '../infra/stack.ts', 'functions import lib only'],
    ['functions/a.ts', 'zod', 'zod/mini'],
    ['functions/a.ts', 'constructs', 'how they are deployed'],
    ['infra/a.ts', '../functions/watch.ts', 'only by their bundles'],
    ['infra/a.ts', '@aws-sdk/client-s3', 'calls no service'],
    ['infra/a.ts', '../lib/spool/sqs/sqs-spool.ts', 'calls no service'],
    ['cli/serve/a.ts', '../../infra/stack.ts', 'cli imports lib only'],
    ['cli/serve/a.ts', 'esbuild', 'builds and deploys nothing'],
  ])('%s imports %s', (file, name, because) => {
    expect(problems({ [file]: [name] })).toEqual([expect.stringContaining(because)]);
  });

  test('a file of two services', () => {
    expect(problems({ 'lib/ledger/aws/a.ts': ['@aws-sdk/client-s3', '@aws-sdk/client-ssm'] })).toEqual([
      expect.stringContaining('one service'),
    ]);
  });

  test('a loose file in lib', () => {
    expect(problems({ 'lib/base/a.ts': ['../text.ts'] })).toContainEqual(
      expect.stringContaining('lib/text.ts: lib holds folders only'),
    );
  });

  test.each([
    [
      'rooms',
      { 'lib/a/x.ts': ['../b/y.ts'], 'lib/b/z.ts': ['../c/u.ts'], 'lib/c/v.ts': ['../a/w.ts'] },
      'a circle in lib: ',
    ],
    [
      'folders in a room',
      { 'lib/a/p/x.ts': ['../q/y.ts'], 'lib/a/q/z.ts': ['../p/u.ts'] },
      'a circle in lib/a: ',
    ],
    [
      'nouns of the command line',
      { 'cli/a/x.ts': ['../b/y.ts'], 'cli/b/z.ts': ['../a/w.ts'] },
      'a circle in cli: ',
    ],
  ])('a circle of %s', (_, files, found) => {
    expect(problems(files)).toEqual([expect.stringContaining(found)]);
  });
});

test('what the layout wants is allowed', () => {
  expect(
    problems({
      'lib/archive/store/aws/s3-store.ts': ['@aws-sdk/client-s3', '../store.ts', '../../../base/errors.ts'],
      'lib/spool/sqs/sqs-spool.ts': ['@aws-sdk/client-sqs', '../spool.ts'],
      'lib/spool/journal/journal.ts': ['../spool.ts', 'node:fs/promises'],
      'functions/receiver.ts': ['../lib/archive/store/aws/s3-store.ts', 'zod/mini', '@aws-sdk/client-s3'],
      'cli/serve/serve.ts': ['../shared/output.ts', '../../lib/spool/journal/journal.ts', 'commander'],
      'infra/stack.ts': ['../lib/config/config.ts', 'aws-cdk-lib'],
    }),
  ).toEqual([]);
});
