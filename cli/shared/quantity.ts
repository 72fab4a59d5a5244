import { CliError } from './errors.ts';

const thousands = { '': 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 } as const;
const binary = { ki: 2 ** 10, mi: 2 ** 20, gi: 2 ** 30, ti: 2 ** 40 } as const;

/** More than any archive holds: what is larger is a slip of the hand. */
const most = 1e15;

/** `1200`, `50k`, `1.5M`, `2G`: a whole number from 1. Throws {@link CliError}. */
export function countArgument(flag: string): (text: string) => number {
  return (text) => {
    const [, digits, suffix = ''] = /^(\d{1,16}(?:\.\d{1,9})?) ?([kmg]?)$/i.exec(text) ?? [];
    return (
      whole(digits, factorOf(suffix)) ?? refuse(flag, text, 'a whole number such as 1200, 50k, 1.5M or 2G')
    );
  };
}

/** `1200`, `3.5GB`, `512MiB`: a whole number of bytes from 1. Throws {@link CliError}. */
export function bytesArgument(flag: string): (text: string) => number {
  return (text) => {
    const [, digits, suffix = ''] = /^(\d{1,16}(?:\.\d{1,9})?) ?((?:[kmgt]i?)?b?)$/i.exec(text) ?? [];
    const factor = factorOf(suffix.replace(/b$/i, ''));
    return whole(digits, factor) ?? refuse(flag, text, 'bytes, such as 1200, 900k, 3.5GB or 512MiB');
  };
}

/** A number from `least` to `most`, with or without a fraction. Throws {@link CliError}. */
export function numberArgument(flag: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const number = /^\d{1,9}(?:\.\d{1,9})?$/.test(text) ? Number(text) : Number.NaN;
    if (number >= least && number <= most) return number;
    return refuse(flag, text, `a number from ${least} to ${most}`);
  };
}

function factorOf(suffix: string): number {
  const factors: Readonly<Record<string, number>> = { ...thousands, ...binary };
  return factors[suffix.toLowerCase()] ?? Number.NaN;
}

function whole(digits: string | undefined, factor: number): number | undefined {
  if (digits === undefined) return undefined;
  const exact = Number(digits) * factor;
  const rounded = Math.round(exact);
  // 1.1k is 1100.0000000000002; a part of a byte is nothing that anybody means.
  const isWhole = Math.abs(exact - rounded) <= rounded * 1e-9;
  return rounded >= 1 && rounded <= most && (isWhole || factor >= 1e3) ? rounded : undefined;
}

function refuse(flag: string, text: string, wanted: string): never {
  throw new CliError(`${flag} ${text}: give ${wanted}.`);
}
