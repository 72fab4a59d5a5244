import { Command } from 'commander';
import {
  type AddedSecret,
  addSecret,
  type Drains,
  listDrains,
  retireSecret,
  secretsOf,
  storedUrl,
} from '../../lib/drains/admin.ts';
import type { AppName } from '../../lib/drains/app-name.ts';
import { drainUrlProblem } from '../../lib/drains/drain-url.ts';
import { parameterNames } from '../../lib/drains/parameters.ts';
import { appOrShared } from '../shared/arguments.ts';
import { CliError, exitCodes } from '../shared/errors.ts';
import { note, print, printJson, warn } from '../shared/output.ts';
import {
  addTargetOptions,
  openTarget,
  requireReceiver,
  type Target,
  type TargetOptions,
} from '../shared/target.ts';

interface Options extends TargetOptions {
  readonly json?: true;
  readonly yes?: true;
}

export function addCommand(): Command {
  return addTargetOptions(
    new Command('add')
      .description('make a drain URL for an app, with a secret that can write its log only')
      .argument('<app>', 'Heroku app, or `shared` for a secret that any app may use', appOrShared),
  )
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
The URL goes to stdout, the Heroku command that uses it to stderr.

Examples:
  cistern drain add my-app
  cistern drain add my-app --stage prod`,
    )
    .action(async (app: AppName | undefined, options: Options) => {
      const target = await openTarget(options);
      const receiver = await requireReceiver(target);
      const live = await secretsOf(target.parameters, app);
      if (live.length > 0) {
        const name = app ?? 'shared';
        throw new CliError(
          `${app ?? 'the shared URL'} has a live secret already (${live.map(({ id }) => id).join(', ')}): see its URL with \`cistern drain url ${name}\`, or make another with \`cistern drain rotate ${name}\`.`,
        );
      }
      const added = await add(target, receiver, app);
      if (options.json) printJson(asJson(added));
      else print(added.url);
      explainUse(added);
      warnOfProblem(receiver);
    });
}

function add(target: Target, receiver: URL, app: AppName | undefined): Promise<AddedSecret> {
  const { parameters, settleMs } = target;
  if (settleMs > 0) note(`Waiting ${settleMs / 1000} s, until no receiver can refuse it any more …`);
  return addSecret(parameters, receiver, app, { settleMs });
}

export function rotateCommand(): Command {
  return addTargetOptions(
    new Command('rotate')
      .description('make a further secret and its drain URL; the old ones stay live until retired')
      .argument('<app>', 'Heroku app, or `shared`', appOrShared),
  )
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Nothing is lost on the way: add the new drain, remove the old one, and retire the old secret once no batch
arrives with it (the receiver counts batches per secret id).

Examples:
  cistern drain rotate my-app
  cistern drain rotate shared --stage prod`,
    )
    .action(async (app: AppName | undefined, options: Options) => {
      const target = await openTarget(options);
      const receiver = await requireReceiver(target);
      const older = await secretsOf(target.parameters, app);
      if (older.length === 0) {
        const name = app ?? 'shared';
        throw new CliError(
          `${app ?? 'the shared URL'} has no live secret to rotate: make the first with \`cistern drain add ${name}\`.`,
        );
      }
      // As it was stored, and so as Heroku knows it, even where the receiver has moved since.
      const before = await storedUrl(target.parameters, undefined, app);
      const added = await add(target, receiver, app);
      if (options.json) printJson({ ...asJson(added), older: older.map(({ id }) => id) });
      else print(added.url);
      explainSwap(
        added,
        before,
        older.map(({ id }) => id),
      );
      warnOfProblem(receiver);
    });
}

export function retireCommand(): Command {
  return addTargetOptions(
    new Command('retire')
      .description('take a secret out of use; asks first')
      .argument('<id>', "the secret's id, from `cistern drain list`"),
  )
    .option('--yes', 'do not ask')
    .addHelpText(
      'after',
      `
A drain that still sends with a retired secret is refused, and Heroku drops its logs for good. Retire a secret
once the receiver has counted no batch with it for a while.

Examples:
  cistern drain retire my-app-20261103-x7f2
  cistern drain retire my-app-20261103-x7f2 --yes`,
    )
    .action(async (id: string, options: Options) => {
      const target = await openTarget(options);
      const drains = await listDrains(target.parameters);
      const known = drains.secrets.map((secret) => secret.id);
      if (!known.includes(id) && !drains.invalid.includes(`${parameterNames.secrets}${id}`)) {
        const hint = known.length === 0 ? 'there is none' : known.join(', ');
        throw new CliError(`no secret '${id}' in ${target.describe}. Live secrets: ${hint}.`);
      }
      if (!options.yes) await askToRetire(id, drains, target);
      await retireSecret(target.parameters, id);
      note(`${id} is retired. Receivers refuse it within 60 s.`);
    });
}

async function askToRetire(id: string, drains: Drains, target: Target): Promise<void> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new CliError(`retiring ${id} wants a yes: pass --yes where nobody can be asked.`);
  }
  const { confirm } = await import('@clack/prompts');
  warn('drains that still send with it are refused from then on, and Heroku drops their logs for good.');
  for (const consequence of consequences(id, drains)) warn(consequence);
  const message = `Retire ${id} in ${target.describe}?`;
  const answer = await confirm({ message, initialValue: false, output: process.stderr });
  if (answer !== true) throw new CliError(`${id} stays live.`, { exitCode: exitCodes.failed });
}

/** What the operator should know of this secret before it goes. */
function consequences(id: string, { secrets }: Pick<Drains, 'secrets'>): string[] {
  const secret = secrets.find((candidate) => candidate.id === id);
  if (secret === undefined) return [];
  const others = secrets.filter((candidate) => candidate.id !== id);
  if (others.length === 0) return ['it is the last live secret: nobody will be able to send.'];
  if (!others.some(({ app }) => app === secret.app)) {
    return [`it is the last one ${secret.app === undefined ? 'that is shared' : `of ${secret.app}`}.`];
  }
  return secret.current ? ['it is the newest one: `cistern drain url` gives out its URL.'] : [];
}

function asJson({ id, app, url }: AddedSecret): { id: string; app: string | null; url: string } {
  return { id, app: app ?? null, url };
}

function explainUse({ app, url }: AddedSecret): void {
  if (app === undefined) {
    note(
      '\nAny app may use it, its name in the path: `cistern drain url <app>` prints the URL for `heroku drains:add`.',
    );
  } else {
    note(`\nGive it to Heroku:\n  heroku drains:add '${url}' --app ${app}`);
  }
}

function explainSwap({ app, url }: AddedSecret, before: string | undefined, older: readonly string[]): void {
  const name = app ?? '<app>';
  const path = app === undefined ? '/<app>' : '';
  const old = before === undefined ? '<old URL, from `heroku drains`>' : `${before}${path}`;
  note(
    [
      '',
      `Swap the drains${app === undefined ? ' of each app' : ''}, the new one first (lines sent in between are kept twice):`,
      `  heroku drains:add '${url}${path}' --app ${name}`,
      `  heroku drains:remove '${old}' --app ${name}`,
      'Then, once no batch arrives with it:',
      ...older.map((id) => `  cistern drain retire ${id}`),
    ].join('\n'),
  );
}

function warnOfProblem(receiver: URL): void {
  const problem = drainUrlProblem(receiver);
  if (problem !== undefined) warn(problem);
}
