import { type KeyParts, type ObjectKey, objectKey } from '../archive/format/key.ts';
import { objectUuid } from '../archive/format/uuid.ts';

/** What a plan needs to know of a spooled member; its bytes may be elsewhere. */
export interface PlannedMember {
  readonly parts: KeyParts;
  /** Of the member. */
  readonly bytes: number;
}

/** An object to make, of the members of one app and one hour. */
export interface PlannedObject<T extends PlannedMember> {
  readonly key: ObjectKey;
  /** Each uuid once, by (epoch, uuid): the object is their bytes back to back. */
  readonly members: readonly T[];
  /** Members whose uuid is among `members` already: they are archived with it. */
  readonly copies: readonly T[];
}

const hourMs = 60 * 60 * 1000;

/**
 * Which objects members become: grouped by app and hour (UTC), each uuid once within a group, sorted, and split
 * where an object would exceed `maxObjectBytes`. The same members, in any order, become objects of the same keys.
 */
export function planObjects<T extends PlannedMember>(
  members: Iterable<T>,
  maxObjectBytes: number,
): PlannedObject<T>[] {
  const groups = new Map<string, T[]>();
  for (const member of members) {
    const group = `${member.parts.app}/${Math.floor(member.parts.epochMs / hourMs)}`;
    const known = groups.get(group);
    if (known === undefined) groups.set(group, [member]);
    else known.push(member);
  }
  return [...groups.values()].flatMap((group) => objectsOf(group, maxObjectBytes));
}

function objectsOf<T extends PlannedMember>(group: T[], maxObjectBytes: number): PlannedObject<T>[] {
  const byUuid = new Map<string, { first: T; copies: T[] }>();
  // Copies of a member can differ in length, and so in what fits an object: by the time of their receipt, say.
  for (const member of group.sort((a, b) => byEpochAndUuid(a, b) || a.bytes - b.bytes)) {
    const known = byUuid.get(member.parts.uuid);
    if (known === undefined) byUuid.set(member.parts.uuid, { first: member, copies: [] });
    else known.copies.push(member);
  }
  const objects: PlannedObject<T>[] = [];
  let members: T[] = [];
  let copies: T[] = [];
  let bytes = 0;
  for (const each of byUuid.values()) {
    if (members.length > 0 && bytes + each.first.bytes > maxObjectBytes) {
      objects.push({ key: keyOf(members), members, copies });
      members = [];
      copies = [];
      bytes = 0;
    }
    members.push(each.first);
    copies.push(...each.copies);
    bytes += each.first.bytes;
  }
  objects.push({ key: keyOf(members), members, copies });
  return objects;
}

function keyOf(members: readonly PlannedMember[]): ObjectKey {
  const [first] = members;
  if (first === undefined) throw new Error('an object has at least one member');
  return objectKey({ ...first.parts, uuid: objectUuid(members.map(({ parts }) => parts)) });
}

function byEpochAndUuid({ parts: a }: PlannedMember, { parts: b }: PlannedMember): number {
  if (a.epochMs !== b.epochMs) return a.epochMs - b.epochMs;
  return a.uuid < b.uuid ? -1 : Number(a.uuid > b.uuid);
}
