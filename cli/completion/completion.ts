import { Argument, Command } from 'commander';
import type { CommandSource } from '../command-source.ts';
import { print } from '../shared/output.ts';
import { scripts } from './scripts.ts';
import { suggest } from './words.ts';

export function completionCommand(source: CommandSource): Command {
  const command = new Command('completion').addHelpText(
    'after',
    `
Examples:
  source <(cistern completion bash)                                     in ~/.bashrc
  source <(cistern completion zsh)                                      in ~/.zshrc, behind compinit
  cistern completion fish > ~/.config/fish/completions/cistern.fish     once`,
  );
  for (const shell of ['bash', 'zsh', 'fish'] as const) {
    command.addCommand(new Command(shell).description(`for ${shell}`).action(() => print(scripts[shell])));
  }
  return command.addCommand(wordsCommand(source), { hidden: true });
}

/** What the shells ask at each Tab. */
function wordsCommand(source: CommandSource): Command {
  return new Command('words').addArgument(new Argument('[words...]')).action(async (words: string[]) => {
    for (const { word, description } of await suggest(source, words)) print(`${word}\t${description}`);
  });
}
