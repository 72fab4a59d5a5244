import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type KeyParts, parseKey } from '../../lib/archive/format/key.ts';
import { walkMembers } from '../../lib/archive/format/member.ts';

/** An object of one member, as anybody who has the archive can read it. */
export interface StoredBatch extends KeyParts {
  readonly key: string;
  readonly raw: Buffer;
  readonly header: Readonly<Record<string, unknown>>;
}

/** Every batch in a data directory's archive, of one app or of all, in the order of the keys. */
export function storedBatches(data: string, app?: string): StoredBatch[] {
  const archive = join(data, 'archive');
  return globSync('logs/**/*', { cwd: archive, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(archive.length + 1))
    .sort()
    .map((key) => readBatch(key, readFileSync(join(archive, key))))
    .filter((batch) => app === undefined || batch.app === app);
}

/** The only object of an archive in memory. Throws when there are none or several. */
export function onlyBatch(objects: ReadonlyMap<string, Buffer>): StoredBatch {
  const [object, ...others] = objects;
  if (object === undefined || others.length > 0) throw new Error(`${objects.size} objects instead of one`);
  return readBatch(...object);
}

/** Throws when it is not one whole member under a proper key. */
export function readBatch(key: string, object: Buffer): StoredBatch {
  const parts = parseKey(key);
  if (parts === undefined) throw new Error(`${key} is no key of the archive`);
  const [member, ...others] = walkMembers(object);
  if (member === undefined || others.length > 0) throw new Error(`${key} is not one member`);
  return { ...parts, key, raw: gunzipSync(object), header: JSON.parse(String(member.headerJson)) };
}
