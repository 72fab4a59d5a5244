import { describe, expect, test } from 'vitest';
import { code, documents } from '../support/documents.ts';
import { runCli } from '../support/run-cli.ts';

const team = ['--batches', '1M', '--messages', '400M', '--bytes', '100GB', '--apps', '5'];
const never = ['--infrequent-access-days', 'never'];

async function json(...args: string[]) {
  const { code, stdout, stderr } = await runCli(['cost', ...args, '--json']);
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
}

describe('cistern cost', () => {
  test('prints both deliveries side by side, with totals that are those of --json', async () => {
    const { code, stdout, stderr } = await runCli(['cost', ...team, ...never]);
    expect([code, stderr]).toEqual([0, '']);
    const { estimates } = await json(...team, ...never);
    const cells = (name: string) =>
      stdout
        .split('\n')
        .find((line) => line.startsWith(name))
        ?.split(/ {2,}/);
    expect(cells('S3 PUT')).toEqual([
      'S3 PUT',
      '$0.005 / 1,000 requests',
      '1,000,000',
      '5.00',
      Math.round(estimates[1].objects).toLocaleString('en'),
      ((estimates[1].objects / 1000) * 0.005).toFixed(2),
    ]);
    expect(cells('total')).toEqual([
      'total',
      ...estimates.map((each: { total: number }) => each.total.toFixed(2)),
    ]);
    expect(stdout).toMatch(/^direct: 1,000,000 objects of 20\.1 kB; mostly CloudWatch metrics/m);
    // What comes to nothing is left out.
    expect(stdout).not.toContain('S3 moves');
  });

  test('aligns its columns', async () => {
    const { stdout } = await runCli(['cost', ...team]);
    const [table = ''] = stdout.split('\n\n').slice(1);
    const widths = table.split('\n').map((line) => line.length);
    expect(new Set(widths).size).toBe(1);
  });

  test('takes one delivery, suffixes, and what the archive is set to', async () => {
    const flags = [
      '--delivery',
      'buffered',
      '--window-seconds',
      '300',
      '--ratio',
      '4',
      '--retention-days',
      '365',
    ];
    const { month, estimates, prices } = await json(
      ...['--batches', '1.5k', '--messages', '2000', '--bytes', '4MiB', ...flags],
    );
    expect(month).toMatchObject({
      batches: 1500,
      messages: 2000,
      bytes: 4 * 1024 * 1024,
      windowSeconds: 300,
      ratio: 4,
      retentionDays: 365,
    });
    expect(estimates).toHaveLength(1);
    expect(estimates[0]).toMatchObject({ delivery: 'buffered', storedBytes: 1024 * 1024 });
    expect(prices).toMatchObject({ region: 'us-east-1', asOf: expect.stringMatching(/^\d{4}-\d\d$/) });
  });

  test.each([
    [
      'no number',
      ['--batches', '1X', '--messages', '1', '--bytes', '1'],
      '--batches 1X: give a whole number',
    ],
    ['nothing', ['--batches', '0', '--messages', '1', '--bytes', '1'], '--batches 0: give a whole number'],
    [
      'a part of a batch',
      ['--batches', '1.5', '--messages', '1', '--bytes', '1'],
      '--batches 1.5: give a whole',
    ],
    ['no bytes', ['--batches', '1', '--messages', '1', '--bytes', '1QB'], '--bytes 1QB: give bytes'],
    ['a missing flag', ['--batches', '1', '--messages', '1'], "required option '--bytes <n>'"],
    ['another delivery', [...team, '--delivery', 'later'], 'later'],
    ['too many messages', ['--batches', '1k', '--messages', '2M', '--bytes', '1GB'], 'at most 1,024'],
    ['too large batches', ['--batches', '1', '--messages', '1', '--bytes', '1GB'], 'at most 4500000 bytes'],
    ['bytes without messages', ['--batches', '1k', '--messages', '2k', '--bytes', '1k'], 'less than a byte'],
    [
      'more apps than batches',
      ['--batches', '1', '--messages', '1', '--bytes', '1k', '--apps', '2'],
      '--apps 2',
    ],
    ['a ratio of nothing', [...team, '--ratio', '0'], '--ratio 0: give a number from 0.1 to 1000'],
    ['a short retention', [...team, '--retention-days', '30'], 'from 90 to 36500'],
    ['a soon move', [...team, '--infrequent-access-days', '3'], 'from 30 to 36500, or never'],
    ['a late move', [...team, '--infrequent-access-days', '90'], 'less than the 90 days of retention'],
  ])('refuses %s', async (_, args, why) => {
    const { code, stdout, stderr } = await runCli(['cost', ...args]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(why);
    expect(stderr.trimEnd()).not.toContain('\n');
  });
});

test('docs/cost.md shows what the command prints', async () => {
  const page = documents().find(({ path }) => path === 'docs/cost.md');
  const shown = /\$ npm run -s cistern -- (cost [^\n]*)\n([\s\S]*?)\n```/.exec(page?.text ?? '');
  const { stdout } = await runCli((shown?.[1] ?? '').split(' '));
  expect(shown?.[2]).toBe(stdout.trimEnd());
  expect(page === undefined ? [] : code(page).join('\n')).toContain('cistern -- usage');
});
