import { execFile, spawnSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { messageTime } from '../../lib/logplex/timestamp.ts';
import { archiveOfObjects, readBack, testApp } from '../support/batches.ts';
import { repository } from '../support/documents.ts';
import { sealSent, sentBatch, storeSent, t0 } from '../support/sent-batches.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const page = await readFile(join(repository, 'docs/archive-format.md'), 'utf8');
const program = /```python\n(#!\/usr\/bin\/env python3\n[\s\S]*?)```/.exec(page)?.[1] ?? '';
const directory = temporaryDirectory();
const script = join(directory, 'read_archive.py');
await writeFile(script, program);

const hasPython = spawnSync('python3', ['--version']).status === 0;
const python = (...args: readonly string[]) =>
  promisify(execFile)('python3', [...args], { encoding: 'buffer', maxBuffer: 64 * 1024 * 1024 });

const hour = 3_600_000;
const between = Buffer.from('-- the next archive --');

// Without Python there is nothing to compare with: `npm test` needs none.
describe.skipIf(!hasPython)('the reader in docs/archive-format.md', () => {
  test('prints the same bytes as ours, of any archive and range', async () => {
    const archives = fc.tuple(
      fc.array(sentBatch, { minLength: 1, maxLength: 12 }),
      fc.integer({ min: -2 * 24, max: 3 * 24 }),
      fc.integer({ min: 1, max: 30 }),
    );
    const runs: string[][] = [];
    const expected: Buffer[] = [];
    for (const [n, [sent, from, hours]] of fc.sample(archives, { numRuns: 24, seed: 11 }).entries()) {
      const objects = storeSent(await Promise.all(sent.map(sealSent)));
      const root = join(directory, `archive-${n}`);
      for (const [key, body] of objects) {
        await mkdir(dirname(join(root, key)), { recursive: true });
        await writeFile(join(root, key), body);
      }
      const [since, until] = [t0 + from * hour, t0 + (from + hours) * hour];
      const archive = archiveOfObjects([...objects].map(([key, body]) => ({ key, body })));
      const { messages } = await readBack(archive, { since, until });
      runs.push([root, testApp, ...[since, until].map((time) => new Date(time).toISOString())]);
      expected.push(Buffer.concat([...messages.map(({ frame }) => frame), between]));
    }

    // One process for all: Python takes longer to start than to read.
    const { stdout } = await python(
      '-c',
      `import json, runpy, sys; read = runpy.run_path(${JSON.stringify(script)})['main']
for run in json.loads(sys.argv[1]):
    read(*run)
    sys.stdout.buffer.write(${JSON.stringify(between.toString())}.encode())`,
      JSON.stringify(runs),
    );

    expect(stdout.toString('latin1')).toBe(Buffer.concat(expected).toString('latin1'));
  });

  test('takes the same texts for timestamps', async () => {
    const two = (max: number) => fc.nat(max).map((number) => String(number).padStart(2, '0'));
    const text = fc
      .tuple(
        fc.constantFrom('2026', '2028', '1969', '1970', '9999', '0000', '26'),
        two(14),
        two(32),
        fc.constantFrom('T', 'T', 'T', ' ', 't'),
        two(25),
        two(61),
        two(61),
        fc.constantFrom('', '.1', '.748123', '.123456789', '.', '.1234567890'),
        fc.oneof(
          fc.constantFrom('Z', '+00:00', '-00:00', 'z', '', '+0100', '+01'),
          fc.tuple(fc.constantFrom('+', '-'), two(25), two(61)).map(([sign, h, m]) => `${sign}${h}:${m}`),
        ),
      )
      .map(([y, mo, d, t, h, mi, s, f, z]) => `${y}-${mo}-${d}${t}${h}:${mi}:${s}${f}${z}`);
    const texts = fc.sample(text, { numRuns: 5_000, seed: 5 });
    const list = join(directory, 'texts.json');
    await writeFile(list, JSON.stringify(texts));

    const { stdout } = await python(
      '-c',
      `import json, runpy; read = runpy.run_path(${JSON.stringify(script)})['milliseconds']
print(json.dumps([read(text) for text in json.load(open(${JSON.stringify(list)}))]))`,
    );

    const ours = texts.map((each) => {
      const line = Buffer.from(`<190>1 ${each} host app web.1 - text`);
      const time = messageTime(line, 0, line.length);
      return Number.isNaN(time) ? null : time;
    });
    expect(JSON.parse(stdout.toString())).toEqual(ours);
    expect(ours.filter((time) => time !== null).length).toBeGreaterThan(400);
  });
});
