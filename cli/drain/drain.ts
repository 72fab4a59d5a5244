import { Command } from 'commander';
import {
  type Drains,
  listDrains,
  mapToken,
  secretsOf,
  sharedUrlFor,
  storedUrl,
  unmapToken,
} from '../../lib/drains/admin.ts';
import type { AppName } from '../../lib/drains/app-name.ts';
import type { DrainToken } from '../../lib/logplex/drain-token.ts';
import { appArgument, appOrShared, tokenArgument } from '../shared/arguments.ts';
import { CliError } from '../shared/errors.ts';
import { note, print, printJson, printTable, warn } from '../shared/output.ts';
import {
  addTargetOptions,
  openTarget,
  receiverOf,
  type Target,
  type TargetOptions,
} from '../shared/target.ts';
import { addCommand, retireCommand, rotateCommand } from './secrets.ts';

interface Options extends TargetOptions {
  readonly json?: true;
}

export function drainCommand(): Command {
  return new Command('drain')
    .addCommand(addCommand())
    .addCommand(urlCommand())
    .addCommand(listCommand())
    .addCommand(mapCommand())
    .addCommand(unmapCommand())
    .addCommand(rotateCommand())
    .addCommand(retireCommand())
    .addHelpText(
      'after',
      `
A drain URL carries a secret. One that is bound to an app can write that app's log only; a shared one takes
the app from the URL's path. Any number of secrets may be live, so that rotation loses nothing.

Examples:
  cistern drain add my-app               a URL for my-app alone
  cistern drain rotate my-app            a second one; swap the drains, then retire the first
  cistern drain list                     which secrets are live`,
    );
}

function urlCommand(): Command {
  return addTargetOptions(
    new Command('url')
      .description("print a drain URL again: the app's own, else the shared one with the app in its path")
      .argument('[app]', 'Heroku app; without it, the shared URL', appOrShared),
  )
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Examples:
  cistern drain url my-app
  heroku drains:add "$(cistern drain url my-app)" --app my-app`,
    )
    .action(async (app: AppName | undefined, options: Options) => {
      const target = await openTarget(options);
      const url = await urlOf(target, app);
      if (options.json) printJson({ app: app ?? null, url });
      else print(url);
    });
}

async function urlOf(target: Target, app: AppName | undefined): Promise<string> {
  const { parameters } = target;
  const receiver = await receiverOf(target);
  const own = await storedUrl(parameters, receiver, app);
  if (own !== undefined) return own;
  if ((await secretsOf(parameters, app)).length > 0) {
    throw new CliError(
      `the URL of ${app ?? 'the shared secret'} is not stored here, and a secret can't be had back from its hash: make another with \`cistern drain rotate ${app ?? 'shared'}\`.`,
    );
  }
  const shared = app === undefined ? undefined : await sharedUrlFor(parameters, receiver, app);
  if (shared !== undefined) return shared;
  throw new CliError(
    `${target.describe} has no drain URL${app === undefined ? ' that is shared' : ` for ${app}`}: make one with \`cistern drain add ${app ?? 'shared'}\`.`,
  );
}

function listCommand(): Command {
  return addTargetOptions(
    new Command('list').description('list secrets, mapped drain tokens and apps, never a secret itself'),
  )
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Examples:
  cistern drain list
  cistern drain list --json | jq -r '.secrets[].id'`,
    )
    .action(async (options: Options) => {
      const target = await openTarget(options);
      const drains = await listDrains(target.parameters);
      if (options.json) printJson(asJson(drains));
      else printDrains(drains, target);
      for (const name of drains.invalid) {
        warn(`parameter ${name} holds no valid value and counts for nothing: correct or delete it.`);
      }
    });
}

function asJson({ secrets, tokens, listed, invalid }: Drains): unknown {
  return {
    secrets: secrets.map(({ id, app, current }) => ({ id, app: app ?? null, current })),
    tokens: Object.fromEntries(tokens),
    apps: [...listed].sort(),
    invalid,
  };
}

function printDrains({ secrets, tokens, listed }: Drains, target: Target): void {
  if (secrets.length === 0) {
    note(
      `${target.describe} has no live secret: nobody can send. Make one with \`cistern drain add <app>\`.`,
    );
  } else {
    printTable(
      ['SECRET', 'APP', 'URL'],
      secrets.map(({ id, app, current }) => [id, app ?? '(shared)', current ? 'current' : 'older']),
    );
  }
  if (tokens.size > 0) {
    print('');
    printTable(['DRAIN TOKEN', 'APP'], [...tokens]);
  }
  if (listed.size > 0) {
    print('');
    printTable(
      ['LISTED APPS'],
      [...listed].sort().map((app) => [app]),
    );
  }
}

function mapCommand(): Command {
  return addTargetOptions(
    new Command('map')
      .description('say which app a drain token belongs to, for drains whose URL does not tell')
      .argument('<token>', 'drain token, d.<uuid>', tokenArgument)
      .argument('<app>', 'Heroku app', appArgument),
  )
    .addHelpText(
      'after',
      `
Batches of a drain that names no app are kept as d-<first 8 hex of its token>. \`heroku drains --app <app>\`
shows the tokens. What is stored already stays where it is.

Examples:
  cistern drain map d.9173ea1f-6f14-4976-9cf0-7cd0dafdcdbc my-app`,
    )
    .action(async (token: DrainToken, app: AppName, options: Options) => {
      const { parameters } = await openTarget(options);
      const before = await mapToken(parameters, token, app);
      const was = before === undefined || before === app ? '' : `, no longer to ${before}`;
      note(`${token} now belongs to ${app}${was}. Receivers see it within 60 s.`);
    });
}

function unmapCommand(): Command {
  return addTargetOptions(
    new Command('unmap')
      .description('forget which app a drain token belongs to')
      .argument('<token>', 'drain token, d.<uuid>', tokenArgument),
  )
    .addHelpText(
      'after',
      `
Examples:
  cistern drain unmap d.9173ea1f-6f14-4976-9cf0-7cd0dafdcdbc`,
    )
    .action(async (token: DrainToken, options: Options) => {
      const target = await openTarget(options);
      if (!(await unmapToken(target.parameters, token))) {
        throw new CliError(
          `${token} is not mapped in ${target.describe}; \`cistern drain list\` shows what is.`,
        );
      }
      note(`${token} belongs to no app any more. Receivers see it within 60 s.`);
    });
}
