import { parseKey } from '../../lib/archive/format/key.ts';
import { duration, instant } from '../../lib/base/text.ts';
import type { DirectorySpoolReader } from '../../lib/spool/journal/journal-spool-reader.ts';
import { BadMessageError, decodeMessage } from '../../lib/spool/message.ts';
import type { QueuedMessage } from '../../lib/spool/queue.ts';
import type { SqsDeadLetters } from '../../lib/spool/sqs/sqs-dead-letters.ts';
import { formatBytes, printTable } from '../shared/output.ts';
import { visible } from '../shared/visible.ts';

/** A member that waits in a journal; times as RFC 3339. */
export interface WaitingRow {
  readonly app: string | null;
  readonly key: string;
  readonly keyTime: string | null;
  readonly bytes: number;
  readonly waitsSeconds: number;
}

/** The oldest members of a journal. */
export async function waitingOf(reader: DirectorySpoolReader, limit: number): Promise<WaitingRow[]> {
  const rows: WaitingRow[] = [];
  for await (const { key, bytes, at } of reader.entries()) {
    const parts = parseKey(key);
    rows.push({
      app: parts?.app ?? null,
      key,
      keyTime: parts === undefined ? null : new Date(parts.epochMs).toISOString(),
      bytes,
      waitsSeconds: Math.max(0, Math.round((Date.now() - at) / 1000)),
    });
    if (rows.length >= limit) break;
  }
  return rows;
}

export function printWaiting(rows: readonly WaitingRow[]): void {
  printTable(
    ['WAITS', 'APP', 'TIME (UTC)', 'BYTES', 'KEY'],
    rows.map(({ waitsSeconds, app, keyTime, bytes, key }) => [
      duration(waitsSeconds * 1000),
      app ?? '-',
      keyTime ?? '-',
      formatBytes(bytes),
      plain(key),
    ]),
  );
}

/** A dead letter: the member that it holds, or why it holds none. */
export interface StuckMember {
  readonly message: string;
  readonly sent: string;
  /** As SQS counts them, by those who look too. */
  readonly receives: number;
  readonly app: string | null;
  readonly key: string | null;
  readonly bytes: number;
  readonly why: string | null;
}

export async function stuckOf(deadLetters: SqsDeadLetters, limit: number): Promise<StuckMember[]> {
  return (await deadLetters.peek(limit)).map(stuck);
}

function stuck({ id, text, sentAt, receives }: QueuedMessage): StuckMember {
  const message = { message: id, sent: new Date(sentAt).toISOString(), receives };
  try {
    const { key, parts, member } = decodeMessage(text);
    return { ...message, app: parts.app, key, bytes: member.length, why: null };
  } catch (error) {
    if (!(error instanceof BadMessageError)) throw error;
    return { ...message, app: null, key: null, bytes: Buffer.byteLength(text), why: error.message };
  }
}

export function printStuck(rows: readonly StuckMember[]): void {
  printTable(
    ['DEAD LETTER', 'SENT', 'RECEIVES', 'APP', 'BYTES', 'KEY'],
    rows.map(({ message, sent, receives, app, bytes, key, why }) => [
      message,
      instant(Date.parse(sent)),
      receives.toLocaleString('en'),
      app ?? '-',
      formatBytes(bytes),
      key ?? plain(why ?? ''),
    ]),
  );
}

function plain(text: string): string {
  return visible(Buffer.from(text), ' ');
}
