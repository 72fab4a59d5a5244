/**
 * Loaded before a program (`--import`), it can set the program's clock and fill its disk, as the file that
 * SOAK_CONTROL names says. A full disk takes a part of what is written, then nothing, and makes no directory: what
 * ENOSPC is, without being root.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { promisify } from 'node:util';

/** What the control file holds, as JSON. */
export interface Misfortune {
  readonly clockMs: number;
  readonly diskFull: boolean;
}

const lookEveryMs = 20;
const path = process.env['SOAK_CONTROL'] ?? '';
const { readFileSync } = fs;
let misfortune: Misfortune = { clockMs: 0, diskFull: false };

function look(): void {
  misfortune = JSON.parse(readFileSync(path, 'utf8'));
}

look();
setInterval(look, lookEveryMs).unref();

const RealDate = Date;
globalThis.Date = class extends RealDate {
  constructor(...args: readonly unknown[]) {
    super(...((args.length === 0 ? [Date.now()] : args) as [number]));
  }

  static override now(): number {
    return RealDate.now() + misfortune.clockMs;
  }
} as DateConstructor;

function noSpace(call: string): Error {
  return Object.assign(new Error(`ENOSPC: no space left on device, ${call}`), { code: 'ENOSPC', errno: -28 });
}

type Callback = (error: Error | null, ...results: unknown[]) => void;
type Call = (...args: unknown[]) => void;

/** In place of a call of node:fs. */
function replace(name: 'mkdir' | 'writeFile' | 'writev' | 'link', whenFull: (args: unknown[]) => void): void {
  const real = fs[name] as Call;
  const replaced = (...args: unknown[]) => (misfortune.diskFull ? whenFull(args) : real(...args));
  const custom: unknown = Reflect.get(real, promisify.custom);
  if (typeof custom === 'function') throw new Error(`fs.${name} has a promise of its own`);
  Object.assign(fs, { [name]: replaced });
}

const refuse = (name: string) => (args: unknown[]) => {
  const callback = args.at(-1) as Callback;
  setImmediate(() => callback(noSpace(name)));
};

const { writeFile, writev, writevSync } = fs;

replace('mkdir', refuse('mkdir'));
replace('link', refuse('link'));
replace('writeFile', ([file, bytes, ...rest]) => {
  const callback = rest.at(-1) as Callback;
  const half = Buffer.from(bytes as Uint8Array);
  writeFile(file as number, half.subarray(0, half.length / 2), () => callback(noSpace('write')));
});

let calls = 0;
replace('writev', (args) => {
  const [file, buffers, at] = args as [number, readonly Uint8Array[], number];
  const callback = args.at(-1) as Callback;
  calls += 1;
  // A short write first, as the kernel says it; the next one finds no room at all.
  if (calls % 2 === 0) {
    setImmediate(() => callback(noSpace('write')));
    return;
  }
  writev(file, [half(buffers)], at, (error, written) => callback(error, written, buffers));
});
fs.writevSync = (file, buffers, at) => {
  if (!misfortune.diskFull) return writevSync(file, buffers, at);
  calls += 1;
  if (calls % 2 === 0) throw noSpace('write');
  return writevSync(file, [half(buffers as readonly Uint8Array[])], at);
};

function half(buffers: readonly Uint8Array[]): Buffer {
  const all = Buffer.concat(buffers);
  return all.subarray(0, all.length / 2);
}

// Else its promise would be of a number, and not of `{ bytesWritten }`.
Object.defineProperty(fs.writev, promisify.custom, {
  value: (file: number, buffers: readonly Uint8Array[], at: number | null = null) =>
    new Promise((resolve, reject) => {
      fs.writev(file, [...buffers], at, (error, bytesWritten) =>
        error === null ? resolve({ bytesWritten, buffers }) : reject(error),
      );
    }),
});
syncBuiltinESMExports();
