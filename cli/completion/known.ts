import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { parseAppName } from '../../lib/drains/app-name.ts';
import { chooseTarget, openTarget, type TargetOptions } from '../shared/target.ts';
import { configOf } from '../shared/target-config.ts';

/** What is known of apps and stages without a network. Nothing here throws: a shell waits for the answer. */

const deployed = z.object({
  context: z.object({
    cistern: z.object({
      stage: z.string().optional(),
      apps: z.array(z.object({ name: z.string() })).optional(),
    }),
  }),
});

/** The configuration of the stack, in a checkout. */
async function readStack() {
  const text = await readFile('cdk.json', 'utf8').catch(() => '{}');
  return deployed.safeParse(JSON.parse(text)).data?.context.cistern;
}

export async function knownStages(): Promise<string[]> {
  const stack = await readStack().catch(() => undefined);
  const names = [stack?.stage, process.env['CISTERN_STAGE'] || undefined];
  return [...new Set(names.filter((stage) => stage !== undefined))];
}

/** Of a stage the apps of its configuration; of a data directory also those of which something is stored. */
export async function knownApps(options: TargetOptions): Promise<string[]> {
  try {
    const target = chooseTarget(options, process.env);
    if ('stage' in target) return appNames(((await readStack())?.apps ?? []).map(({ name }) => name));
    const configured = openTarget(options).then((opened) => configOf(opened, options));
    const [stored, { apps }] = await Promise.all([
      readdir(join(target.data, 'archive', 'logs')).catch(() => []),
      configured.catch(() => ({ apps: [] })),
    ]);
    return appNames([...stored, ...apps.map(({ name }) => name)]);
  } catch {
    return [];
  }
}

function appNames(names: readonly string[]): string[] {
  return [...new Set(names.flatMap((name) => parseAppName(name) ?? []))].sort();
}
