import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, chmod, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, test } from 'vitest';
import { ArchiveDirectory } from '../support/archive-directory.ts';
import { mergeMembers, seal, testApp, testToken } from '../support/batches.ts';
import { batch, message, overflow, timestamp } from '../support/messages.ts';
import { runCli } from '../support/run-cli.ts';

const program = fileURLToPath(new URL('../../cli/cistern.ts', import.meta.url));
const t0 = Date.parse('2026-11-21T20:52:47.822Z');
const day = ['--since', '2026-11-21', '--until', '2026-11-22'];
const frameId = 'f'.repeat(32);

let archive: ArchiveDirectory;
beforeEach(async () => {
  archive = await ArchiveDirectory.make();
});

const run = (command: 'cat' | 'ls', ...flags: string[]) =>
  runCli([command, testApp, '--data', archive.data, ...flags]);

describe('cistern cat', () => {
  test('prints the messages of a range as `heroku logs` would', async () => {
    await archive.keep(batch(message('one', t0), message('two', t0 + 1, 'worker.1')));
    await archive.keep(batch(message('a day later', t0 + 86_400_000)));
    expect(await run('cat', ...day)).toEqual({
      code: 0,
      stdout: `${timestamp(t0)} app[web.1]: one\n${timestamp(t0 + 1)} app[worker.1]: two\n`,
      stderr: '',
    });
  });

  test('prints the last hour by default, messages ahead of the clock included', async () => {
    const now = Date.now();
    await archive.keep(
      batch(
        message('old', now - 3_700_000),
        message('recent', now - 60_000),
        message('ahead', now + 200_000),
      ),
      {
        receivedAt: now,
      },
    );
    const { code, stdout } = await run('cat');
    expect(stdout).toMatch(/recent\n.*ahead\n$/);
    expect(stdout).not.toContain('old');
    expect(code).toBe(0);
  });

  test('--raw gives back the very bytes of every batch, in order', async () => {
    const batches = [
      batch(Buffer.from([0, 0xff, 0x0a, 0x1b]), message('a', t0)),
      Buffer.concat([batch(message('b', t0 + 1000)), Buffer.from('12 cut')]),
      batch(message('c', t0 + 2000)),
    ];
    const sealed = await Promise.all(
      batches.map((raw, n) => seal(raw, { frameId: `${n}`, receivedAt: t0 + n * 1000 })),
    );
    const { key, body } = mergeMembers(sealed.slice(0, 2));
    await archive.put(key, body);
    for (const { key, member } of sealed.slice(1)) await archive.put(key, member);
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [program, 'cat', testApp, '--data', archive.data, '--raw', ...day],
      { encoding: 'buffer' },
    );
    expect(stdout).toEqual(Buffer.concat(batches));
  });

  test('--json prints one object a line', async () => {
    await archive.keep(batch(overflow(5, t0), message('after', t0)), { token: testToken, frameId });
    const { stdout } = await run('cat', '--json', ...day);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toMatchObject([
      { kind: 'notice', loss: { code: 'L10', lost: 5 } },
      { kind: 'message', text: 'after', frame: frameId, token: testToken },
    ]);
  });

  test('ends quietly when its reader has seen enough', async () => {
    for (let n = 0; n < 40; n += 1) {
      const lines = Array.from({ length: 400 }, (_, i) => message('x'.repeat(100), t0 + n * 1000 + i));
      await archive.keep(batch(...lines));
    }
    const child = spawn(process.execPath, [program, 'cat', testApp, '--data', archive.data, ...day]);
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    await once(child.stdout, 'data');
    child.stdout.destroy();
    const [code] = await once(child, 'close');
    expect([code, stderr]).toEqual([0, '']);
  });

  test('prints what it can of a damaged object, names the object, and fails', async () => {
    const sealed = await Promise.all(['one', 'two'].map((text, n) => seal(batch(message(text, t0 + n)))));
    const { key, body } = mergeMembers(sealed);
    await archive.put(key, body.subarray(0, body.length - 1));
    await archive.keep(batch(message('three', t0 + 1000)));
    const { code, stdout, stderr } = await run('cat', ...day);
    expect(code).toBe(1);
    expect(stdout).toMatch(/one\n.*two\n.*three\n$/);
    expect(stderr).toContain(`${key}: no readable member at byte ${sealed[0]?.member.length}`);
    expect(stderr).toContain('incomplete: 1 damaged');
  });

  test('prints what can be inflated of a damaged batch, and says how much is missing', async () => {
    const lines = Array.from({ length: 50 }, (_, n) => message(`line ${n} of ${(n * 7919) % 997}`, t0 + n));
    const { key, member } = await seal(batch(...lines), { frameId });
    const middle = Math.floor(member.length * 0.7);
    await archive.put(key, Buffer.concat([member.subarray(0, middle), Buffer.alloc(64, 0xff)]));
    const { code, stdout, stderr } = await run('cat', ...day);
    expect(code).toBe(1);
    expect(stdout).toMatch(/line 0 of 0\n.*line 1 of /);
    expect(stderr).toMatch(
      /member at byte 0: its content has not .*: \d+ of \d+ bytes and \d+ of 50 messages are missing/,
    );
    const { stdout: json } = await run('cat', '--json', ...day);
    expect(JSON.parse(json.split('\n')[0] ?? '')).toMatchObject({
      text: 'line 0 of 0',
      damage: expect.any(String),
    });
  });

  test('names a foreign file and does not fail for it', async () => {
    const { path } = await archive.keep(batch(message('one', t0)));
    await writeFile(path.replace('.gz', '.txt'), 'notes');
    const { code, stdout, stderr } = await run('cat', ...day);
    expect(code).toBe(0);
    expect(stdout).toContain('one');
    expect(stderr).toMatch(/warning: logs\/my-app\/.*\.txt: not a key of this archive\n$/);
  });

  test('a flood of damage is told in a few lines', async () => {
    for (let n = 0; n < 30; n += 1) {
      const { path } = await archive.keep(batch(message('x', t0 + n)));
      await chmod(path, 0o600);
      await appendFile(path, 'junk');
    }
    const { code, stderr } = await run('cat', ...day);
    expect(code).toBe(1);
    expect(stderr.trimEnd().split('\n')).toHaveLength(22);
    expect(stderr).toContain('and 10 more like these');
    expect(stderr).toContain('incomplete: 30 damaged');
  });
});

