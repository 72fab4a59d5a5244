import type { Ledger } from '../ledger/ledger.ts';
import { setAsidePrefix } from './set-aside.ts';

/** Something that was set aside, as a list of keys tells it. */
export interface SetAsideName {
  /** `2026-11-22/<id>`: its key without prefix and ending. */
  readonly id: string;
  /** The day it was sent: what its key begins with. */
  readonly day: string;
  /** Whether it went back into the spool since. */
  readonly redriven: boolean;
}

/** Something that was set aside, whole. */
export interface SetAsideEntry {
  readonly id: string;
  /** RFC 3339; undefined where the entry itself is damaged. */
  readonly sent?: string;
  readonly why: string;
  /** As it came out of the spool. */
  readonly content: Buffer;
  /** The message's text; undefined where it is not text. */
  readonly text?: string;
}

const ending = '.json';
const redrivenEnding = '.redriven.json';

/** What is set aside, by day and id; without `all` only what did not go back into the spool. Throws `LedgerError`. */
export async function listSetAside(ledger: Ledger, all = false): Promise<SetAsideName[]> {
  const ids: string[] = [];
  const redriven = new Set<string>();
  for await (const key of ledger.list(setAsidePrefix)) {
    const name = key.slice(setAsidePrefix.length);
    if (name.endsWith(redrivenEnding)) redriven.add(name.slice(0, -redrivenEnding.length));
    else if (name.endsWith(ending)) ids.push(name.slice(0, -ending.length));
  }
  return ids
    .map((id) => ({ id, day: id.slice(0, id.indexOf('/')), redriven: redriven.has(id) }))
    .filter((name) => all || !name.redriven);
}

/** Undefined where there is none. A damaged one is its own content. Throws `LedgerError`. */
export async function readSetAside(ledger: Ledger, id: string): Promise<SetAsideEntry | undefined> {
  const found = await ledger.read(`${setAsidePrefix}${id}${ending}`);
  if (found === undefined) return undefined;
  const kept = parse(found.body);
  if (kept === undefined) {
    return { id, why: "the entry can't be understood: this is no set-aside message", content: found.body };
  }
  const { sent, why, encoding, text } = kept;
  if (encoding === 'base64') return { id, sent, why, content: Buffer.from(text, 'base64') };
  return { id, sent, why, content: Buffer.from(text), text };
}

/**
 * Says that an entry went back into the spool: from then on it is not offered again. The ledger deletes nothing,
 * so this is an object beside it. Throws `LedgerError`.
 */
export async function markRedriven(ledger: Ledger, id: string, now: number): Promise<void> {
  const mark = { v: 1, redriven: new Date(now).toISOString() };
  await ledger.create(`${setAsidePrefix}${id}${redrivenEnding}`, Buffer.from(`${JSON.stringify(mark)}\n`));
}

interface Kept {
  readonly sent: string;
  readonly why: string;
  readonly encoding?: unknown;
  readonly text: string;
}

function parse(body: Buffer): Kept | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body.toString());
  } catch {
    return undefined;
  }
  return isKept(value) ? value : undefined;
}

function isKept(value: unknown): value is Kept {
  if (typeof value !== 'object' || value === null) return false;
  return ['sent', 'why', 'text'].every((name) => typeof Reflect.get(value, name) === 'string');
}
