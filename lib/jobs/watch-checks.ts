import { AlertsCheck } from '../alerts/alerts-check.ts';
import type { OpenChannels } from '../alerts/make-channels.ts';
import type { SubscriptionReader } from '../alerts/subscription-reader.ts';
import type { PageLister } from '../archive/store/page-lister.ts';
import type { ArchiveReader } from '../archive/store/store.ts';
import { readyToPaste } from '../base/command-line.ts';
import type { Config } from '../config/config.ts';
import { canaryApp } from '../drains/canary-app.ts';
import type { ParameterStore } from '../drains/parameters.ts';
import type { Check } from '../findings/finding.ts';
import { recordsCheck } from '../incidents/records/records-check.ts';
import type { State } from '../incidents/state.ts';
import type { IncidentStore } from '../incidents/store/incident-store.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { CountersReader } from '../metrics/counters-reader.ts';
import type { SpoolReader } from '../spool/spool.ts';
import { archiveLag } from '../watch/archive-lag.ts';
import { canaryCheck } from '../watch/checks/canary/canary.ts';
import { tracerUrl } from '../watch/checks/canary/tracer-url.ts';
import { drainCheck } from '../watch/checks/drain/drain.ts';
import { Heroku } from '../watch/checks/drain/heroku.ts';
import { freshnessCheck } from '../watch/checks/freshness/freshness.ts';
import { lossCheck } from '../watch/checks/loss/loss.ts';
import { type RetentionOptions, retentionCheck } from '../watch/checks/retention/retention.ts';
import { spoolCheck } from '../watch/checks/spool/spool.ts';
import { volumeCheck } from '../watch/checks/volume/volume.ts';
import { type JobName, jobs } from './jobs.ts';
import { jobsCheck } from './jobs-check.ts';

/** What one stage, or one data directory, is looked at through. */
export interface WatchPorts {
  readonly config: Config;
  readonly parameters: ParameterStore;
  readonly archive: ArchiveReader;
  readonly lister: PageLister;
  readonly ledger: Ledger;
  readonly incidents: IncidentStore;
  readonly retention: RetentionOptions;
  /** What waits between receiver and archive. */
  readonly spool: SpoolReader;
  /** Absent where nobody counts: another process than the one that receives. */
  readonly counters?: CountersReader | undefined;
  /** What names it on a command line: `--stage production`. */
  readonly target: string;
  readonly opened: OpenChannels;
  /** Topics that somebody must be subscribed to, by their subject. */
  readonly topics?: ReadonlyMap<string, string>;
  readonly subscriptions?: SubscriptionReader;
  /** When the receiver began, in `serve`: silence before it is nobody's fault. */
  readonly startedAt?: number;
  /** A look that changes nothing sends no tracer. */
  readonly canary: boolean;
}

/** Every check that can be done through these ports. */
export function checksThrough(ports: WatchPorts): (known: KnownState) => readonly Check[] {
  const { config, parameters, archive, lister, ledger, spool, counters, target, startedAt } = ports;
  const { apps } = config;
  const names = apps.map(({ name }) => name);
  const windowMs = config.archiver.windowSeconds * 1000;
  const lag = archiveLag(config.delivery === 'buffered' ? windowMs : 0, spool);
  const fixed = [
    freshnessCheck({ apps, lister, lag, ...(startedAt === undefined ? {} : { startedAt }) }),
    retentionCheck(ports.retention),
    drainCheck({ apps: names, parameters, heroku: (token) => new Heroku(token), target }),
    spoolCheck({ spool, windowMs }),
    jobsCheck({ ledger, jobs: jobs satisfies Record<JobName, unknown> }),
    ...(counters === undefined
      ? []
      : [
          lossCheck({ counters, listed: apps.length > 0, temporaryApps: config.temporaryApps }),
          volumeCheck({ apps, counters }),
        ]),
    ...(ports.canary
      ? [canaryCheck({ drainUrl: async () => tracerUrl(parameters, canaryApp), archive, lag })]
      : []),
  ];
  return ({ state, setAside }) =>
    [
      ...fixed,
      recordsCheck({ store: ports.incidents, ...(setAside === undefined ? {} : { setAside }) }),
      alertsCheck(ports, state.unsent),
    ].map((check) => namingTarget(check, target));
}

/** A check knows the commands that help, and not what they have to be run on. */
function namingTarget(check: Check, target: string): Check {
  return {
    name: check.name,
    look: async (look) =>
      (await check.look(look))?.map((finding) => ({
        ...finding,
        remedy: readyToPaste(finding.remedy, target),
      })),
  };
}

interface KnownState {
  readonly state: Pick<State, 'unsent'>;
  readonly setAside?: string;
}

function alertsCheck({ config, opened, topics, subscriptions }: WatchPorts, unsent: State['unsent']): Check {
  return new AlertsCheck({
    channels: [...opened.channels.keys()],
    // Who watches nothing of their own yet is not asked whom to tell.
    wanted: config.apps.length > 0,
    broken: opened.broken,
    unsent,
    topics: topics ?? new Map(),
    ...(subscriptions === undefined ? {} : { subscriptions }),
  });
}
