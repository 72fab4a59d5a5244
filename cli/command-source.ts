import type { Command } from 'commander';

/** The commands, by name. */
export interface CommandSource {
  readonly names: readonly string[];
  /** Name and description alone, without loading anything. */
  named(name: string): Command;
  load(name: string): Promise<Command | undefined>;
}
