import type { Price } from './prices.ts';

/** One line of a bill. */
export interface Line {
  readonly name: string;
  /** A month, in the price's unit. */
  readonly quantity: number;
  readonly price: Price;
  /** In US dollars. */
  readonly sum: number;
}

export function line(name: string, quantity: number, price: Price): Line {
  return { name, quantity, price, sum: (quantity / price.per) * price.usd };
}

/** In US dollars. */
export function totalOf(lines: readonly Line[]): number {
  return lines.reduce((sum, each) => sum + each.sum, 0);
}
