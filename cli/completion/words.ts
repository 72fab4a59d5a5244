import type { Argument, Command, Option } from 'commander';
import type { CommandSource } from '../command-source.ts';
import { topics } from '../help/topics.ts';
import type { TargetOptions } from '../shared/target.ts';
import { knownApps, knownStages } from './known.ts';

export interface Suggestion {
  readonly word: string;
  readonly description: string;
}

/**
 * What can stand in place of the last of `words`: those of the line up to the cursor, without `cistern` itself. Empty
 * where nothing is known, or only a file name can stand there.
 */
export async function suggest(source: CommandSource, words: readonly string[]): Promise<Suggestion[]> {
  // bash makes three words of `--stage=production`, zsh and fish make one.
  const given = words.at(-1) === '=' ? [...words, ''] : words;
  const parts = given.filter((word) => word !== '=').flatMap((word) => splitFlag(word));
  const current = parts.pop() ?? '';
  const [flag, value] = splitFlag(words.at(-1) ?? '');
  const prefix = value === undefined ? '' : `${flag}=`;
  return (await suggestAfter(source, parts, current))
    .filter(({ word }) => word.startsWith(current))
    .map(({ word, description }) => ({ word: `${prefix}${word}`, description }));
}

function splitFlag(word: string): string[] {
  const [, flag, value] = /^(--[a-z-]+)=(.*)$/.exec(word) ?? [];
  return flag === undefined || value === undefined ? [word] : [flag, value];
}

async function suggestAfter(
  source: CommandSource,
  [name, ...words]: readonly string[],
  current: string,
): Promise<Suggestion[]> {
  if (name === undefined) return source.names.map(source.named).map(described);
  const loaded = await source.load(name);
  if (loaded === undefined) return [];
  const { command, open, position, target } = read(loaded, words);
  if (open !== undefined) return valuesOf(open.long ?? '', open, target);
  if (name === 'help') return [...topicNames(), ...source.names.map(source.named).map(described)];
  const help = command.createHelp();
  if (current.startsWith('-')) {
    return help.visibleOptions(command).map(({ long, description }) => ({ word: long ?? '', description }));
  }
  if (command.commands.length > 0) return help.visibleCommands(command).map(described);
  const argument = command.registeredArguments[position];
  return argument === undefined ? [] : valuesOf(argument.name(), argument, target);
}

interface Line {
  readonly command: Command;
  /** The flag whose value comes next. */
  readonly open: Option | undefined;
  /** How many arguments are there already. */
  readonly position: number;
  readonly target: TargetOptions;
}

function read(first: Command, words: readonly string[]): Line {
  let command = first;
  let open: Option | undefined;
  let position = 0;
  const target: { data?: string; stage?: string } = {};
  for (const word of words) {
    if (open !== undefined) {
      if (open.long === '--data') target.data = word;
      if (open.long === '--stage') target.stage = word;
      open = undefined;
    } else if (word.startsWith('-')) {
      open = command.options.find(({ long, short, required }) => required && [long, short].includes(word));
    } else {
      const next = command.commands.find((each) => each.name() === word);
      if (next === undefined) position += 1;
      else command = next;
    }
  }
  return { command, open, position, target };
}

async function valuesOf(
  name: string,
  { argChoices, description }: Argument | Option,
  target: TargetOptions,
): Promise<Suggestion[]> {
  const plain = (word: string) => ({ word, description });
  if (argChoices !== undefined) return argChoices.map(plain);
  switch (name) {
    case 'app':
    case 'what':
    case '--app':
      return (await knownApps(target)).map(plain);
    case '--stage':
      return (await knownStages()).map(plain);
    case '--delivery':
      return ['direct', 'buffered'].map(plain);
    default:
      return [];
  }
}

function described(command: Command): Suggestion {
  return { word: command.name(), description: command.description() };
}

function topicNames(): Suggestion[] {
  return Object.entries(topics).map(([word, { description }]) => ({ word, description }));
}
