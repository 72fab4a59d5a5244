import { objectKey } from '../../lib/archive/format/key.ts';
import type { AppName } from '../../lib/drains/app-name.ts';
import type { SpooledMember } from '../../lib/spool/spool.ts';
import { seal } from '../support/batches.ts';
import { routerBatch } from './router-lines.ts';

/** Messages of a full batch: 103 KiB, about what Logplex aims at. */
const batchMessages = 400;
const membersPerApp = 4;

interface Template {
  readonly member: Buffer;
  /** Where the batch header has the uuid, and the times that the key's is checked against. */
  readonly uuidAt: number;
  readonly timesAt: readonly number[];
}

/**
 * Members of full batches of router lines, each with a uuid of its own. A few batches of each app are compressed;
 * the rest are copies of them, but for the uuid and the times.
 */
export class SpooledMembers {
  readonly apps: readonly AppName[];
  readonly #templates: ReadonlyMap<AppName, readonly Template[]>;

  private constructor(templates: ReadonlyMap<AppName, readonly Template[]>) {
    this.apps = [...templates.keys()];
    this.#templates = templates;
  }

  static async ofApps(count: number): Promise<SpooledMembers> {
    const templates = new Map<AppName, Template[]>();
    for (let n = 0; n < count; n += 1) {
      const app = `shop-${String(n).padStart(2, '0')}` as AppName;
      const own: Template[] = [];
      for (let i = 0; i < membersPerApp; i += 1) {
        const { body } = routerBatch(batchMessages, n * membersPerApp + i);
        const { member } = await seal(body, { app, frameId: '0123456789ABCDEF0123456789ABCDEF' });
        const timesAt = [valueAt(member, 'received'), valueAt(member, 'first')];
        own.push({ member, uuidAt: valueAt(member, 'uuid'), timesAt });
      }
      templates.set(app, own);
    }
    return new SpooledMembers(templates);
  }

  /** Member number `n`, of a batch of `app` that begins at `epochMs`. The same arguments give the same member. */
  member(app: AppName, epochMs: number, n: number): SpooledMember {
    const template = this.#templates.get(app)?.[n % membersPerApp];
    if (template === undefined) throw new Error(`no members of ${app}`);
    const uuid = `${n.toString(16).padStart(8, '0')}-0123-80bc-8def-0123456789ab`;
    const member = Buffer.from(template.member);
    member.write(uuid, template.uuidAt, 'latin1');
    for (const at of template.timesAt) member.write(new Date(epochMs).toISOString(), at, 'latin1');
    return { key: objectKey({ app, epochMs, uuid }), member };
  }
}

/** Where a string of a batch header begins, from `start` on. */
export function valueAt(members: Buffer, field: string, start = 0): number {
  const name = `"${field}":"`;
  const at = members.indexOf(name, start, 'latin1');
  if (at < 0) throw new Error(`no ${field} in this member`);
  return at + name.length;
}
