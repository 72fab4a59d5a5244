import { Command, CommanderError } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { source } from './commands.ts';
import { environmentTable } from './help/environment.ts';
import { endWithPipe } from './shared/output.ts';

const examples = `
Examples:
  cistern serve                          receive batches here, keep them in ./data
  cistern drain add my-app               make a drain URL for the Heroku app my-app
  cistern send <url> app.log             send a file as Logplex would
  cistern ls my-app --since 1h           what is stored
  cistern cat my-app --since 1h          the messages themselves
  cistern usage my-app --since 7d        how much is stored, and what that costs a month
  cistern spool status                   what waits between receiver and archive
  cistern incident list --open           what is not over yet
  cistern watch --config cistern.json    what is wrong now, and what to do
  cistern smoke my-app                   does a batch arrive, and can it be read back?

Environment (a flag counts before its variable):
${environmentTable()}

Exit codes: 0 done, 1 failed, 2 bad input. More: cistern help formats, exit-codes, environment, times.`;

// A server outlives whoever reads its output.
if (process.argv[2] !== 'serve') endWithPipe();
try {
  await (await program(process.argv[2])).parseAsync();
} catch (error) {
  // Help and version end in an error of commander's, too: neither waits for what an error needs.
  if (!(error instanceof CommanderError && error.exitCode === 0))
    (await import('./shared/errors.ts')).reportError(error);
}

async function program(wanted: string | undefined): Promise<Command> {
  const root = new Command('cistern')
    .description('The log-drain archive for Heroku: every batch kept, byte for byte.')
    .version(packageJson.version)
    .helpCommand(false)
    .addHelpText('after', examples);
  for (const name of source.names) {
    const loaded = name === wanted ? await source.load(name) : undefined;
    root.addCommand(loaded ?? source.named(name));
  }
  throwErrors(root);
  return root;
}

/** Commander throws instead of printing and exiting, so that every error is told in one place. */
function throwErrors(command: Command): void {
  command.exitOverride().configureOutput({ outputError: () => undefined });
  for (const child of command.commands) throwErrors(child);
}
