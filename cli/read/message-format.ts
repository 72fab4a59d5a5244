import { isUtf8 } from 'node:buffer';
import type { Message } from '../../lib/archive/read/read-messages.ts';
import { parseDrainToken } from '../../lib/logplex/drain-token.ts';
import { readLossNotice } from '../../lib/logplex/loss.ts';
import { fieldStart } from '../../lib/logplex/syslog.ts';
import { dim } from '../shared/output.ts';
import { visible } from '../shared/visible.ts';

/** One message as it goes to stdout. */
export type MessageFormat = (message: Message) => Buffer | string;

const newline = Buffer.from('\n');
/** What follows a newline inside a message, on a terminal: so that no message can look like two. */
const continuation = '\n    ';

/** `<timestamp> <source>[<process>]: <text>` as `heroku logs` prints it, byte for byte. */
export const asLine: MessageFormat = (message) =>
  Buffer.concat([prefixOf(message), textOf(message), newline]);

/** {@link asLine} for a terminal: what it would obey is made visible, and no text can stand in for a prefix. */
export const asVisibleLine: MessageFormat = (message) => {
  const prefix = message.header === undefined ? '(no header) ' : visible(prefixOf(message), ' ');
  return `${dim(prefix)}${visible(textOf(message), continuation)}\n`;
};

/** The frame as it was received. */
export const asFrame: MessageFormat = ({ frame }) => frame;

export const asVisibleFrame: MessageFormat = ({ frame }) => visible(frame, '\n');

/** One JSON object on a line; `cistern cat --help` names its fields. */
export const asJson: MessageFormat = (message) => {
  const { kind, guessed, time, timeIsKey, bytes, header, member, key, damage } = message;
  const token = parseDrainToken(member.token);
  const notice = kind === 'notice' ? readLossNotice(bytes, 0, bytes.length, token) : undefined;
  const line = JSON.stringify({
    time: new Date(time).toISOString(),
    timeIsKey: timeIsKey || undefined,
    kind,
    guessed: guessed || undefined,
    timestamp: header && asUtf8(timestampOf(bytes)),
    source: asUtf8(header?.source),
    process: asUtf8(header?.process),
    structuredData: structuredDataOf(message)?.toString('utf8'),
    text: textOf(message).toString('utf8'),
    base64: isUtf8(bytes) ? undefined : bytes.toString('base64'),
    loss: notice,
    batch: member.uuid,
    frame: member.frame,
    token: member.token,
    received: member.received,
    malformed: member.malformed,
    key,
    damage,
  });
  return `${line.replace(unsafeInJson, escapeInJson)}\n`;
};

function prefixOf({ bytes, header }: Message): Buffer {
  if (header === undefined) return Buffer.alloc(0);
  return Buffer.from(`${timestampOf(bytes)} ${header.source}[${header.process}]: `, 'latin1');
}

function timestampOf(bytes: Buffer): string {
  const start = fieldStart(bytes, 0, bytes.length, 1);
  return bytes.toString('latin1', start, fieldStart(bytes, start, bytes.length, 1) - 1);
}

/** A header's fields are read as Latin-1, which keeps every byte. */
function asUtf8(field: string | undefined): string | undefined {
  return field === undefined ? undefined : Buffer.from(field, 'latin1').toString('utf8');
}

/** The text without its last newline. */
function textOf({ bytes, text }: Message): Buffer {
  const end = bytes.at(-1) === 0x0a && bytes.length > text ? bytes.length - 1 : bytes.length;
  return bytes.subarray(text, end);
}

function structuredDataOf({ bytes, header, text }: Message): Buffer | undefined {
  if (header === undefined || header.text === text) return undefined;
  const end = bytes[text - 1] === 0x20 /* space */ ? text - 1 : text;
  return bytes.subarray(header.text, end);
}

/** JSON leaves these as they are, and a terminal would obey some of them. */
const unsafeInJson = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

function escapeInJson(character: string): string {
  const units = Array.from({ length: character.length }, (_, i) => character.charCodeAt(i));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}
