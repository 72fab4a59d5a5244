import { appPrefix, type ObjectKey } from '../../../archive/format/key.ts';
import type { PageLister } from '../../../archive/store/page-lister.ts';
import { describeError } from '../../../base/errors.ts';
import { sideBySide } from '../../../base/limited-concurrency.ts';
import type { AppName } from '../../../drains/app-name.ts';
import type { Check, Finding, Look, Memory } from '../../../findings/finding.ts';
import type { SpoolStatus } from '../../../spool/spool.ts';
import { type ActiveHours, activeBetween, activeSince, isActive } from '../../active-hours.ts';
import { type ArchiveLag, noLag, spooledForMs, usualLagMs } from '../../archive-lag.ts';
import { epochOf, findNewestKey, lookForKey, type NewestKey, readKey } from './newest-key.ts';

/** An app of the configuration, as far as its silence is concerned. */
export interface FreshApp {
  readonly name: AppName;
  /** Of active time. */
  readonly silenceMinutes: number;
  readonly activeHours?: ActiveHours;
}

export interface FreshnessSettings {
  readonly apps: readonly FreshApp[];
  readonly lister: PageLister;
  /**
   * Milliseconds since 1970: silence before it is not the app's. For a process that receives by itself; one that
   * looks beside it goes by what that process has left in the memory.
   */
  readonly startedAt?: number;
  /** Left out where each batch is stored at once, and there is no spool. */
  readonly lag?: ArchiveLag;
}

/**
 * Whether each app has sent anything lately. One list request for an app that has; two for one that has not, and
 * another while batches wait in the spool.
 */
export function freshnessCheck({ apps, lister, startedAt, lag = noLag }: FreshnessSettings): Check {
  return {
    name: 'freshness',
    look: (look) => {
      let spooled: Promise<SpoolStatus | undefined> | undefined;
      const context = { lister, startedAt, look, lagMs: usualLagMs(lag) };
      const onceSpooled = () => (spooled ??= lag.spooled(look.signal));
      return sideBySide(apps, appsAtOnce, (app) => lookAt(app, { ...context, spooled: onceSpooled }));
    },
  };
}

/** 100 silent apps are 200 requests: at 50 ms each, this takes them 0.7 s. */
const appsAtOnce = 16;
const minuteMs = 60_000;
const patienceMs = 24 * 60 * minuteMs;
/** For so long, what an app may have sent is taken to be in the spool: then somebody has to look. */
const spoolExcusesMs = 60 * minuteMs;

interface Context {
  readonly lister: PageLister;
  readonly startedAt: number | undefined;
  readonly look: Look;
  /** How far the archive is behind when all is well. */
  readonly lagMs: number;
  /** What waits in the spool; undefined where there is none, or nobody can tell. */
  spooled(): Promise<SpoolStatus | undefined>;
}

/** What is known of an app from earlier: a key that it had, or else since when it is watched. */
interface Known {
  readonly lastKey: ObjectKey | undefined;
  readonly firstListedAt: number;
  readonly startedAt: number | undefined;
}

async function lookAt(app: FreshApp, context: Context): Promise<Finding> {
  const known = readMemory(app.name, context);
  try {
    return await judge(app, known, context);
  } catch (error) {
    const why = error instanceof Error ? describeError(error) : String(error);
    return unknown(app, known, `Could not list the keys of ${app.name}: ${why}`, {
      remedy: 'Look into what the store answers: until it does, nobody can tell whether the app is silent',
    });
  }
}

async function judge(app: FreshApp, known: Known, context: Context): Promise<Finding> {
  const { lister, look, lagMs } = context;
  const { now, signal } = look;
  if (!isActive(app.activeHours, now)) {
    return skipped(app, known, `It is outside the active hours of ${app.name}`);
  }
  const from = activeSince(app.activeHours, now - lagMs, app.silenceMinutes * minuteMs);
  const sighting = await lookForKey(lister, app.name, { from, now }, signal);
  if (sighting.kind === 'fresh') return fresh(app, known, sighting.key);
  if (sighting.kind === 'hidden') return hidden(app, known, sighting.by);
  if (known.startedAt !== undefined && known.startedAt > from) {
    return skipped(app, known, `Cistern has not been up for ${app.silenceMinutes} active minutes yet`);
  }
  const spooledMs = spooledForMs(await context.spooled(), spoolExcusesMs);
  if (spooledMs > 0 && (await wasFreshBefore(app, spooledMs, context))) {
    return skipped(
      app,
      known,
      `Nothing of ${app.name} was stored for ${describeMinutes(app, app.silenceMinutes)}, but batches wait in the spool: whether it is silent shows when they are archived`,
    );
  }
  const newest = sighting.requests > 1 ? remembered(known) : await findNewest(app.name, known, lister, look);
  if (newest === 'hidden') return hidden(app, known, appPrefix(app.name));
  if (newest === undefined) return neverSeen(app, known, now);
  // It was stored between the two requests.
  if (epochOf(newest.key) >= from) return fresh(app, known, newest.key);
  return silent(app, known, newest, { now, spooled: spooledMs > 0 });
}

/** Whether an app was not silent when the oldest batch of the spool arrived: what it sent since may wait there. */
async function wasFreshBefore(
  app: FreshApp,
  spooledMs: number,
  { lister, look, lagMs }: Context,
): Promise<boolean> {
  const { now, signal } = look;
  const from = activeSince(app.activeHours, now - lagMs - spooledMs, app.silenceMinutes * minuteMs);
  return (await lookForKey(lister, app.name, { from, now }, signal)).kind === 'fresh';
}

