/** What S3's lifecycle rules do to objects, by arithmetic. Nothing here asks S3. */

/** One rule of a bucket's lifecycle configuration, its filter in any of S3's spellings read into one. */
export interface LifecycleRule {
  readonly id: string;
  readonly enabled: boolean;
  /** The empty string matches every key. */
  readonly prefix: string;
  /** Whether it asks for a tag. Cistern's objects have none, so such a rule matches none of them. */
  readonly tagged: boolean;
  /** Bytes, exclusive both: an object matches that is greater than the one and less than the other. */
  readonly sizeGreaterThan?: number | undefined;
  readonly sizeLessThan?: number | undefined;
  /** Of the current version. On a versioned bucket it only becomes noncurrent. */
  readonly expirationDays?: number | undefined;
  /** Milliseconds since 1970: from then on everything that matches expires, for as long as the rule is there. */
  readonly expirationDate?: number | undefined;
  /** Destroys versions that have been noncurrent for so many days … */
  readonly noncurrentDays?: number | undefined;
  /** … but for so many of the newest ones, which it leaves for good. */
  readonly newerNoncurrentVersions?: number | undefined;
  readonly transitions: readonly Transition[];
  /** Of deleted and replaced versions: days count from then on. */
  readonly noncurrentTransitions?: readonly Transition[];
  /** Removes uploads that nobody finished, so many days after they were begun. */
  readonly abortDays?: number | undefined;
}

export interface Transition {
  readonly storageClass: string;
  readonly days?: number | undefined;
  /** Milliseconds since 1970. */
  readonly date?: number | undefined;
}

/** A bucket's rules, and which objects they leave where they are unless a size filter says otherwise. */
export interface Lifecycle {
  readonly rules: readonly LifecycleRule[];
  /** `varies_by_storage_class`: S3's older way, by which small objects do move to the Glacier classes. */
  readonly smallObjects?: 'all_storage_classes_128K' | 'varies_by_storage_class' | undefined;
}

/** What becomes of objects that are alike to every rule. Days count from `now`, and may have a fraction. */
export interface Fate {
  /** Keys begin with it, and with no longer prefix of any rule. */
  readonly keys: string;
  /** Bytes of one such object. */
  readonly size: number;
  /** Until an object stored now becomes noncurrent by the first rule that makes it; undefined: never. */
  readonly currentDays: Earliest | undefined;
  /** Until an object deleted now is destroyed, at the earliest; undefined: never. */
  readonly noncurrentDays: Earliest | undefined;
  /** Whether its newest noncurrent versions are ever destroyed: not by rules that keep some. */
  readonly destroyed: boolean;
  /** Where it moves while it is current, each class once, at the earliest. */
  readonly moves: readonly Move[];
  /** Where it moves once it is deleted or replaced: days count from then on. */
  readonly noncurrentMoves: readonly Move[];
  /** Transitions that its rules name and that never happen to it. */
  readonly idle: readonly IdleTransition[];
}

export interface Earliest {
  readonly days: number;
  /** The id of the rule that says so. */
  readonly rule: string;
  /** The rule names a date, in milliseconds since 1970. */
  readonly date?: number | undefined;
}

export interface Move extends Earliest {
  readonly storageClass: string;
}

export interface IdleTransition {
  readonly rule: string;
  readonly storageClass: string;
  readonly why: 'too small' | 'expires before';
}

export interface Objects {
  readonly prefix: string;
  /** Bytes, both inclusive. */
  readonly minSize: number;
  readonly maxSize: number;
}

/** S3 moves nothing smaller unless a filter on size says so (user guide, "Transitioning objects"). */
const smallestToMove = 128 * 1024;
const dayMs = 24 * 60 * 60 * 1000;

/** The fates of all objects under a prefix: one for each set of objects that no rule tells apart. */
export function fates(lifecycle: Lifecycle, objects: Objects, now: number): Fate[] {
  const relevant = lifecycle.rules.filter((rule) => canMatch(rule, objects));
  return classesOfKeys(relevant, objects.prefix).flatMap((keys) => {
    const rules = relevant.filter(({ prefix }) => keys.startsWith(prefix));
    return sizesToLookAt(rules, objects).map((size) =>
      fateOf({ ...lifecycle, rules: rules.filter((rule) => takesSize(rule, size)) }, keys, size, now),
    );
  });
}

/**
 * Until an upload that nobody finished is removed, for the keys under a prefix for which that takes longest; undefined:
 * never. Such rules have no filter but a prefix.
 */
export function unfinishedUploads({ rules }: Lifecycle, prefix: string): Earliest | undefined {
  const aborting = rules.flatMap(({ id, enabled, prefix: of, abortDays }) =>
    enabled && abortDays !== undefined && prefix.startsWith(of) ? [{ days: abortDays, rule: id }] : [],
  );
  return earliest(aborting);
}

