import { isUtf8 } from 'node:buffer';
import { createHash, randomBytes } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { Command } from 'commander';
import { handEvent } from '../../lib/incidents/hand-event.ts';
import type { IncidentEvent, IncidentId } from '../../lib/incidents/incident.ts';
import type { Incident } from '../../lib/incidents/records/record.ts';
import { checkArtifactName, checkArtifactSize } from '../../lib/incidents/store/artifact.ts';
import { CliError, exitCodes } from '../shared/errors.ts';
import { note, print } from '../shared/output.ts';
import {
  addNoteOptions,
  byHand,
  type ChangeOptions,
  type Incidents,
  idArgument,
  openIncidents,
  requireRecord,
  textArgument,
} from './target.ts';
import { printRecordJson } from './words.ts';

/** What is added to an incident by hand, open or over: it goes onto the timeline and nowhere else. */

export function noteCommand(): Command {
  return addNoteOptions(
    new Command('note')
      .description("write something onto an incident's timeline")
      .argument('<incident>', 'its id', idArgument)
      .argument('<text>', 'what there is to say', textArgument('<text>')),
  )
    .addHelpText(
      'after',
      `
Examples:
  cistern incident note inc_20260131_0915_k3f9qa "Heroku has confirmed it: status.heroku.com/incidents/2900"`,
    )
    .action(async (id: IncidentId, text: string, options: ChangeOptions) => {
      const incidents = await openIncidents(options);
      await requireRecord(incidents, id);
      await add(incidents, handEvent(id, { verb: 'noted', text }, byHand(options)), options, 'noted');
    });
}

interface FollowUpOptions extends ChangeOptions {
  readonly owner: string;
  readonly due: string;
}

export function followupCommand(): Command {
  return addNoteOptions(
    new Command('followup')
      .description('add a follow-up: what is to be done once the incident is over')
      .argument('<incident>', 'its id', idArgument)
      .argument('<text>', 'what is to be done', textArgument('<text>'))
      .requiredOption('--owner <name>', 'who does it', textArgument('--owner'))
      .requiredOption(
        '--due <day>',
        'until when, YYYY-MM-DD; overdue from the next day on, UTC',
        dayArgument,
      ),
  )
    .addHelpText(
      'after',
      `
Its own id is printed on stdout: \`cistern incident done\` takes it.

Examples:
  cistern incident followup inc_20260131_0915_k3f9qa "Raise the threshold" --owner ada --due 2026-02-14
  cistern incident followups --overdue`,
    )
    .action(async (id: IncidentId, text: string, options: FollowUpOptions) => {
      const incidents = await openIncidents(options);
      await requireRecord(incidents, id);
      const { owner, due } = options;
      const followUp = `f-${randomBytes(4).toString('hex')}`;
      const event = handEvent(id, { verb: 'follow-up-added', followUp, text, owner, due }, byHand(options));
      await incidents.store.append(event);
      if (options.json) printRecordJson(event);
      else print(followUp);
    });
}

export function doneCommand(): Command {
  return addNoteOptions(
    new Command('done')
      .description('say that a follow-up is done')
      .argument('<incident>', 'its id', idArgument)
      .argument('<follow-up>', 'its id, as `followup` printed and `show` shows it'),
  )
    .addHelpText(
      'after',
      `
Examples:
  cistern incident done inc_20260131_0915_k3f9qa f-0badcafe`,
    )
    .action(async (id: IncidentId, followUp: string, options: ChangeOptions) => {
      const incidents = await openIncidents(options);
      requireOpenFollowUp(await requireRecord(incidents, id), followUp);
      const event = handEvent(id, { verb: 'follow-up-done', followUp }, byHand(options));
      await add(incidents, event, options, `done with ${followUp}`);
    });
}

