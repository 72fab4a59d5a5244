import { oneLine } from './alerts/text.ts';

/** Text that people or findings chose, on one line, as text and not as Markdown. */
export function plainMarkdown(text: string): string {
  return oneLine(text).replaceAll(/[\\`*<>[\]|]/g, '\\$&');
}
