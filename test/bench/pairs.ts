import { format } from './figure.ts';

/** Two things to compare; each call is one sample of it, in the same unit. */
export interface Contest {
  ours(): Promise<number>;
  base(): Promise<number>;
}

export interface Pairs {
  readonly ours: readonly number[];
  readonly base: readonly number[];
  /** Ours over base, pair by pair. */
  readonly ratios: readonly number[];
}

/**
 * Samples both sides in turn and alternates which goes first, so that whatever slows the machine for a while
 * slows both. The first `warmUps` pairs are thrown away.
 */
export async function samplePairs(contest: Contest, pairs: number, warmUps: number): Promise<Pairs> {
  const ours: number[] = [];
  const base: number[] = [];
  for (let i = -warmUps; i < pairs; i += 1) {
    let mine: number;
    let theirs: number;
    if (i % 2 === 0) {
      mine = await contest.ours();
      theirs = await contest.base();
    } else {
      theirs = await contest.base();
      mine = await contest.ours();
    }
    if (i < 0) continue;
    ours.push(mine);
    base.push(theirs);
  }
  return joinPairs([{ ours, base, ratios: [] }]);
}

export function joinPairs(parts: readonly Pairs[]): Pairs {
  const ours = parts.flatMap((part) => part.ours);
  const base = parts.flatMap((part) => part.base);
  return { ours, base, ratios: ours.map((value, i) => value / (base[i] ?? Number.NaN)) };
}

/** Milliseconds that `work` takes. */
export async function timed(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** The values one after the other, over and over. */
export function cycle<T>(values: readonly T[]): () => T {
  let next = 0;
  return () => {
    const value = values[next % values.length];
    if (value === undefined) throw new Error('nothing to measure');
    next += 1;
    return value;
  };
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Between the two values next to it where it falls between them. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? Number.NaN;
  return below + (above - below) * (at - Math.floor(at));
}

/** The medians of both sides and the middle half of the ratios: how far to trust the one number. */
export function describePairs({ ours, base, ratios }: Pairs, unit: string): string {
  const middle = `${format(quantile(ratios, 0.25))} to ${format(quantile(ratios, 0.75))}`;
  return `${format(median(ours))} against ${format(median(base))} ${unit}; middle half of ${ratios.length} pairs ${middle}`;
}