function requireOpenFollowUp({ id, followUps }: Incident, wanted: string): void {
  const found = followUps.find((each) => each.id === wanted);
  if (found === undefined) {
    const open = followUps.filter(({ doneAt }) => doneAt === undefined).map((each) => each.id);
    throw new CliError(`${id} has no follow-up ${wanted}; open are: ${open.join(', ') || 'none'}.`);
  }
  if (found.doneAt === undefined) return;
  throw new CliError(`${wanted} was done on ${new Date(found.doneAt).toISOString().slice(0, 10)} already.`, {
    exitCode: exitCodes.failed,
  });
}

interface AttachOptions extends ChangeOptions {
  readonly name?: string;
}

export function attachCommand(): Command {
  return addNoteOptions(
    new Command('attach')
      .description('attach a file to an incident: .json, .md or .txt, 2 MB at most')
      .argument('<incident>', 'its id', idArgument)
      .argument('<file>', 'path of the file')
      .option('--name <name>', "keep it under this name (default: the file's own)"),
  )
    .addHelpText(
      'after',
      `
An artifact is never overwritten. \`cistern incident show <incident> --artifact <name>\` prints it.

Examples:
  cistern incident attach inc_20260131_0915_k3f9qa heroku-status.json
  cistern incident attach inc_20260131_0915_k3f9qa /tmp/out --name drains.txt`,
    )
    .action(async (id: IncidentId, file: string, options: AttachOptions) => {
      const name = options.name ?? basename(file);
      checkArtifactName(name);
      const body = await readSmallFile(file, name);
      checkContent(name, body);
      const incidents = await openIncidents(options);
      const incident = await requireRecord(incidents, id);
      const event = await attach(incidents, incident, name, body, byHand(options));
      if (options.json) printRecordJson(event);
      else note(`${name} is attached to ${id}`);
    });
}

/** Stores an artifact, then says so on the timeline. Doing it again finishes what broke off in between. */
export async function attach(
  { store }: Incidents,
  incident: Incident,
  name: string,
  body: Buffer,
  by: ReturnType<typeof byHand>,
): Promise<IncidentEvent> {
  const { id } = incident;
  if ((await store.putArtifact(id, name, body)) === 'exists') {
    const same = (await store.readArtifact(id, name))?.equals(body) === true;
    if (!same || incident.artifacts.some((each) => each.name === name)) {
      throw new CliError(`${id} has an artifact ${name} already: give another --name.`);
    }
  }
  const sha256 = createHash('sha256').update(body).digest('hex');
  const event = handEvent(id, { verb: 'artifact-attached', name, bytes: body.length, sha256 }, by);
  await store.append(event);
  return event;
}

/** Throws {@link CliError}: what is kept for years should be what its name says. */
function checkContent(name: string, body: Buffer): void {
  if (!isUtf8(body) || body.includes(0)) throw new CliError(`${name} is no text (UTF-8): attach a text.`);
  if (!name.endsWith('.json')) return;
  try {
    JSON.parse(body.toString());
  } catch (cause) {
    throw new CliError(
      `${name} is not JSON: correct it, or keep it as it is with --name ${name.slice(0, -5)}.txt.`,
      {
        cause,
      },
    );
  }
}

async function readSmallFile(path: string, name: string): Promise<Buffer> {
  try {
    const { size } = await stat(path);
    checkArtifactSize(name, size);
    return await readFile(path);
  } catch (cause) {
    if (!(cause instanceof Error) || !('syscall' in cause)) throw cause;
    throw new CliError(`${path} can't be read: ${cause.message}`, { cause });
  }
}

/** Throws {@link CliError}. */
function dayArgument(text: string): string {
  const time = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  if (!Number.isNaN(time) && new Date(time).toISOString().startsWith(text)) return text;
  throw new CliError(`--due '${text}' is no day: give one like 2026-02-14.`);
}

async function add(
  { store }: Incidents,
  event: IncidentEvent,
  { json }: ChangeOptions,
  what: string,
): Promise<void> {
  await store.append(event);
  if (json) printRecordJson(event);
  else note(`${event.incident}: ${what}`);
}