/** Whether a rule can do anything to any of these objects. */
function canMatch(rule: LifecycleRule, { prefix, minSize, maxSize }: Objects): boolean {
  const smallest = Math.max(minSize, (rule.sizeGreaterThan ?? -1) + 1);
  const largest = Math.min(maxSize, (rule.sizeLessThan ?? Number.POSITIVE_INFINITY) - 1);
  return (
    rule.enabled &&
    !rule.tagged &&
    (prefix.startsWith(rule.prefix) || rule.prefix.startsWith(prefix)) &&
    smallest <= largest
  );
}

function takesSize({ sizeGreaterThan, sizeLessThan }: LifecycleRule, size: number): boolean {
  return size > (sizeGreaterThan ?? -1) && size < (sizeLessThan ?? Number.POSITIVE_INFINITY);
}

/** Keys under `prefix` are told apart only by the prefixes of rules that are longer. */
function classesOfKeys(rules: readonly LifecycleRule[], prefix: string): string[] {
  return [...new Set([prefix, ...rules.map((rule) => rule.prefix).filter((key) => key.startsWith(prefix))])];
}

/** One size of every set of sizes that no rule tells apart: the edges of the filters, and S3's own. */
function sizesToLookAt(rules: readonly LifecycleRule[], { minSize, maxSize }: Objects): number[] {
  const edges = rules.flatMap(({ sizeGreaterThan, sizeLessThan }) => [
    ...(sizeGreaterThan === undefined ? [] : [sizeGreaterThan + 1]),
    ...(sizeLessThan === undefined ? [] : [sizeLessThan]),
  ]);
  return [...new Set([minSize, smallestToMove, ...edges])]
    .filter((size) => size >= minSize && size <= maxSize)
    .sort((a, b) => a - b);
}

/** Takes only rules that match. */
function fateOf({ rules, smallObjects }: Lifecycle, keys: string, size: number, now: number): Fate {
  const currentDays = earliest(
    rules.flatMap(({ id, expirationDays, expirationDate }) => [
      ...whenOf(id, { days: expirationDays, date: expirationDate }, now),
    ]),
  );
  const destroying = rules.filter(({ noncurrentDays }) => noncurrentDays !== undefined);
  const noncurrentDays = earliest(
    destroying.flatMap((rule) => whenOf(rule.id, { days: rule.noncurrentDays }, now)),
  );
  const whenMoved = (of: (rule: LifecycleRule) => readonly Transition[], ends: Earliest | undefined) => {
    const moves = new Map<string, Move>();
    const idle: IdleTransition[] = [];
    for (const rule of rules) {
      for (const { storageClass, days, date } of of(rule)) {
        const when = earliest(whenOf(rule.id, { days, date }, now));
        if (when === undefined) continue;
        if (staysForItsSize(rule, storageClass, size, smallObjects)) {
          idle.push({ rule: rule.id, storageClass, why: 'too small' });
        } else if (ends !== undefined && ends.days <= when.days) {
          // Where both fall on one day, S3 expires rather than moves (user guide, "Conflicting lifecycle actions").
          idle.push({ rule: rule.id, storageClass, why: 'expires before' });
        } else if (when.days < (moves.get(storageClass)?.days ?? Number.POSITIVE_INFINITY)) {
          moves.set(storageClass, { ...when, storageClass });
        }
      }
    }
    return { moves: [...moves.values()], idle };
  };
  const { moves, idle } = whenMoved(({ transitions }) => transitions, currentDays);
  const noncurrent = whenMoved(({ noncurrentTransitions = [] }) => noncurrentTransitions, noncurrentDays);
  return {
    keys,
    size,
    currentDays,
    noncurrentDays,
    destroyed: destroying.some(({ newerNoncurrentVersions }) => (newerNoncurrentVersions ?? 0) === 0),
    moves,
    noncurrentMoves: noncurrent.moves,
    idle,
  };
}

const glacier: ReadonlySet<string> = new Set(['GLACIER', 'DEEP_ARCHIVE']);

/** A filter on size lifts S3's own limit, whatever size it names. */
function staysForItsSize(
  { sizeGreaterThan, sizeLessThan }: LifecycleRule,
  storageClass: string,
  size: number,
  smallObjects: Lifecycle['smallObjects'],
): boolean {
  if (sizeGreaterThan !== undefined || sizeLessThan !== undefined) return false;
  if (smallObjects === 'varies_by_storage_class' && glacier.has(storageClass)) return false;
  return size < smallestToMove;
}

/** A date that has passed still holds: what is stored now goes at once. */
function whenOf(
  rule: string,
  { days, date }: { readonly days?: number | undefined; readonly date?: number | undefined },
  now: number,
): Earliest[] {
  return [
    ...(days === undefined ? [] : [{ days, rule }]),
    ...(date === undefined ? [] : [{ days: Math.max(0, (date - now) / dayMs), rule, date }]),
  ];
}

function earliest(all: readonly Earliest[]): Earliest | undefined {
  return all.reduce<Earliest | undefined>(
    (least, each) => (least === undefined || each.days < least.days ? each : least),
    undefined,
  );
}
