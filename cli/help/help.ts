import { Command } from 'commander';
import type { CommandSource } from '../command-source.ts';
import { CliError } from '../shared/errors.ts';
import { bold, print } from '../shared/output.ts';
import { topics } from './topics.ts';

export function helpCommand(source: CommandSource): Command {
  return new Command('help')
    .argument('[topic...]', 'a command, or a topic')
    .action(async ([name, ...rest]: string[], _options: object, command: Command) => {
      if (name === undefined) command.parent?.outputHelp();
      else if (Object.hasOwn(topics, name)) printTopic(name);
      else await printCommand(source, name, rest);
    });
}

function printTopic(name: string): void {
  const topic = topics[name];
  if (topic !== undefined) print(`${bold(`${name}: ${topic.description}`)}\n\n${topic.text}`);
}

async function printCommand(source: CommandSource, name: string, rest: readonly string[]): Promise<void> {
  const loaded = await source.load(name);
  if (loaded === undefined) {
    throw new CliError(
      `there is no command or topic '${name}'. Topics: ${Object.keys(topics).join(', ')}. Commands: ${source.names.join(', ')}.`,
    );
  }
  subcommand(new Command('cistern').addCommand(loaded), [name, ...rest]).outputHelp();
}

/** Throws {@link CliError}. */
function subcommand(command: Command, [name, ...rest]: readonly string[]): Command {
  if (name === undefined) return command;
  const found = command.commands.find((each) => each.name() === name);
  if (found !== undefined) return subcommand(found, rest);
  throw new CliError(`${command.name()} has no command '${name}'.`);
}
