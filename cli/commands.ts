import { Command } from 'commander';
import type { CommandSource } from './command-source.ts';

interface CommandEntry {
  readonly description: string;
  /** The command without its description. Loaded only when it is called, since some commands load much. */
  readonly load: () => Promise<Command>;
}

/** Every command, in the order of the help. */
export const commands = {
  serve: {
    description: 'receive batches over HTTP and keep them in a directory, or in a bucket',
    load: async () => (await import('./serve/serve.ts')).serveCommand(),
  },
  drain: {
    description: 'add, show, rotate and retire the drains that may send here',
    load: async () => (await import('./drain/drain.ts')).drainCommand(),
  },
  alert: {
    description: 'show and test who is told when something is wrong, and set the secrets for it',
    load: async () => (await import('./alert/alert.ts')).alertCommand(),
  },
  send: {
    description: 'send the lines of a file or of stdin to a drain URL, as Logplex would',
    load: async () => (await import('./send/send.ts')).sendCommand(),
  },
  ls: {
    description: 'list the stored objects of an app: what they hold, and what was lost or malformed',
    load: async () => (await import('./read/ls.ts')).lsCommand(),
  },
  cat: {
    description: 'print the messages of an app, each once, as `heroku logs` would',
    load: async () => (await import('./read/cat.ts')).catCommand(),
  },
  usage: {
    description: 'how much an app stores, and what its archive costs a month at this rate',
    load: async () => (await import('./read/usage.ts')).usageCommand(),
  },
  cost: {
    description: 'what a stage on AWS costs a month, from what its drains send in a month',
    load: async () => (await import('./cost/cost.ts')).costCommand(),
  },
  spool: {
    description: 'what waits between receiver and archive, what is stuck there, and how to get it moving',
    load: async () => (await import('./spool/spool.ts')).spoolCommand(),
  },
  incident: {
    description: 'what the watch has opened, and what people do about it',
    load: async () => (await import('./incident/incident.ts')).incidentCommand(),
  },
  mute: {
    description: 'tell nobody of a check, an app or anything, for some time',
    load: async () => (await import('./incident/mute.ts')).muteCommand(),
  },
  unmute: {
    description: 'end a mute before its time',
    load: async () => (await import('./incident/mute.ts')).unmuteCommand(),
  },
  smoke: {
    description: "send a batch to an app's drain URL and read it back from the archive, now",
    load: async () => (await import('./smoke/smoke.ts')).smokeCommand(),
  },
  watch: {
    description: 'look at everything now: what is wrong, since when, and what to do',
    load: async () => (await import('./watch/watch.ts')).watchCommand(),
  },
  job: {
    description: 'list the scheduled jobs, and run one now',
    load: async () => (await import('./job/job.ts')).jobCommand(),
  },
  completion: {
    description: 'print what makes bash, zsh or fish complete commands, flags, apps and stages',
    load: async () => (await import('./completion/completion.ts')).completionCommand(source),
  },
  help: {
    description: 'explain a command, or a topic: formats, exit-codes, environment, times',
    load: async () => (await import('./help/help.ts')).helpCommand(source),
  },
} as const satisfies Record<string, CommandEntry>;

export type CommandName = keyof typeof commands;

/** For the commands that speak of the others. */
export const source: CommandSource = {
  names: Object.keys(commands),
  named: (name) => new Command(name).description(isCommandName(name) ? commands[name].description : ''),
  load: async (name) => {
    if (!isCommandName(name)) return undefined;
    const { description, load } = commands[name];
    return (await load()).description(description);
  },
};

function isCommandName(text: string): text is CommandName {
  return Object.hasOwn(commands, text);
}
