import type { FindingStatus } from '../../lib/findings/finding.ts';
import { minute } from './incident-steps.ts';
import type { Outcome } from './simulation-run.ts';
import { truth } from './simulation-truth.ts';
import type { World } from './simulation-world.ts';

/**
 * One outage as a person would count them: it ends with the second good look, or when nobody looks any more;
 * one of lost messages with the first look for an hour that hears of none.
 */
export interface Outage {
  /** `<check> <subject>`. */
  readonly key: string;
  readonly start: number;
  end: number | undefined;
  /** The last look at which it may have ended: of two clocks that looked, either may have counted the hour. */
  latestEnd: number | undefined;
  /** It began within 30 min of the end of the one before. */
  readonly continues: boolean;
}

const quiet = 60 * minute;

/** What the looks that were stored show of every subject, by a rule that knows nothing of incidents. */
export class Model {
  readonly outages: Outage[] = [];
  readonly #statuses = new Map<string, Map<number, FindingStatus>>();
  readonly #last = new Map<string, Outage>();
  /** The looks in which freshness could not look. */
  readonly blindLooks = new Set<number>();

  constructor({ world, looks, doubtful }: Pick<Outcome, 'world' | 'looks' | 'doubtful'>) {
    this.#takeStates(world, looks);
    this.#takeLosses(world, looks, new Set(doubtful));
  }

  #takeStates(world: World, looks: readonly number[]): void {
    const good = new Map<string, number>();
    for (const at of looks) {
      const statuses = truth(world, at);
      if (isBlind(statuses)) this.blindLooks.add(at);
      for (const key of new Set([...this.#last.keys(), ...statuses.keys()])) {
        const status = statuses.get(key);
        this.#note(key, at, status);
        const outage = this.#last.get(key);
        const isOpen = outage !== undefined && outage.end === undefined;
        if (status === 'critical') {
          good.set(key, 0);
          if (!isOpen) this.#begin(key, at);
        } else if (isOpen && (status === 'ok' || status === undefined)) {
          const row = (good.get(key) ?? 0) + 1;
          good.set(key, row);
          if (status === undefined || row === 2) outage.end = outage.latestEnd = at;
        }
      }
    }
  }

  #takeLosses({ from, losses }: World, looks: readonly number[], doubtful: ReadonlySet<number>): void {
    const lostAt = new Map<string, number>();
    let before = from - 15 * minute;
    for (const [index, at] of looks.entries()) {
      const news = losses.filter((loss) => before < loss.visibleAt && loss.visibleAt <= at);
      before = at;
      const keys = new Set(news.map(({ app }) => `loss messages-lost ${app}`));
      for (const key of keys) {
        this.#note(key, at, 'warning');
        lostAt.set(key, at);
        const outage = this.#last.get(key);
        if (outage === undefined || outage.end !== undefined) this.#begin(key, at);
      }
      for (const [key, lost] of lostAt) {
        const outage = this.#last.get(key);
        if (at - lost < quiet || outage === undefined || outage.end !== undefined) continue;
        outage.end = at;
        outage.latestEnd = doubtful.has(lost) ? looks[index + 1] : at;
      }
    }
  }

  #begin(key: string, start: number): void {
    const before = this.#last.get(key)?.end;
    const continues = before !== undefined && start - before <= 30 * minute && !key.startsWith('loss ');
    const next: Outage = { key, start, end: undefined, latestEnd: undefined, continues };
    this.#last.set(key, next);
    this.outages.push(next);
  }

  #note(key: string, at: number, status: FindingStatus | undefined): void {
    const statuses = this.#statuses.get(key) ?? new Map();
    this.#statuses.set(key, statuses);
    if (status !== undefined) statuses.set(at, status);
  }

  statusAt(key: string, at: number): FindingStatus | undefined {
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

function isBlind(statuses: ReadonlyMap<string, FindingStatus>): boolean {
  return [...statuses.values()].includes('unknown');
}
