import type { Finding } from '../../lib/watch/finding.ts';
import { minute } from './incident-steps.ts';
import { look, type World } from './simulation-world.ts';

/** One outage as a person would count them: it ends with the second good look, or when nobody looks any more. */
export interface Outage {
  /** `<check> <subject>`. */
  readonly key: string;
  readonly start: number;
  end: number | undefined;
  /** It began within 30 min of the end of the one before. */
  readonly continues: boolean;
}

/** What the looks that were stored show of every subject, by a rule that knows nothing of incidents. */
export class Model {
  readonly outages: Outage[] = [];
  readonly #statuses = new Map<string, Map<number, Finding['status']>>();
  /** The looks in which freshness could not look. */
  readonly blindLooks = new Set<number>();

  constructor(world: World, looks: readonly number[]) {
    const last = new Map<string, Outage>();
    const good = new Map<string, number>();
    for (const at of looks) {
      const findings = new Map<string, Finding['status']>();
      for (const result of look(world, at)) {
        if ('failure' in result) this.blindLooks.add(at);
        else for (const each of result.findings) findings.set(`${each.check} ${each.subject}`, each.status);
      }
      for (const key of new Set([...last.keys(), ...findings.keys()])) {
        if (key.startsWith('freshness ') && this.blindLooks.has(at)) continue;
        const status = findings.get(key);
        this.#note(key, at, status);
        const outage = last.get(key);
        const isOpen = outage !== undefined && outage.end === undefined;
        if (status === 'critical') {
          good.set(key, 0);
          if (isOpen) continue;
          const continues = outage?.end !== undefined && at - outage.end <= 30 * minute;
          const next: Outage = { key, start: at, end: undefined, continues };
          last.set(key, next);
          this.outages.push(next);
        } else if (outage !== undefined && isOpen && (status === 'ok' || status === undefined)) {
          const row = (good.get(key) ?? 0) + 1;
          good.set(key, row);
          if (status === undefined || row === 2) outage.end = at;
        }
      }
    }
  }

  #note(key: string, at: number, status: Finding['status'] | undefined): void {
    const statuses = this.#statuses.get(key) ?? new Map();
    this.#statuses.set(key, statuses);
    if (status !== undefined) statuses.set(at, status);
  }

  statusAt(key: string, at: number): Finding['status'] | undefined {
    return this.#statuses.get(key)?.get(at);
  }

  isOutAt(key: string, at: number): boolean {
    return this.outages.some(
      (each) => each.key === key && each.start <= at && (each.end === undefined || at < each.end),
    );
  }

  startsAt(key: string, at: number): Outage | undefined {
    return this.outages.find((each) => each.key === key && each.start === at);
  }
}
