import type { Command } from 'commander';
import { expect, it } from 'vitest';
import { incidentCommand } from '../../../cli/incident/incident.ts';
import { muteCommand, unmuteCommand } from '../../../cli/incident/mute.ts';

function helpOf(command: Command): string {
  const parts: string[] = [];
  command.configureOutput({ writeOut: (part) => void parts.push(part) });
  command.outputHelp();
  return parts.join('');
}

it.each(
  [incidentCommand(), ...incidentCommand().commands, muteCommand(), unmuteCommand()].map(
    (command) => [command.name(), command] as const,
  ),
)('%s teaches by example', (name, command) => {
  const [, examples = ''] = helpOf(command).split('Examples:');

  expect(examples).toContain(name === 'incident' ? 'cistern incident list' : name);
});

it('has the verbs of an incident', () => {
  expect(incidentCommand().commands.map((command) => command.name())).toEqual([
    'list',
    'show',
    'create',
    'ack',
    'note',
    'attach',
    'resolve',
    'close',
    'followup',
    'done',
    'followups',
    'postmortem',
    'correlate',
    'recurrence',
    'gate',
    'digest',
  ]);
});
