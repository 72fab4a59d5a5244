import { Command } from 'commander';
import { ackCommand, closeCommand, createCommand, resolveCommand } from './change.ts';
import { correlateCommand, digestCommand, postmortemCommand } from './follow-up.ts';
import { attachCommand, doneCommand, followupCommand, noteCommand } from './note.ts';
import { listCommand, showCommand } from './read.ts';
import { followupsCommand, gateCommand, recurrenceCommand } from './review.ts';

export function incidentCommand(): Command {
  return new Command('incident')
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(createCommand())
    .addCommand(ackCommand())
    .addCommand(noteCommand())
    .addCommand(attachCommand())
    .addCommand(resolveCommand())
    .addCommand(closeCommand())
    .addCommand(followupCommand())
    .addCommand(doneCommand())
    .addCommand(followupsCommand())
    .addCommand(postmortemCommand())
    .addCommand(correlateCommand())
    .addCommand(recurrenceCommand())
    .addCommand(gateCommand())
    .addCommand(digestCommand())
    .addHelpText(
      'after',
      `
An incident is opened by the watch, or by hand, and resolved when it is over; somebody acknowledges it in
between, and closes it in the end. All that happens is an event on its timeline, which only grows.

Examples:
  cistern incident list --open
  cistern incident ack inc_20260131_0915_k3f9qa
  cistern incident followup inc_20260131_0915_k3f9qa "Raise the threshold" --owner ada --due 2026-02-14
  cistern incident gate --strict                     for a release pipeline`,
    );
}
