import { Command, Option } from 'commander';
import type { AppName } from '../../lib/drains/app-name.ts';
import type { Severity } from '../../lib/findings/severity.ts';
import { severities } from '../../lib/findings/severity.ts';
import { acknowledge, close, closedEvent, openByHand, resolve } from '../../lib/incidents/commands.ts';
import { handEvent } from '../../lib/incidents/hand-event.ts';
import type { IncidentEvent, IncidentId } from '../../lib/incidents/incident.ts';
import { type Incident, isOver } from '../../lib/incidents/records/record.ts';
import { appArgument } from '../shared/arguments.ts';
import { CliError, exitCodes } from '../shared/errors.ts';
import { note, print, warn } from '../shared/output.ts';
import { configOf } from '../shared/target-config.ts';
import {
  addChangeOptions,
  byHand,
  type ChangeOptions,
  changeState,
  type Incidents,
  idArgument,
  openIncidents,
  reasonOption,
  requireRecord,
  textArgument,
} from './target.ts';
import { jsonOf, printRecordJson } from './words.ts';

/** Opening and ending incidents by hand: what the watch has to know of. */

interface CreateOptions extends ChangeOptions {
  readonly severity: Severity;
  readonly service?: string;
  readonly env?: string;
  readonly app: readonly AppName[];
  readonly remedy: string;
}

export function createCommand(): Command {
  return addChangeOptions(
    new Command('create')
      .description('open an incident by hand, which is told like those of the watch')
      .argument('<title>', 'one line: what is wrong', textArgument('<title>'))
      .addOption(new Option('--severity <P0-P4>', 'P0 and P1 page').choices([...severities]).default('P2'))
      .option('--service <name>', 'whose it is (default: the stage)', textArgument('--service'))
      .option('--env <name>', 'where (default: the environment of the configuration)', textArgument('--env'))
      .option('--app <name>', 'an app that it is about; as often as needed', manyApps, [])
      .option('--remedy <text>', 'what to do', textArgument('--remedy'), ''),
  )
    .addHelpText(
      'after',
      `
Its id is printed on stdout. The next run of the watch, within 5 minutes, tells the channels of its route.

Examples:
  cistern incident create "Checkout answers 500" --severity P1 --app my-app
  id=$(cistern incident create "Moving the database" --severity P3)`,
    )
    .action(create);
}

async function create(title: string, options: CreateOptions): Promise<void> {
  const incidents = await openIncidents(options);
  const config = await configOf(incidents.target, options);
  const opened = {
    ...byHand(options),
    title,
    severity: options.severity,
    service: options.service ?? config.stage,
    environment: options.env ?? config.environment,
    apps: options.app,
    remedy: options.remedy,
  };
  const step = await changeState(incidents, options, (state, rules) => openByHand(state, opened, rules));
  const [event] = step.events;
  if (event === undefined) throw new Error('opening an incident opened none');
  if (options.json) await printChanged(incidents, event.incident);
  else print(event.incident);
  if (step.sends.length === 0) warn('nobody is told: it is muted, or no channel is configured for it');
  else note(`told within 5 minutes, by the watch: ${step.sends.map(({ channel }) => channel).join(', ')}`);
}

function manyApps(text: string, others: readonly AppName[]): AppName[] {
  return [...others, appArgument(text)];
}

export function ackCommand(): Command {
  return addChangeOptions(
    new Command('ack')
      .description('acknowledge an incident: no reminders for 24 hours, or until it gets worse')
      .argument('<incident>', 'its id', idArgument),
  )
    .addHelpText(
      'after',
      `
Acknowledging in PagerDuty does not reach Cistern: do it here, and PagerDuty is told.

Examples:
  cistern incident ack inc_20260131_0915_k3f9qa`,
    )
    .action(async (id: IncidentId, options: ChangeOptions) => {
      const incidents = await openIncidents(options);
      await requireRecord(incidents, id);
      const by = byHand(options);
      await changeState(incidents, options, (state, rules) => acknowledge(state, id, by, rules));
      await tell(incidents, id, options, 'acknowledged for 24 hours');
    });
}

interface EndOptions extends ChangeOptions {
  readonly reason: string;
}

export function resolveCommand(): Command {
  return addChangeOptions(
    new Command('resolve')
      .description('say that an incident is over')
      .argument('<incident>', 'its id', idArgument)
      .addOption(reasonOption().default('resolved by hand')),
  )
    .addHelpText(
      'after',
      `
The watch resolves what it opened when it finds it good twice. While it finds it bad, resolving is refused
(exit code 1): mute it instead.

Examples:
  cistern incident resolve inc_20260131_0915_k3f9qa --reason "the drain is back"`,
    )
    .action((id: IncidentId, options: EndOptions) =>
      end(id, options, 'resolved', (ended) => {
        return handEvent(id, { verb: 'resolved', reason: options.reason }, ended);
      }),
    );
}

export function closeCommand(): Command {
  return addChangeOptions(
    new Command('close')
      .description('close an incident that is over: nothing is left to be done about it')
      .argument('<incident>', 'its id', idArgument)
      .addOption(reasonOption().default('closed by hand')),
  )
    .addHelpText(
      'after',
      `
One that is closed is never continued: the same trouble opens another. Follow-ups stay open.

Examples:
  cistern incident close inc_20260131_0915_k3f9qa --reason "postmortem held"`,
    )
    .action((id: IncidentId, options: EndOptions) =>
      end(id, options, 'closed', (ended) => closedEvent(id, { ...ended, reason: options.reason })),
    );
}

const verbs = { resolved: resolve, closed: close } as const;

/** In the state where the watch still holds the incident, else on its timeline alone. */
async function end(
  id: IncidentId,
  options: EndOptions,
  verb: keyof typeof verbs,
  eventOf: (by: ReturnType<typeof byHand>) => IncidentEvent,
): Promise<void> {
  const incidents = await openIncidents(options);
  const incident = await requireRecord(incidents, id);
  const by = byHand(options);
  if ((await incidents.store.readState())?.state.incidents[id] === undefined) {
    refuseEnded(incident, verb);
    await incidents.store.append(eventOf(by));
  } else {
    const ended = { ...by, reason: options.reason };
    await changeState(incidents, options, (state, rules) => verbs[verb](state, id, ended, rules));
  }
  await tell(incidents, id, options, verb);
}

function refuseEnded(incident: Incident, verb: keyof typeof verbs): void {
  const { id, status } = incident;
  if (verb === 'closed' ? status !== 'closed' : !isOver(incident)) return;
  throw new CliError(`${id} is ${status} already.`, { exitCode: exitCodes.failed });
}

async function tell(
  incidents: Incidents,
  id: IncidentId,
  { json }: ChangeOptions,
  what: string,
): Promise<void> {
  if (json) await printChanged(incidents, id);
  else note(`${id} is ${what}`);
}

async function printChanged(incidents: Incidents, id: IncidentId): Promise<void> {
  printRecordJson(jsonOf(await requireRecord(incidents, id), Date.now()));
}
