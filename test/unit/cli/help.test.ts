import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { source } from '../../../cli/commands.ts';
import { environment } from '../../../cli/help/environment.ts';
import { topics } from '../../../cli/help/topics.ts';
import { repository } from '../../support/documents.ts';

/** Every command that runs something, by its whole name. */
const leaves = (await Promise.all(source.names.map(source.load))).flatMap((command) =>
  command === undefined ? [] : leavesOf(command, command.name()),
);

function leavesOf(command: Command, name: string): { readonly name: string; readonly command: Command }[] {
  if (command.commands.length === 0) return [{ name, command }];
  return command.commands.flatMap((sub) => leavesOf(sub, `${name} ${sub.name()}`));
}

const flagsOf = ({ options }: Command) => options.map(({ long }) => long);

test('every command that prints data prints it as JSON, too', () => {
  // They print nothing on stdout, or what is meant for a shell or for reading. `serve` prints JSON lines by itself.
  const others = /^(serve|alert set|drain (map|unmap|retire)|completion .+|help)$/;
  const without = leaves
    .filter(({ command }) => !flagsOf(command).includes('--json'))
    .map(({ name }) => name);
  expect(without.filter((name) => !others.test(name))).toEqual([]);
});

test('--since, --until and --tz come together', () => {
  const ranged = leaves.filter(({ command }) => flagsOf(command).includes('--since'));
  expect(ranged.map(({ name }) => name)).toEqual([
    'ls',
    'cat',
    'usage',
    'incident list',
    'incident followups',
    'incident recurrence',
  ]);
  for (const { name, command } of ranged) {
    expect(flagsOf(command), name).toEqual(expect.arrayContaining(['--until', '--tz']));
  }
});

test('the table of variables has every one that the command line reads', () => {
  const files = readdirSync(join(repository, 'cli'), { recursive: true, encoding: 'utf8' });
  const text = files
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(join(repository, 'cli', file), 'utf8'))
    .join('');
  const read = [...text.matchAll(/(?:env(?:ironment)?\[|\.env\()'(CISTERN_[A-Z_]+)'/g)].map(
    ([, name]) => name,
  );
  expect([...new Set(read)].sort()).toEqual(Object.keys(environment).sort());
});

test('the help names its topics, and no line of them is wider than 120 columns', () => {
  expect(source.named('help').description()).toContain(Object.keys(topics).join(', '));
  const wide = Object.values(topics).flatMap(({ text }) =>
    text.split('\n').filter((line) => line.length > 120),
  );
  expect(wide).toEqual([]);
});