describe('cistern ls', () => {
  test('lists what each object holds, and a total', async () => {
    const sealed = await Promise.all([
      seal(batch(overflow(12, t0), message('a', t0)), { frameId }),
      seal(batch(message('b', t0 + 1000), message('c', t0 + 1001))),
    ]);
    const { key, body } = mergeMembers(sealed);
    await archive.put(key, body);
    await archive.keep(Buffer.concat([batch(message('d', t0 + 5000)), Buffer.from('cut')]));
    const { code, stdout, stderr } = await run('ls', ...day);
    const lines = stdout.split('\n');
    expect(lines[0]).toMatch(/^TIME \(UTC\) +MEMBERS +MESSAGES +RAW +STORED +KEY$/);
    expect(lines[1]).toMatch(
      /^2026-11-21T20:52:47\.822Z +2 +4 +\d+ B +[\d.]+ k?B {2}logs\S+\.gz {2}L10: 12 lost$/,
    );
    expect(lines[1]).toContain(key);
    expect(lines[2]).toMatch(/^2026-11-21T20:52:52\.822Z +1 +1 .* malformed: 1$/);
    expect(lines[3]).toMatch(/^total: 2 objects, 3 members, 5 messages, .* L10: 12 lost, malformed: 1$/);
    expect([code, stderr]).toEqual([0, '']);
  });

  test('--json prints one object a line', async () => {
    const raw = batch(overflow(12, t0), message('a', t0));
    const { key, member } = await seal(raw, { frameId });
    await archive.put(key, member);
    const { stdout } = await run('ls', '--json', ...day);
    expect(JSON.parse(stdout)).toEqual({
      key,
      time: '2026-11-21T20:52:47.822Z',
      members: 1,
      messages: 2,
      bytes: raw.length,
      stored: member.length,
      losses: { L10: 12 },
      malformed: 0,
    });
  });

  test('lists an object when one of its batches is in the range', async () => {
    const [early, late] = [
      await seal(batch(message('early', t0))),
      await seal(batch(message('late', t0 + 1_800_000))),
    ];
    const { key, body } = mergeMembers([early, late]);
    await archive.put(key, body);
    const since = (ms: number) => ['--since', new Date(t0 + ms).toISOString()];
    expect((await run('ls', '--json', ...since(1_700_000))).stdout).toContain(key);
    expect((await run('ls', '--json', ...since(1_900_000))).stdout).toBe('');
  });

  test('names a damaged object and fails', async () => {
    const { key, member } = await seal(batch(message('one', t0)));
    await archive.put(key, member.subarray(0, 20));
    const { code, stdout, stderr } = await run('ls', ...day);
    expect(code).toBe(1);
    expect(stdout).toContain(key);
    expect(stderr).toContain(`${key}: no readable member at byte 0`);
  });
});

describe.each(['cat', 'ls'] as const)('cistern %s', (command) => {
  test('says so when nothing was ever stored for the app, and fails', async () => {
    expect(await run(command)).toEqual({
      code: 1,
      stdout: '',
      stderr: `cistern: nothing is stored for my-app in ${archive.data}.\n`,
    });
  });

  test('says so when the range holds nothing, which is no failure', async () => {
    await archive.keep(batch(message('one', t0)));
    expect(await run(command, '--since', '2026-12-01', '--until', '2026-12-02')).toEqual({
      code: 0,
      stdout: '',
      stderr:
        'nothing of my-app from 2026-12-01T00:00:00.000Z to 2026-12-02T00:00:00.000Z; what is stored begins at 2026-11-21T20:52:47.822Z\n',
    });
  });

  test.each([
    [['My_App'], "'My_App' can't be an app"],
    [[], "missing required argument 'app'"],
    [[testApp, '--since', 'soon'], "--since 'soon' is no time"],
    [[testApp, '--since', '1h', '--until', '2h'], 'is not before'],
    [[testApp, '--sinse', '1h'], "unknown option '--sinse'"],
    [[testApp, '--data', 'data', '--stage', 'prod'], 'cannot be used with'],
  ])('refuses %j in one line, with exit code 2', async (args, why) => {
    const { code, stdout, stderr } = await runCli([command, ...args], {
      env: { CISTERN_DATA: archive.data },
    });
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(why);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  test('has help that teaches', async () => {
    const { code, stdout } = await runCli([command, '--help']);
    expect(code).toBe(0);
    for (const part of ['--since', '7d', 'Fields of --json', 'Exit codes', 'Examples:'])
      expect(stdout).toContain(part);
  });
});
