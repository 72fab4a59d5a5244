import { oneLine } from './text.ts';

/** Text that people or findings chose, on one line, as text and not as Markdown. */
export function plainMarkdown(text: string): string {
  // The last three only where a block could begin with them, as in an element of a list.
  return oneLine(text).replaceAll(/[\\`*<>[\]|~]|^[#+-]/g, '\\$&');
}
