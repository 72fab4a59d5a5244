import {
  critical,
  type ExpectedBucket,
  type ExpectedPrefix,
  type Problem,
  warning,
} from './bucket-settings.ts';
import { type Earliest, type Fate, fates, type Lifecycle, unfinishedUploads } from './lifecycle.ts';

/** An object of Cistern's may have any of these sizes: a member's header alone is 100 bytes and more. */
const sizes = { minSize: 100, maxSize: 16 * 1024 * 1024 };

/**
 * Where a bucket's lifecycle does other than the configuration asks. Shorter is critical: logs are destroyed
 * before their time, and nothing brings them back. All else costs money or surprises, and is a warning.
 */
export function lifecycleProblems(
  lifecycle: Lifecycle,
  expected: Pick<ExpectedBucket, 'prefixes' | 'rules'>,
  now: number,
): Problem[] {
  return [
    ...expected.prefixes.flatMap((prefix) => prefixProblems(lifecycle, prefix, expected.prefixes, now)),
    // Once a bucket: a rule for uploads is seldom about a part of it.
    ...expected.prefixes.flatMap(({ prefix }) => uploadProblems(lifecycle, prefix)).slice(0, 1),
    ...ruleProblems(lifecycle, expected.rules),
  ];
}

function prefixProblems(
  lifecycle: Lifecycle,
  expected: ExpectedPrefix,
  prefixes: readonly ExpectedPrefix[],
  now: number,
): Problem[] {
  const { prefix } = expected;
  const longer = prefixes.filter((each) => each.prefix !== prefix && each.prefix.startsWith(prefix));
  const all = fates(lifecycle, { prefix, ...sizes }, now).filter(
    ({ keys }) => !longer.some((each) => keys.startsWith(each.prefix)),
  );
  return [
    ...daysProblems(all, prefix, expected.days, 'currentDays', {
      ends: 'expire',
      never: 'never expire',
      since: 'stored',
    }),
    ...daysProblems(all, prefix, expected.noncurrentDays, 'noncurrentDays', {
      ends: 'are destroyed',
      never: 'are never destroyed',
      since: 'deleted',
    }),
    ...keptVersions(all),
    ...moveProblems(all, expected),
    ...deletedMoves(all, prefix),
  ];
}

interface Words {
  readonly ends: string;
  readonly never: string;
  readonly since: string;
}

/** At most one problem of each kind: too short, never, too long. */
function daysProblems(
  all: readonly Fate[],
  prefix: string,
  days: number,
  which: 'currentDays' | 'noncurrentDays',
  { ends, never: neverEnds, since }: Words,
): Problem[] {
  const problems: Problem[] = [];
  const known = all.flatMap((fate) => {
    const when = fate[which];
    return when === undefined ? [] : [{ fate, when }];
  });
  const [first] = known.toSorted((a, b) => a.when.days - b.when.days);
  const last = known.toSorted((a, b) => b.when.days - a.when.days)[0];
  if (first !== undefined && first.when.days < days) {
    problems.push(
      critical(
        `objects under ${first.fate.keys} ${ends} ${term(first.when)} after they are ${since}, not ${days} days (rule ${quote(first.when.rule)})`,
      ),
    );
  }
  const never = all.find((fate) => fate[which] === undefined);
  if (never !== undefined) {
    const some = known.length > 0 ? ` of ${never.size} bytes, or other such sizes,` : '';
    const where = known.length > 0 ? never.keys : prefix;
    problems.push(warning(`objects under ${where}${some} ${neverEnds}: no enabled rule does it`));
  }
  if (last !== undefined && last.when.days > days) {
    problems.push(
      warning(
        `drift: objects under ${last.fate.keys} ${ends} ${term(last.when)} after they are ${since}, instead of ${days} days (rule ${quote(last.when.rule)})`,
      ),
    );
  }
  return problems;
}

function keptVersions(all: readonly Fate[]): Problem[] {
  const kept = all.find(({ noncurrentDays, destroyed }) => noncurrentDays !== undefined && !destroyed);
  if (kept === undefined) return [];
  return [
    warning(
      `drift: the newest deleted versions under ${kept.keys} are never destroyed: every rule there keeps some (NewerNoncurrentVersions)`,
    ),
  ];
}

