import { Command, CommanderError } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { commandNames, isCommandName, loadCommand, namedCommand } from './commands.ts';
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

Where the archive and the drains are:
  --data DIR    a directory (CISTERN_DATA, ./data)
  --stage NAME  a deployed stage on AWS (CISTERN_STAGE)

Exit codes: 0 done, 1 failed, 2 bad input. CISTERN_DEBUG=1 adds the stack to an error.`;

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
    .addHelpText('after', examples);
  if (isCommandName(wanted)) root.addCommand(await loadCommand(wanted));
  else for (const name of commandNames) root.addCommand(namedCommand(name));
  throwErrors(root);
  return root;
}

/** Commander throws instead of printing and exiting, so that every error is told in one place. */
function throwErrors(command: Command): void {
  command.exitOverride().configureOutput({ outputError: () => undefined });
  for (const child of command.commands) throwErrors(child);
}
