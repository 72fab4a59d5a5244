import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { ArchiveDirectory } from '../support/archive-directory.ts';
import { mergeMembers, seal, testApp } from '../support/batches.ts';
import { batch, message } from '../support/messages.ts';
import { runCli } from '../support/run-cli.ts';

const hour = 3_600_000;
const day = 24 * hour;
const t0 = Date.parse('2026-11-20T00:00:00Z');
const range = ['--since', '2026-11-20', '--until', '2026-11-21'];

let archive: ArchiveDirectory;
beforeEach(async () => {
  archive = await ArchiveDirectory.make();
});

/** One batch an object, and how large each is. */
async function keep(at: number, messages = 2): Promise<{ raw: number; stored: number; path: string }> {
  const raw = batch(
    ...Array.from({ length: messages }, (_, i) => message(`line ${i}`, at - messages + 1 + i)),
  );
  const { member, path } = await archive.keep(raw, { frameId: String(at), receivedAt: at });
  return { raw: raw.length, stored: member.length, path };
}

const usage = (...flags: string[]) => runCli(['usage', testApp, '--data', archive.data, ...flags]);

async function json(...flags: string[]) {
  const run = await usage(...flags, '--json');
  return { ...run, report: JSON.parse(run.stdout) };
}

describe('cistern usage', () => {
  test('counts objects of the range by their keys, each range once', async () => {
    await keep(t0 - 1);
    const kept = [await keep(t0), await keep(t0 + day - 1, 5)];
    await keep(t0 + day);
    const { report, code, stderr } = await json(...range);
    expect([code, stderr]).toEqual([0, '']);
    const raw = kept.reduce((sum, each) => sum + each.raw, 0);
    const stored = kept.reduce((sum, each) => sum + each.stored, 0);
    expect(report).toMatchObject({
      app: testApp,
      from: '2026-11-20T00:00:00.000Z',
      to: '2026-11-21T00:00:00.000Z',
      stored: { objects: 2, members: 2, messages: 7, bytes: raw, storedBytes: stored },
      ratio: raw / stored,
      bytesPerObject: stored / 2,
      month: { objects: 60, members: 60, messages: 210, bytes: 30 * raw, storedBytes: 30 * stored },
    });
  });

  test('counts the members of an object, and the cost of the archive at this rate', async () => {
    await keep(t0 - 1);
    const sealed = await Promise.all(
      [0, 1, 2].map((n) => seal(batch(message('x', t0 + n)), { frameId: `${n}`, receivedAt: t0 + n })),
    );
    const { key, body } = mergeMembers(sealed);
    await archive.put(key, body);
    const { report } = await json(...range, '--retention-days', '90', '--infrequent-access-days', '30');
    expect(report.stored).toMatchObject({ objects: 1, members: 3, messages: 3, storedBytes: body.length });
    const gigabytes = (30 * body.length) / 2 ** 30;
    const infrequent = (30 * 128 * 1024) / 2 ** 30;
    const sums = [(30 / 1000) * 0.005, (30 / 1000) * 0.01, gigabytes * 0.023, infrequent * 5 * 0.0125];
    expect(report.cost.total).toBeCloseTo(
      sums.reduce((a, b) => a + b, 0),
      9,
    );
    const unmoved = await json(...range, '--infrequent-access-days', 'never');
    expect(unmoved.report.cost.total).toBeCloseTo((30 / 1000) * 0.005 + gigabytes * 6 * 0.023, 9);
  });

  test('takes the retention that the target is configured with', async () => {
    await keep(t0);
    const config = join(archive.data, 'other.json');
    await writeFile(config, '{ "retentionDays": 365, "infrequentAccessDays": 60 }');
    const { report } = await json(...range, '--config', config);
    expect(report).toMatchObject({ retentionDays: 365, infrequentAccessDays: 60 });
  });

  test('projects from where the archive begins, and says so', async () => {
    await keep(t0 + 18 * hour);
    const { report, code, stderr } = await json(...range);
    expect(report).toMatchObject({ from: '2026-11-20T18:00:00.000Z', month: { objects: 4 * 30 } });
    expect([code, stderr]).toEqual([
      0,
      'what is stored begins at 2026-11-20T18:00:00.000Z: the month is projected from there\n',
    ]);
  });

  test('prints a table, and whether Infrequent Access pays', async () => {
    await keep(t0);
    const { code, stdout } = await usage(...range, '--infrequent-access-days', 'never');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^objects +1 +30$/m);
    expect(stdout).toMatch(/^S3 PUT +\$0\.005 \/ 1,000 requests +30 +0\.00$/m);
    expect(stdout).toMatch(/never moved; Infrequent Access after 30 days costs \$0\.00 more$/m);
  });

  test('says what is damaged, counts what can be read, and fails', async () => {
    const good = await keep(t0);
    const bad = await keep(t0 + 1);
    await writeFile(bad.path, Buffer.from('not gzip'));
    const { report, code, stderr } = await json(...range);
    expect(report.stored).toMatchObject({
      objects: 2,
      members: 1,
      messages: 2,
      storedBytes: good.stored + 8,
    });
    expect(code).toBe(1);
    expect(stderr).toMatch(/incomplete: 1 damaged/);
  });

  test('leaves foreign files alone, and says so', async () => {
    const { path } = await keep(t0);
    await writeFile(join(dirname(path), 'notes.txt'), 'x');
    const { report, code, stderr } = await json(...range);
    expect([code, report.stored.objects]).toEqual([0, 1]);
    expect(stderr).toMatch(/notes\.txt: not a key of this archive/);
  });

  test('says why there is nothing', async () => {
    expect(await usage(...range)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('nothing is stored for my-app'),
    });
    await keep(t0 + day);
    expect(await usage(...range)).toMatchObject({
      code: 0,
      stdout: '',
      stderr: expect.stringContaining('begins at'),
    });
  });

  test.each([
    [['--since', 'last week'], "--since 'last week' is no time"],
    [['--retention-days', '3'], 'from 90 to 36500'],
    [['--infrequent-access-days', '100', '--retention-days', '90'], 'less than the 90 days of retention'],
  ])('refuses %j', async (flags, why) => {
    const { code, stdout, stderr } = await usage(...flags);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(why);
  });
});
