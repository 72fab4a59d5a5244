import { expect, test } from 'vitest';
import { runCli } from '../support/run-cli.ts';

test.each([
  [
    ['--help'],
    /^Usage: cistern \[options\] \[command\]\n[\s\S]*\n {2}cat +print the messages[\s\S]*CISTERN_DATA/,
  ],
  [
    ['help'],
    /^Usage: cistern \[options\] \[command\]\n[\s\S]*\n {2}cat +print the messages[\s\S]*CISTERN_DATA/,
  ],
  [['help', 'cat'], /^Usage: cistern cat \[options\] <app>\n/],
  [['help', 'drain', 'add'], /^Usage: cistern drain add \[options\] <app>\n/],
  [['help', 'times'], /^times: what --since and --until understand\n[\s\S]*"yesterday 14:30"/],
  [['help', 'exit-codes'], /0 {3}done\n[\s\S]*watch has four/],
  [['help', 'environment'], /CISTERN_TZ/],
  [['help', 'formats'], /zcat/],
])('%j', async (args, says) => {
  const { code, stdout, stderr } = await runCli(args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(says);
});

test.each([
  [['help', 'nonsense'], "there is no command or topic 'nonsense'. Topics: formats"],
  [['help', 'drain', 'nonsense'], "drain has no command 'nonsense'"],
  [['nonsense'], "unknown command 'nonsense'"],
  [['ls', 'shop', '--since', 'today', '--tz', 'Nowhere'], '--tz Nowhere is no time zone'],
])('%j is refused', async (args, says) => {
  const { code, stdout, stderr } = await runCli(args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain(`cistern: ${says}`);
});
