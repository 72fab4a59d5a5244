import { execFile, execFileSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { walkMembers } from '../../lib/archive/format/member.ts';
import { frameMessages } from '../../lib/logplex/frames.ts';
import { archiveOfObjects, mergeMembers, readBack, seal, testApp } from '../support/batches.ts';
import { message, overflow } from '../support/messages.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const t0 = Date.parse('2026-11-21T20:52:47.822Z');

/** Bodies that are framed wrongly, well, or not at all. */
const text = fc.string({ unit: 'binary', maxLength: 30 });
const messages = fc.array(
  fc
    .record({ text, at: fc.integer({ min: -200_000, max: 200_000 }) })
    .map(({ text, at }) => message(text, t0 + at)),
  { minLength: 1, maxLength: 5 },
);
const part = fc.oneof(
  messages.map(frameMessages),
  messages.map((all) => Buffer.concat(all)),
  messages.map((all) => Buffer.concat(all.flatMap((one) => [Buffer.from(`${one.length - 1} `), one]))),
  messages.map((all) => Buffer.concat(all.flatMap((one) => [Buffer.from(`${one.toString().length} `), one]))),
  fc.integer({ min: 1, max: 99 }).map((lost) => frameMessages([overflow(lost, t0)])),
  fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
  fc
    .constantFrom('\n', '\r\n', '12 ', '0 ', `<190>1 2026-11-21T20:52:47Z host app web.1 -\n`, '99 cut')
    .map((one) => Buffer.from(one)),
);
const body = fc.array(part, { maxLength: 5 }).map((parts) => Buffer.concat(parts));
const damage = fc.option(
  fc.record({
    at: fc.double({ min: 0, max: 0.999, noNaN: true }),
    by: fc.integer({ min: 1, max: 255 }),
    cut: fc.boolean(),
  }),
);
/** Objects of up to three batches; some of them damaged, in the data of a member or at their end. */
const object = fc.record({ bodies: fc.array(body, { minLength: 1, maxLength: 3 }), damage });

function damaged(stored: Buffer, change: { at: number; by: number; cut: boolean } | null): Buffer {
  if (change === null) return stored;
  const members = [...walkMembers(stored)];
  const { bytes, offset, headerJson } = members[change.by % members.length] ?? {
    bytes: stored,
    offset: 0,
    headerJson: stored,
  };
  const from = offset + (change.at < 0.2 ? 24 : 24 + headerJson.length);
  const at = from + Math.floor((offset + bytes.length - from) * change.at);
  if (change.cut) return stored.subarray(0, at);
  const changed = Buffer.from(stored);
  changed.writeUInt8(changed.readUInt8(at) ^ change.by, at);
  return changed;
}

function findPython(): boolean {
  try {
    execFileSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 11))'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const folder = temporaryDirectory();
const reader = join(folder, 'read_archive.py');
beforeAll(async () => {
  const page = await readFile(new URL('../../docs/archive-format.md', import.meta.url), 'utf8');
  await writeFile(reader, /^```python\n(.*?)^```$/ms.exec(page)?.[1] ?? '');
});

/** Without python3 of 3.11 or later, which reads all of RFC 3339, there is nothing to compare with. */
test.skipIf(!findPython())(
  "the page's reader prints malformed and damaged batches as we do",
  { timeout: 120_000 },
  async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(object, { minLength: 20, maxLength: 40 }), async (objects) => {
        run += 1;
        const root = join(folder, String(run));
        const stored = new Map<string, Buffer>();
        for (const [n, { bodies, damage }] of objects.entries()) {
          const batches = await Promise.all(
            bodies.map((raw, i) => seal(raw, { frameId: `${run}-${n}-${i}`, receivedAt: t0 + n * 1000 + i })),
          );
          const { key, body } = mergeMembers(batches);
          stored.set(key, damaged(body, damage));
        }
        for (const [key, bytes] of stored) {
          await mkdir(dirname(join(root, key)), { recursive: true });
          await writeFile(join(root, key), bytes);
        }
        const archive = archiveOfObjects([...stored].map(([key, bytes]) => ({ key, body: bytes })));
        for (const [since, until] of [
          [t0 - 3_600_000, t0 + 3_600_000],
          [t0 - 50_000, t0 + 10_000],
        ] as const) {
          const ours = await readBack(archive, { since, until });
          const range = [since, until].map((at) => new Date(at).toISOString());
          const { stdout } = await promisify(execFile)('python3', [reader, root, testApp, ...range], {
            encoding: 'buffer',
            maxBuffer: 64 * 1024 * 1024,
          });
          expect(stdout.toString('latin1')).toBe(
            Buffer.concat(ours.messages.map(({ frame }) => frame)).toString('latin1'),
          );
        }
      }),
      { numRuns: 5 },
    );
  },
);
