#!/usr/bin/env node
import { Command } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { reportError } from './shared/errors.ts';
import { endWithPipe } from './shared/output.ts';

/** In the order of the help. Loaded only when asked for, since some of them load much. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import('./serve/serve.ts')).serveCommand(),
  drain: async () => (await import('./drain/drain.ts')).drainCommand(),
  alert: async () => (await import('./alert/alert.ts')).alertCommand(),
  send: async () => (await import('./send/send.ts')).sendCommand(),
  ls: async () => (await import('./read/ls.ts')).lsCommand(),
  cat: async () => (await import('./read/cat.ts')).catCommand(),
  usage: async () => (await import('./read/usage.ts')).usageCommand(),
  cost: async () => (await import('./cost/cost.ts')).costCommand(),
  spool: async () => (await import('./spool/spool.ts')).spoolCommand(),
  incident: async () => (await import('./incident/incident.ts')).incidentCommand(),
  mute: async () => (await import('./incident/mute.ts')).muteCommand(),
  unmute: async () => (await import('./incident/mute.ts')).unmuteCommand(),
  smoke: async () => (await import('./smoke/smoke.ts')).smokeCommand(),
  watch: async () => (await import('./watch/watch.ts')).watchCommand(),
  job: async () => (await import('./job/job.ts')).jobCommand(),
};

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
  reportError(error);
}

async function program(wanted = ''): Promise<Command> {
  const root = new Command('cistern')
    .description('The log-drain archive for Heroku: every batch kept, byte for byte.')
    .version(packageJson.version)
    .addHelpText('after', examples);
  const only = Object.hasOwn(commands, wanted) ? [wanted] : Object.keys(commands);
  for (const name of only) {
    const command = await commands[name]?.();
    if (command !== undefined) root.addCommand(command);
  }
  throwErrors(root);
  return root;
}

/** Commander throws instead of printing and exiting, so that every error is told in one place. */
function throwErrors(command: Command): void {
  command.exitOverride().configureOutput({ outputError: () => undefined });
  for (const child of command.commands) throwErrors(child);
}
