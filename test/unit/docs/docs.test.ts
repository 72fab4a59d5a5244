import { existsSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { source } from '../../../cli/commands.ts';
import type { Route } from '../../../lib/config/alert-config.ts';
import { type Config, parseConfig } from '../../../lib/config/config.ts';
import { checkNames } from '../../../lib/findings/finding.ts';
import { checkRules } from '../../../lib/incidents/rules/thresholds.ts';
import {
  anchors,
  code,
  type Document,
  documents,
  jsonBlocks,
  links,
  repository,
  tableAfter,
} from '../../support/documents.ts';

const all = documents();
const commands = (await Promise.all(source.names.map(source.load))).filter(
  (command) => command !== undefined,
);

function page(path: string): Document {
  const found = all.find((document) => document.path === path);
  if (found === undefined) throw new Error(`there is no page ${path}`);
  return found;
}

test.each(all)('every link of $path leads somewhere', (document) => {
  const broken = links(document).filter((target) => !leadsSomewhere(document, target));
  expect(broken).toEqual([]);
});

function leadsSomewhere({ path }: Document, target: string): boolean {
  if (/^https?:/.test(target)) return true;
  const [file = '', anchor] = target.split('#');
  const to = file === '' ? path : posix.join(posix.dirname(path), file);
  if (!existsSync(join(repository, to))) return false;
  return anchor === undefined || anchors(page(to)).includes(anchor);
}

test.each(all)('every command of $path is there, with its flags', (document) => {
  const lines = code(document).flatMap(commandLines);
  expect(lines.flatMap((line) => wrongIn(line) ?? [])).toEqual([]);
});

/** What follows `cistern` where a command may stand, up to what the shell makes of the rest. */
function commandLines(line: string): string[] {
  const calls = line.split(/npm run -s cistern --(?= )|(?:^|[$(|&;"] ?)cistern(?= )/).slice(1);
  return calls.map((call) => call.replaceAll(/"[^"]*"|'[^']*'/g, 'text').split(/ [|>#&→]|[;)`…]/)[0] ?? '');
}

/** Undefined where all is well; prose that merely begins with Cistern's name is no command. */
function wrongIn(line: string): string | undefined {
  const [first = '', second, ...rest] = line.trim().split(/\s+/);
  if (!/^[a-z]+$/.test(first)) return undefined;
  const command = commands.find((each) => each.name() === first);
  if (command === undefined) return `${first}: there is no such command`;
  if (command.commands.length === 0) return unknownFlag(command, [second ?? '', ...rest]);
  if (second === undefined || !/^[a-z]+$/.test(second)) return undefined;
  const sub = command.commands.find((each) => each.name() === second);
  return sub === undefined ? `${first} ${second}: there is no such command` : unknownFlag(sub, rest);
}

function unknownFlag(command: Command, words: readonly string[]): string | undefined {
  const known = new Set(command.options.map(({ long }) => long));
  const flags = words.flatMap((word) => /^\[?(--[a-z-]+)/.exec(word)?.[1] ?? []);
  const unknown = flags.find((flag) => flag !== '--help' && !known.has(flag));
  return unknown === undefined ? undefined : `${command.name()} ${unknown}: there is no such flag`;
}

test.each(['cistern.service', 'Dockerfile'])('docs/run-it.md shows deploy/%s as it is', (name) => {
  expect(page('docs/run-it.md').text).toContain(
    `\`\`\`${name === 'Dockerfile' ? 'dockerfile' : 'ini'}\n${readFileSync(join(repository, 'deploy', name), 'utf8')}\`\`\``,
  );
});

test('every command is on some page', () => {
  const lines = all.flatMap(code).flatMap(commandLines);
  const names = commands.flatMap((command) =>
    command.commands.length === 0
      ? command.name()
      : command.commands.map((sub) => `${command.name()} ${sub.name()}`),
  );
  const missing = names.filter((name) => !lines.some((line) => `${line.trim()} `.startsWith(`${name} `)));
  expect(missing).toEqual([]);
});

test('every npm script that a page names is there', () => {
  const { scripts } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
  const named = all.flatMap((document) =>
    code(document).flatMap((line) =>
      [...line.matchAll(/npm run (?:-s )?([a-z:]+)/g)].map(([, name]) => name),
    ),
  );
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining([...new Set(named)]));
});

describe('the watch', () => {
  test.each(checkNames)('%s has a runbook, and its row in the README', (check) => {
    expect(page(`docs/runbooks/${check}.md`).text).toMatch(`# Runbook: ${check}\n`);
    const rows = tableAfter(page('README.md'), '## It tells you');
    expect(rows.map(([name]) => name)).toContain(check);
  });

  test('its page says after how many looks each check opens an incident', () => {
    const rows = tableAfter(page('docs/watch.md'), '## What is checked');
    const said = rows.map((cells) => [/\[(\w+)\]/.exec(cells[0] ?? '')?.[1], Number(cells.at(-1)?.[0])]);
    const rules = Object.entries(checkRules).map(([check, { opensAfter }]) => [check, opensAfter]);
    expect(Object.fromEntries(said)).toEqual(Object.fromEntries(rules));
  });
});

describe('docs/configuration.md', () => {
  const configuration = page('docs/configuration.md');
  const keysAfter = (heading: string) =>
    tableAfter(configuration, heading).map(([key = '']) => key.replaceAll('`', ''));

  test('lists every key, and no other', () => {
    const keys = {
      stage: 1,
      apps: 1,
      environment: 1,
      alerts: 1,
      urgentEmails: 1,
      runbookBase: 1,
      incidentDays: 1,
      retentionDays: 1,
      infrequentAccessDays: 1,
      objectLock: 1,
      delivery: 1,
      archiver: 1,
      temporaryApps: 1,
      kmsKeyArn: 1,
      reservedConcurrency: 1,
      accountConcurrency: 1,
      functionLogDays: 1,
    } satisfies Record<keyof Config, 1>;
    expect(keysAfter('## Keys').sort()).toEqual(Object.keys(keys).sort());
    const app = { name: 1, silenceMinutes: 1, activeHours: 1, contact: 1 } satisfies Record<
      keyof Config['apps'][number],
      1
    >;
    expect(keysAfter('## Apps').sort()).toEqual(Object.keys(app).sort());
    const route = {
      severities: 1,
      checks: 1,
      apps: 1,
      environments: 1,
      channels: 1,
      fallback: 1,
      escalate: 1,
    } satisfies Record<keyof Route, 1>;
    expect(keysAfter('*Routes* say').sort()).toEqual(Object.keys(route).sort());
  });

  test('says the defaults as they are', () => {
    const rows = tableAfter(configuration, '## Keys').flatMap(([key = '', value = '']) => {
      const json = /^`([^`]+)`/.exec(value)?.[1];
      return json === undefined ? [] : [[key.replaceAll('`', ''), JSON.parse(json)]];
    });
    expect(rows.length).toBeGreaterThan(8);
    expect(parseConfig(Object.fromEntries(rows))).toEqual(parseConfig({}));
  });

  test('has examples that are good', () => {
    const [whole, app] = jsonBlocks(configuration);
    expect(whole).toHaveProperty('context.cistern');
    if (typeof whole === 'object' && whole !== null && 'context' in whole) {
      expect(() => parseConfig(Reflect.get(Object(whole.context), 'cistern'))).not.toThrow();
    }
    expect(() => parseConfig({ apps: [app] })).not.toThrow();
  });
});
