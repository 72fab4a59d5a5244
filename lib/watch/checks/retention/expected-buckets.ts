import { logsPrefix } from '../../../archive/format/key.ts';
import type { Config } from '../../../config/config.ts';
import { ledgerLifetimes } from '../../../ledger/lifetimes.ts';
import type { ExpectedBucket } from './bucket-settings.ts';

/** What the stack makes of a configuration's buckets: infra/archive-bucket.ts, infra/ledger-bucket.ts. */

type Retention = Pick<Config, 'retentionDays' | 'objectLock' | 'kmsKeyArn'>;

export function expectedArchive(config: Retention & Pick<Config, 'infrequentAccessDays'>): ExpectedBucket {
  const { infrequentAccessDays, retentionDays } = config;
  const moves = infrequentAccessDays !== 'never';
  return {
    ...expectedOfBoth(config),
    prefixes: [
      {
        prefix: logsPrefix,
        days: retentionDays,
        noncurrentDays: retentionDays,
        ...(moves ? { move: { storageClass: 'STANDARD_IA', days: infrequentAccessDays } } : {}),
      },
    ],
    rules: moves ? ['expire', 'infrequent-access'] : ['expire'],
    createOnly: logsPrefix,
  };
}

export function expectedLedger(config: Retention & Pick<Config, 'incidentDays'>): ExpectedBucket {
  const lifetimes = ledgerLifetimes(config);
  return {
    ...expectedOfBoth(config),
    prefixes: lifetimes.map(({ prefix }) => {
      // The shortest of overlapping rules wins.
      const overlapping = lifetimes.filter((each) => prefix.startsWith(each.prefix));
      return {
        prefix,
        days: Math.min(...overlapping.map(({ days = Number.POSITIVE_INFINITY }) => days)),
        noncurrentDays: Math.min(...overlapping.map(({ noncurrentDays }) => noncurrentDays)),
      };
    }),
    rules: [...lifetimes.map(({ id }) => id), 'incomplete-uploads'],
  };
}

function expectedOfBoth({ kmsKeyArn, objectLock }: Retention) {
  return {
    ...(kmsKeyArn === undefined ? {} : { kmsKeyArn }),
    ...(objectLock === undefined ? {} : { objectLock }),
    principals: [],
  };
}
