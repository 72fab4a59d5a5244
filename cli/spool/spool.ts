import { Command } from 'commander';
import { spoolDrainCommand } from './drain.ts';
import { spoolInspectCommand } from './inspect.ts';
import { spoolStatusCommand } from './status.ts';

export function spoolCommand(): Command {
  return new Command('spool')
    .addCommand(spoolStatusCommand())
    .addCommand(spoolInspectCommand())
    .addCommand(spoolDrainCommand())
    .addHelpText(
      'after',
      `
The spool holds batches that are acknowledged and not in the archive yet. The archiver empties it by itself:
drain is for what it could not do.

Examples:
  cistern spool status --stage production
  cistern spool inspect --stage production      dead letters, and what was set aside
  cistern spool drain --stage production        after a mend: all of it into the archive`,
    );
}
