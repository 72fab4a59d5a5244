import type { Dirent } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { objectKey } from '../../lib/archive/format/key.ts';
import { DirectoryPageLister } from '../../lib/archive/store/directory/directory-page-lister.ts';
import type { PageLister } from '../../lib/archive/store/page-lister.ts';
import type { AppName } from '../../lib/drains/app-name.ts';
import type { Finding, FindingStatus, Memory } from '../../lib/findings/finding.ts';
import { freshnessCheck } from '../../lib/watch/checks/freshness/freshness.ts';
import { MemoryPageLister, type SortedKeys } from '../support/memory-page-lister.ts';
import { RepeatedLook } from '../support/repeated-look.ts';
import { benchDirectory } from './directories.ts';
import { atMost, type Benchmark, unlimited } from './figure.ts';
import { median } from './pairs.ts';

/** List requests of the check of freshness, counted, from an archive of ten objects to one of a million. */
export const watchRequests: Benchmark = {
  figures: ['watch-requests', 'watch-requests-sending', 'watch-requests-growth'],
  async run() {
    const counts: { readonly scene: Scene; readonly requests: readonly number[] }[] = [];
    for (const scene of scenes) counts.push({ scene, requests: await countAtEachSize(scene) });
    const most = Math.max(...counts.flatMap(({ requests }) => requests));
    const sending = counts.find(({ scene }) => scene.status === 'ok')?.requests ?? [];
    const growth = counts.map(({ requests }) => Math.max(...requests) - Math.min(...requests));
    const each = counts.map(({ scene, requests }) => `${scene.name} ${Math.max(...requests)}`).join(', ');
    const span = `${sizes.at(0)} to ${sizes.at(-1)?.toLocaleString('en')} objects`;
    return [
      atMost(2, { name: 'watch-requests', value: most, unit: 'lists', remark: `per app and run: ${each}` }),
      atMost(1, {
        name: 'watch-requests-sending',
        value: Math.max(...sending),
        unit: 'lists',
        remark: 'per app that sends',
      }),
      atMost(0, { name: 'watch-requests-growth', value: Math.max(...growth), unit: 'lists', remark: span }),
    ];
  },
};

/** One look at a silent app whose 10,000 objects are files. */
export const watchDirectory: Benchmark = {
  figures: ['watch-directory'],
  async run() {
    const root = benchDirectory();
    const keys = Array.from({ length: 10_000 }, (_, n) => keyAt(now - hourMs - n * 5 * minuteMs));
    for (const folder of new Set(keys.map((key) => dirname(key)))) {
      await mkdir(join(root, folder), { recursive: true });
    }
    for (const key of keys) await writeFile(join(root, key), '');
    let folders = 0;
    const readFolder = (path: string): Promise<Dirent[]> => {
      folders += 1;
      return readdir(path, { withFileTypes: true });
    };
    const memory = { lastKey: keyAt(now - hourMs - 5 * minuteMs) };
    const runs: number[] = [];
    for (let run = 0; run < 50; run += 1) {
      const started = performance.now();
      expectStatus(await lookAtShop(new DirectoryPageLister(root, readFolder), memory), 'critical');
      runs.push(performance.now() - started);
    }
    const remark = `${folders / runs.length} folders read of ${new Set(keys.map((key) => dirname(key))).size} days`;
    return [unlimited({ name: 'watch-directory', value: median(runs), unit: 'ms', remark })];
  },
};

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const now = Date.UTC(2026, 10, 20, 12);
const shop = 'shop' as AppName;
const sizes = [10, 1_000, 100_000, 1_000_000] as const;

interface Scene {
  readonly name: string;
  readonly newest: number;
  readonly remembered: boolean;
  readonly status: FindingStatus;
}

const scenes: readonly Scene[] = [
  { name: 'sending', newest: now - minuteMs, remembered: true, status: 'ok' },
  { name: 'silent', newest: now - hourMs, remembered: true, status: 'critical' },
  { name: 'silent and never looked at before', newest: now - hourMs, remembered: false, status: 'critical' },
];

async function countAtEachSize({ newest, remembered, status }: Scene): Promise<number[]> {
  const counts: number[] = [];
  for (const size of sizes) {
    const lister = new MemoryPageLister(new EverySecond(size, newest));
    const memory = remembered ? { lastKey: keyAt(newest - minuteMs) } : undefined;
    expectStatus(await lookAtShop(lister, memory), status);
    counts.push(lister.requests.length);
  }
  return counts;
}

/** Keys a second apart, made up when they are asked for. */
class EverySecond implements SortedKeys {
  readonly length: number;
  readonly #newest: number;

  constructor(length: number, newest: number) {
    this.length = length;
    this.#newest = newest;
  }

  at(index: number): string {
    return keyAt(this.#newest - (this.length - 1 - index) * 1000);
  }
}

function keyAt(epochMs: number, app = shop): string {
  return objectKey({ app, epochMs, uuid: '00000000-0123-80bc-8def-0123456789ab' });
}

async function lookAtShop(lister: PageLister, memory?: Memory): Promise<readonly Finding[]> {
  const check = freshnessCheck({ apps: [{ name: shop, silenceMinutes: 15 }], lister });
  const findings = await new RepeatedLook(check, memory === undefined ? {} : { shop: memory }).at(now);
  return findings ?? [];
}

/** A count of requests says nothing where the check found something else. */
function expectStatus(findings: readonly Finding[] | undefined, status: FindingStatus): void {
  const other = findings?.find((finding) => finding.status !== status);
  if (findings === undefined || other !== undefined) throw new Error(`not ${status}: ${other?.summary}`);
}