/** That an app is silent is known by now: a key it once had is enough where the newest one can't be found. */
async function findNewest(
  app: AppName,
  known: Known,
  lister: PageLister,
  { now, signal }: Look,
): Promise<NewestKey | 'hidden' | undefined> {
  try {
    return await findNewestKey(lister, app, { known: known.lastKey, now }, signal);
  } catch (error) {
    if (known.lastKey === undefined) throw error;
    return remembered(known);
  }
}

function remembered({ lastKey }: Known): NewestKey | 'hidden' {
  return lastKey === undefined ? 'hidden' : { key: lastKey, exact: false };
}

function fresh(app: FreshApp, known: Known, key: ObjectKey): Finding {
  const { lastKey } = known;
  const newer = lastKey !== undefined && lastKey > key ? lastKey : key;
  return {
    ...about(app),
    status: 'ok',
    summary: `${app.name} has sent within the last ${describeMinutes(app, app.silenceMinutes)}`,
    evidence: { thresholdMinutes: app.silenceMinutes, seenObject: key },
    remedy: '',
    memory: remember({ ...known, lastKey: newer }),
  };
}

function silent(
  app: FreshApp,
  known: Known,
  { key, exact }: NewestKey,
  { now, spooled }: { readonly now: number; readonly spooled: boolean },
): Finding {
  const since = epochOf(key);
  const silentMs = activeBetween(app.activeHours, Math.max(since, known.startedAt ?? since), now);
  // Where newer keys may lie behind the page, the silence is known to be over the threshold, and no more.
  const silentMinutes = exact ? Math.floor(silentMs / minuteMs) : app.silenceMinutes;
  const last = `its last batch is of ${exact ? '' : 'or after '}${new Date(since).toISOString()}`;
  return {
    ...about(app),
    status: 'critical',
    summary: `${app.name} has sent nothing for ${exact ? '' : 'over '}${describeMinutes(app, silentMinutes)}; ${last}`,
    evidence: {
      thresholdMinutes: app.silenceMinutes,
      silentMinutes,
      lastObject: key,
      ...(exact ? {} : { lastObjectIs: 'at or after' }),
    },
    remedy: `${spooled ? 'Batches wait in the spool, its own perhaps among them: see `cistern spool status` first. ' : ''}Run \`cistern smoke cistern-canary\` (one of ${app.name} itself would end its silence). Where that succeeds, see whether the app runs, and whether \`heroku drains --app ${app.name}\` lists its drain`,
    since,
    memory: remember({ ...known, lastKey: key }),
  };
}

function neverSeen(app: FreshApp, known: Known, now: number): Finding {
  const waited = now - known.firstListedAt;
  return {
    ...about(app),
    status: waited >= patienceMs ? 'critical' : 'warning',
    summary: `${app.name} has never sent anything: there is no key under ${appPrefix(app.name)}`,
    evidence: {
      thresholdMinutes: app.silenceMinutes,
      firstListedAt: new Date(known.firstListedAt).toISOString(),
    },
    remedy: `Add its drain with the command that \`cistern drain add ${app.name}\` prints, or take the app out of the configuration`,
    since: known.firstListedAt,
    memory: remember(known),
  };
}

function hidden(app: FreshApp, known: Known, by: string): Finding {
  return unknown(app, known, `Objects that are no keys of the archive hide those of ${app.name}`, {
    evidence: { foreignObject: by },
    remedy: `Remove what does not belong under ${appPrefix(app.name)}: nothing but Cistern writes there`,
  });
}

function skipped(app: FreshApp, known: Known, summary: string): Finding {
  return { ...about(app), status: 'skipped', summary, evidence: {}, remedy: '', memory: remember(known) };
}

function unknown(
  app: FreshApp,
  known: Known,
  summary: string,
  { evidence = {}, remedy }: Pick<Finding, 'remedy'> & Partial<Pick<Finding, 'evidence'>>,
): Finding {
  return { ...about(app), status: 'unknown', summary, evidence, remedy, memory: remember(known) };
}

function about({ name }: FreshApp): Pick<Finding, 'check' | 'subject' | 'app'> {
  return { check: 'freshness', subject: name, app: name };
}

function readMemory(app: AppName, { look, startedAt }: Context): Known {
  const memory = look.remembered(app) ?? {};
  const { lastKey, firstListedAt, startedAt: left } = memory;
  return {
    lastKey: readKey(app, lastKey),
    firstListedAt: typeof firstListedAt === 'number' ? firstListedAt : look.now,
    startedAt: startedAt ?? (typeof left === 'number' ? left : undefined),
  };
}

function remember({ lastKey, firstListedAt, startedAt }: Known): Memory {
  return {
    ...(lastKey === undefined ? { firstListedAt } : { lastKey }),
    ...(startedAt === undefined ? {} : { startedAt }),
  };
}

function describeMinutes({ activeHours }: FreshApp, minutes: number): string {
  const amount =
    minutes < 120
      ? `${minutes} min`
      : minutes < 48 * 60
        ? `${Math.floor(minutes / 60)} h`
        : `${Math.floor(minutes / 60 / 24)} days`;
  return activeHours === undefined ? amount : `${amount} of its active hours`;
}
