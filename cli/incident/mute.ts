import { Command, Option } from 'commander';
import { instant } from '../../lib/base/text.ts';
import { incidentChecks } from '../../lib/findings/severity.ts';
import { mute, scopeOf, unmute } from '../../lib/incidents/commands.ts';
import type { Mute } from '../../lib/incidents/state.ts';
import { CliError } from '../shared/errors.ts';
import { note, printTable, warn } from '../shared/output.ts';
import { configOf } from '../shared/target-config.ts';
import { timeOf, type ZoneOptions, zoneOption } from '../shared/time-range.ts';
import {
  addChangeOptions,
  byHand,
  type ChangeOptions,
  changeState,
  explain,
  openIncidents,
  reasonOption,
} from './target.ts';
import { plain, printRecordJson } from './words.ts';

interface MuteOptions extends ChangeOptions, ZoneOptions {
  readonly for?: number;
  readonly until?: string;
  readonly reason?: string;
  readonly list?: true;
}

export function muteCommand(): Command {
  return addChangeOptions(
    new Command('mute')
      .argument(
        '[what]',
        'a check, an app, or all; check:<name> or app:<name> where it is both',
        scopeArgument,
      )
      .option('--for <time>', 'how long: 30m, 2h, 3d', lengthArgument)
      .addOption(new Option('--until <time>', 'up to this time: `tomorrow 08:00`').conflicts('for'))
      .addOption(zoneOption())
      .addOption(reasonOption())
      .option('--list', 'list what is muted'),
  )
    .addHelpText(
      'after',
      `
The checks go on, and incidents are opened and resolved; nobody hears of them. It ends by itself: what is bad
then is told. Muting the same again changes how long. Checks: ${incidentChecks.join(', ')}.

Examples:
  cistern mute my-app --for 2h --reason "moving the database"
  cistern mute all --until "2026-11-22 08:00" --tz Europe/Berlin --reason "the database moves"
  cistern mute drain --for 1d --reason "the Heroku API is down"
  cistern mute --list
  cistern unmute my-app`,
    )
    .action(async (scope: string | undefined, options: MuteOptions) => {
      if (options.list === true) return list(scope, options);
      if (scope === undefined) throw new CliError('say what to mute: a check, an app, or all; or --list.');
      if (options.reason === undefined) {
        throw new CliError('--reason is missing: say why, for those who wonder about the silence.');
      }
      await muteScope(scope, { ...options, reason: options.reason });
    });
}

async function muteScope(scope: string, options: MuteOptions & { readonly reason: string }): Promise<void> {
  const by = byHand(options);
  const made = { ...by, scope, until: endOf(options, by.now), reason: options.reason };
  const incidents = await openIncidents(options);
  const { state } = await changeState(incidents, options, (before, rules) => mute(before, made, rules));
  if (options.json) printRecordJson(state.mutes.find((each) => each.scope === scope));
  else {
    const { apps } = await configOf(incidents.target, options);
    if (scope.startsWith('app:') && !apps.some(({ name }) => scope === `app:${name}`)) {
      warn(`no app ${scope.slice('app:'.length)} is configured: see whether it is spelt right`);
    }
    note(`${scope} is muted until ${instant(made.until)}; \`cistern unmute ${scope}\` ends it before`);
  }
}

async function list(scope: string | undefined, options: MuteOptions): Promise<void> {
  const { target, store } = await openIncidents(options);
  const now = Date.now();
  const found = await store.readState().catch((error: unknown) => Promise.reject(explain(error)));
  const mutes = (found?.state.mutes ?? []).filter(
    (each: Mute) => each.until > now && (scope === undefined || each.scope === scope),
  );
  if (options.json) printRecordJson(mutes);
  else if (mutes.length === 0) note(`nothing is muted in ${target.describe}`);
  else {
    printTable(
      ['WHAT', 'UNTIL', 'BY', 'REASON'],
      mutes.map(({ scope: what, until, by, reason }) => [what, instant(until), plain(by), plain(reason)]),
    );
  }
}

export function unmuteCommand(): Command {
  return addChangeOptions(
    new Command('unmute').argument('<what>', 'as it was muted: a check, an app, or all', scopeArgument),
  )
    .addHelpText(
      'after',
      `
Examples:
  cistern unmute my-app`,
    )
    .action(async (scope: string, options: ChangeOptions) => {
      const incidents = await openIncidents(options);
      const by = byHand(options);
      await changeState(incidents, options, (state, rules) => unmute(state, scope, by, rules));
      if (options.json) printRecordJson({ scope, muted: false });
      else note(`${scope} is no longer muted`);
    });
}

/** Throws {@link CliError}. */
function scopeArgument(text: string): string {
  const scope = scopeOf(text);
  if (scope !== undefined) return scope;
  throw new CliError(
    `'${text}' is neither a check nor an app: name an app, all, or one of ${incidentChecks.join(', ')}.`,
  );
}

const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const longestDays = 28;

/** Throws {@link CliError}. */
function lengthArgument(text: string): number {
  const [, amount, unit] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  if (amount !== undefined && (unit === 'm' || unit === 'h' || unit === 'd')) {
    const ms = Number(amount) * unitMs[unit];
    if (ms > 0) return ms;
  }
  throw new CliError(`--for '${text}': give minutes, hours or days, such as 30m, 2h or 3d.`);
}

/** When the mute ends. Throws {@link CliError}. */
function endOf({ for: length, until, ...zone }: MuteOptions, now: number): number {
  if (length === undefined && until === undefined) {
    throw new CliError('--for is missing: say how long, such as --for 2h or --until "tomorrow 08:00".');
  }
  const end = until === undefined ? now + (length ?? 0) : timeOf('--until', until, now, zone);
  if (end <= now) throw new CliError(`--until ${until} is over: give a time to come, or --for 2h.`);
  if (end - now <= longestDays * unitMs.d) return end;
  throw new CliError(
    `that is longer than ${longestDays} days, and what is muted for longer is forgotten: give at most ${longestDays}d.`,
  );
}
