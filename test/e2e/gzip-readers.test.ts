import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseKey } from '../../lib/archive/format/key.ts';
import { planObjects } from '../../lib/spool/plan-objects.ts';
import { seal, testToken } from '../support/batches.ts';
import { repository, tableAfter } from '../support/documents.ts';
import { gzipReaders, outcomes, programs } from '../support/gzip-readers.ts';
import { batch, message } from '../support/messages.ts';
import { Random } from '../support/random.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** Set by `npm run test:readers`. */
const withCompilers = process.env['GZIP_READERS'] === 'all';
const directory = temporaryDirectory();
for (const [name, text] of Object.entries(programs)) writeFileSync(join(directory, name), text);

/** What the members of an object hold, in their order; the object is `object.gz`, as the archiver makes it. */
async function writeObject(): Promise<Buffer[]> {
  const random = new Random(7);
  const t0 = Date.parse('2026-11-21T20:00:00Z');
  const members = await Promise.all(
    // So many, since Java loses members only where they end within some bytes of the end of its buffer.
    Array.from({ length: 300 }, async (_, n) => {
      const time = t0 + n * 1000;
      const text = () => Array.from({ length: random.between(1, 60) }, () => random.next()).join(' ');
      const raw = batch(...Array.from({ length: random.between(1, 12) }, () => message(text(), time)));
      const { key, member } = await seal(raw, {
        token: testToken,
        frameId: `frame-${n}`,
        receivedAt: time,
      });
      const parts = parseKey(key);
      if (parts === undefined) throw new Error(`${key} is no key`);
      return { parts, bytes: member.length, member, raw };
    }),
  );
  const [object, ...others] = planObjects(members, 64 * 1024 * 1024);
  if (object === undefined || others.length > 0) throw new Error('the members are not one object');
  writeFileSync(join(directory, 'object.gz'), Buffer.concat(object.members.map(({ member }) => member)));
  return object.members.map(({ raw }) => raw);
}

const run = ([command = '', ...args]: readonly string[]) =>
  spawnSync(command, args, { cwd: directory, maxBuffer: 64 * 1024 * 1024 });

const installed = new Map(
  [...new Set(gzipReaders.map(({ tool }) => tool))]
    .filter(({ compiles }) => compiles !== true || withCompilers)
    .map((tool) => [tool, run(tool.probe).status === 0]),
);

describe('a gzip reader, of an object of many members', async () => {
  const raws = await writeObject();
  const whole = Buffer.concat(raws);
  const [first = whole] = raws;

  test.for(gzipReaders)('$name', { timeout: 120_000 }, ({ gives, tool, command }, { skip }) => {
    skip(!installed.has(tool), 'it compiles for seconds: npm run test:readers tries it');
    skip(installed.get(tool) === false, `not installed: ${tool.triedWith}, or one like it`);

    const { status, stdout, stderr } = run([...command, 'object.gz']);

    expect(status === 0, String(stderr)).toBe(gives !== 'error');
    if (gives === 'part') {
      const ends = raws.map((_, n) => Buffer.concat(raws.slice(0, n + 1)).length);
      expect(ends).toContain(stdout.length);
      expect(stdout.equals(whole.subarray(0, stdout.length))).toBe(true);
    } else {
      const expected = gives === 'all' ? whole : first;
      expect(stdout.length).toBe(expected.length);
      expect(stdout.equals(expected)).toBe(true);
    }
  });
});

test('docs/archive-format.md lists the readers that are tried, and what they give', () => {
  const path = 'docs/archive-format.md';
  const text = readFileSync(join(repository, path), 'utf8');

  expect(tableAfter({ path, text }, '## Which readers give all members')).toEqual(
    gzipReaders.map(({ name, gives, tool }) => [name, outcomes[gives], tool.triedWith]),
  );
});
