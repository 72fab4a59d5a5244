import { userInfo } from 'node:os';
import { type Command, Option } from 'commander';
import { oneLine } from '../../lib/base/text.ts';
import { type ByHand, RefusedError } from '../../lib/incidents/commands.ts';
import { type IncidentId, parseIncidentId } from '../../lib/incidents/incident.ts';
import type { Incident } from '../../lib/incidents/records/record.ts';
import { type Records, readRecord } from '../../lib/incidents/records/records.ts';
import type { Step } from '../../lib/incidents/rules/draft.ts';
import { type Rules, rulesOf } from '../../lib/incidents/rules/rules.ts';
import type { State } from '../../lib/incidents/state.ts';
import { UnreadableError } from '../../lib/incidents/store/incident-store.ts';
import { LedgerIncidents } from '../../lib/incidents/store/ledger-incidents.ts';
import { updateState } from '../../lib/incidents/store/update-state.ts';
import type { Ledger } from '../../lib/ledger/ledger.ts';
import { CliError, exitCodes } from '../shared/errors.ts';
import { warn } from '../shared/output.ts';
import { addTargetOptions, openTarget, type Target, type TargetOptions } from '../shared/target.ts';
import { addConfigOption, type ConfigOptions, configOf } from '../shared/target-config.ts';

/** Incidents are read of a target. */
export interface ReadOptions extends TargetOptions {
  readonly json?: true;
}

/** They are changed by somebody. */
export interface ChangeOptions extends ReadOptions, ConfigOptions {
  readonly by?: string;
}

export function addReadOptions(command: Command): Command {
  return addTargetOptions(command).option('--json', 'print JSON');
}

/** For a command that only adds to a timeline. */
export function addNoteOptions(command: Command): Command {
  return addReadOptions(command).option(
    '--by <name>',
    'who does it (default: you, by the name you are logged in with)',
  );
}

/** For a command that changes what the watch goes by: it needs to know the configuration. */
export function addChangeOptions(command: Command): Command {
  return addConfigOption(addNoteOptions(command));
}

/** Why, in the words of who does it. */
export function reasonOption(): Option {
  return new Option('--reason <text>', 'why').argParser(textArgument('--reason'));
}

export interface Incidents {
  readonly target: Target;
  readonly ledger: Ledger;
  readonly store: LedgerIncidents;
}

export async function openIncidents(options: TargetOptions): Promise<Incidents> {
  const target = await openTarget(options);
  const ledger = await target.openLedger();
  return { target, ledger, store: new LedgerIncidents(ledger) };
}

/** Throws {@link CliError}. */
export function idArgument(text: string): IncidentId {
  const id = parseIncidentId(text);
  if (id !== undefined) return id;
  throw new CliError(
    `'${text}' is no incident: give an id such as inc_20260131_0915_k3f9qa, as \`cistern incident list\` shows them.`,
  );
}

const longestText = 4_000;

/** What somebody has to say; not nothing. Throws {@link CliError}. */
export function textArgument(flag: string): (text: string) => string {
  return (text) => {
    const said = text.toWellFormed().trim();
    if (said === '') throw new CliError(`${flag} is empty: say something.`);
    if (said.length <= longestText) return said;
    throw new CliError(
      `${flag} has ${said.length} characters, and at most ${longestText} fit: attach it instead.`,
    );
  };
}

/** Throws {@link CliError} where there is none. What of it can't be understood is told, and the rest goes on. */
export async function requireRecord({ store, target }: Incidents, id: IncidentId): Promise<Incident> {
  const { record, unreadable } = await readRecord(store, id);
  if (unreadable !== undefined) warnUnreadable({ unreadable: [unreadable] });
  if (record !== undefined) return record;
  if (unreadable !== undefined) {
    throw new CliError(`what opened ${id} can't be understood, so nothing can be said of it.`, {
      exitCode: exitCodes.failed,
    });
  }
  throw new CliError(
    `there is no incident ${id} in ${target.describe}: \`cistern incident list\` shows what there is.`,
  );
}

export function warnUnreadable({ unreadable }: Pick<Records, 'unreadable'>): void {
  for (const { id, keys } of unreadable) {
    if (keys.length === 0) warn(`${id}: the event that opens it is missing; it is left out`);
    for (const key of keys) warn(`${key} can't be understood: it is left where it is, and left out here`);
  }
}

export function byHand({ by }: ChangeOptions): ByHand {
  const name = oneLine(by ?? login());
  if (name === '') throw new CliError('--by is empty: say who does it.');
  return { by: name, now: Date.now() };
}

function login(): string {
  try {
    return userInfo().username;
  } catch (cause) {
    // A container may run as a user that has no name.
    throw new CliError('your login name is not known: say with --by who does it.', { cause });
  }
}

/** Changes the state, and says what keeps it from being changed. Throws {@link CliError}. */
export async function changeState(
  { target, store }: Incidents,
  options: ChangeOptions,
  change: (state: State, rules: Rules) => Step,
): Promise<Step> {
  const rules = rulesOf(await configOf(target, options), target.flags);
  try {
    const { step, recorded } = await updateState(store, (state) => change(state, rules));
    if (!recorded) warn('it is done, but not on the timeline yet: the next run of the watch adds it');
    return step;
  } catch (cause) {
    throw explain(cause);
  }
}

export function explain(cause: unknown): unknown {
  if (cause instanceof RefusedError) {
    return new CliError(`${cause.message}.`, { cause, exitCode: exitCodes.failed });
  }
  if (cause instanceof UnreadableError) {
    return new CliError(`${cause.message}. The next run of the watch sets it aside; try again then.`, {
      cause,
      exitCode: exitCodes.failed,
    });
  }
  return cause;
}