function moveProblems(all: readonly Fate[], { prefix, move: expected }: ExpectedPrefix): Problem[] {
  const texts = new Set<string>();
  for (const { idle, moves } of all) {
    for (const { rule, storageClass, why } of idle) {
      texts.add(
        why === 'too small'
          ? `objects under 128 KB never move to ${storageClass}: rule ${quote(rule)} has no filter on size`
          : `rule ${quote(rule)} never moves anything under ${prefix} to ${storageClass}: objects expire before`,
      );
    }
    for (const { storageClass, days, rule, date } of moves) {
      if (storageClass !== expected?.storageClass) {
        const slow = needsRestore.has(storageClass)
          ? ', where nothing can be read before it is restored'
          : '';
        texts.add(`drift: objects under ${prefix} move to ${storageClass} (rule ${quote(rule)})${slow}`);
      } else if (days !== expected.days) {
        texts.add(
          `drift: objects under ${prefix} move to ${storageClass} ${term({ days, rule, date })} after they are stored, instead of ${expected.days} days (rule ${quote(rule)})`,
        );
      }
    }
    const settled = [...moves, ...idle].some(({ storageClass }) => storageClass === expected?.storageClass);
    if (expected !== undefined && !settled) {
      texts.add(`drift: not all objects under ${prefix} move to ${expected.storageClass}`);
    }
  }
  return [...texts].map(warning);
}

/** Cistern moves no deleted version: what was deleted by mistake is to come back at once, and at no price. */
function deletedMoves(all: readonly Fate[], prefix: string): Problem[] {
  const texts = all.flatMap(({ noncurrentMoves }) =>
    noncurrentMoves.map(({ storageClass, days, rule, date }) => {
      const slow = needsRestore.has(storageClass) ? ', where none comes back before it is restored' : '';
      return `drift: deleted versions under ${prefix} move to ${storageClass} ${term({ days, rule, date })} after they are deleted (rule ${quote(rule)})${slow}`;
    }),
  );
  return [...new Set(texts)].map(warning);
}

/** As the stack sets it: infra/archive-bucket.ts, infra/ledger-bucket.ts. */
const uploadDays = 1;

/** Their parts are in no list of objects, and cost as much as objects. */
function uploadProblems(lifecycle: Lifecycle, prefix: string): Problem[] {
  const removed = unfinishedUploads(lifecycle, prefix);
  if (removed === undefined) {
    return [
      warning(`drift: unfinished uploads under ${prefix} are kept for ever: no enabled rule removes them`),
    ];
  }
  if (removed.days <= uploadDays) return [];
  return [
    warning(
      `drift: unfinished uploads under ${prefix} are kept for ${term(removed)}, instead of ${uploadDays} (rule ${quote(removed.rule)})`,
    ),
  ];
}

const needsRestore: ReadonlySet<string> = new Set(['GLACIER', 'DEEP_ARCHIVE']);

/** By their names: what a rule does is judged above, whatever it is called. */
function ruleProblems({ rules }: Lifecycle, expected: readonly string[]): Problem[] {
  const problems: Problem[] = [];
  for (const id of expected) {
    const rule = rules.find((each) => each.id === id);
    if (rule?.enabled === true) continue;
    problems.push(warning(`drift: rule ${quote(id)} is ${rule === undefined ? 'missing' : 'switched off'}`));
  }
  for (const { id, enabled } of rules) {
    if (expected.includes(id)) continue;
    const off = enabled ? '' : ', though switched off';
    problems.push(warning(`drift: there is a rule ${quote(id)} that the configuration does not have${off}`));
  }
  return problems;
}

function term({ days, date }: Earliest): string {
  if (date === undefined) return days === 1 ? '1 day' : `${days} days`;
  const day = new Date(date).toISOString().slice(0, 10);
  return days === 0 ? `at once (every object since ${day})` : `${Math.floor(days)} days (all on ${day})`;
}

/** Ids are whatever somebody typed. */
function quote(text: string): string {
  const cut = text.length > 60 ? `${text.slice(0, 59)}…` : text;
  return JSON.stringify(cut);
}
