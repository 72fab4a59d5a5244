import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, resolve } from 'node:path';

/** A page that operators read, by its path in the repository. */
export interface Document {
  readonly path: string;
  readonly text: string;
}

export const repository: string = resolve(import.meta.dirname, '../..');

/** README and its like, and all of docs/. */
export function documents(): Document[] {
  const top = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md'];
  const deeper = readdirSync(join(repository, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md'))
    .map((path) => posix.join('docs', path));
  return [...top, ...deeper].map((path) => ({ path, text: readFileSync(join(repository, path), 'utf8') }));
}

/** The targets of a page's links, those in code left out. */
export function links({ text }: Document): string[] {
  const prose = withoutBlocks(text).replaceAll(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target]) => target ?? []);
}

/** What a link can name after `#`: GitHub makes it of each heading. */
export function anchors({ text }: Document): string[] {
  return [...withoutBlocks(text).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(/\s/g, '-'),
  );
}

/** Lines of code blocks and spans of code: where commands stand. A line that ends in a backslash goes on. */
export function code({ text }: Document): string[] {
  const blocks = [...text.matchAll(fence)].flatMap(([, block = '']) =>
    block.replaceAll(/\\\n\s*/g, ' ').split('\n'),
  );
  const spans = [...withoutBlocks(text).matchAll(/`([^`]+)`/g)].map(([, span = '']) =>
    span.replaceAll(/\s+/g, ' '),
  );
  return [...blocks, ...spans];
}

/** The rows of the first table after `heading` (or of the page), each as the text of its cells. */
export function tableAfter({ text }: Document, heading: string): string[][] {
  const rows = text.slice(text.indexOf(heading)).split('\n');
  const first = rows.findIndex((line) => line.startsWith('|---'));
  const after = rows.slice(first + 1);
  const end = after.findIndex((line) => !line.startsWith('|'));
  return after.slice(0, end).map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
}

/** The JSON that a page shows, parsed. */
export function jsonBlocks({ text }: Document): unknown[] {
  return [...text.matchAll(/```json\n([\s\S]*?)```/g)].map(([, block = '']): unknown => JSON.parse(block));
}

const fence = /^ *```.*\n([\s\S]*?)^ *```$/gm;

function withoutBlocks(text: string): string {
  return text.replaceAll(fence, '');
}
