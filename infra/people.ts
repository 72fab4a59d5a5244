import { ManagedPolicy } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { logsPrefix } from '../lib/archive/format/key.ts';
import type { Config } from '../lib/config/config.ts';
import { parameterNames } from '../lib/drains/parameters.ts';
import { setAsidePrefix } from '../lib/spool/set-aside.ts';
import { type Grant, statementsOf } from './grant.ts';
import { ledgerGrants } from './ledger-grants.ts';
import { readParameters } from './parameter-grants.ts';
import type { Spool } from './spool.ts';

export interface PeopleProps {
  readonly config: Pick<Config, 'stage'>;
  readonly archive: Bucket;
  readonly ledger: Bucket;
  readonly key: IKey | undefined;
  readonly spool: Spool;
}

/**
 * Policies for an operator to attach to people: to work on incidents, and to read them, neither of which reads a log;
 * and to work on the spool, whose dead letters and what is set aside hold log lines.
 */
export class People extends Construct {
  readonly full: ManagedPolicy;
  readonly readOnly: ManagedPolicy;
  readonly spool: ManagedPolicy;

  constructor(scope: Construct, id: string, { config, archive, ledger, key, spool }: PeopleProps) {
    super(scope, id);
    const { stage } = config;
    const { ledgerBucket, archiveBucket, spoolQueue, spoolDeadLetters } = parameterNames;
    const find = (...names: readonly string[]) =>
      readParameters(this, { stage, what: 'Parameters', names: [parameterNames.config, ...names] });
    const read = ['incidents/', 'reports/'];
    this.full = this.#policy('IncidentsFull', `Cistern (${stage}): work on incidents`, [
      ...find(ledgerBucket, archiveBucket),
      ...ledgerGrants({ ledger, key, read, write: ['incidents/', 'reports/incidents/'] }),
      // Keys alone tell a postmortem how much was stored when.
      {
        sid: 'ListLogs',
        actions: ['s3:ListBucket'],
        resources: [archive.bucketArn],
        conditions: { StringLike: { 's3:prefix': `${logsPrefix}*` } },
      },
    ]);
    this.readOnly = this.#policy('IncidentsReadOnly', `Cistern (${stage}): read incidents`, [
      ...find(ledgerBucket),
      ...ledgerGrants({ ledger, key, read, write: [] }),
    ]);
    this.spool = this.#policy('Spool', `Cistern (${stage}): work on the spool`, [
      ...find(ledgerBucket, spoolQueue, spoolDeadLetters),
      // Of what was set aside and went back into the spool, only a mark is written.
      ...ledgerGrants({ ledger, key, read: [setAsidePrefix], write: [setAsidePrefix] }),
      {
        sid: 'ReadMetrics',
        actions: ['cloudwatch:GetMetricData'],
        resources: ['*'],
        wildcards: 'CloudWatch knows no narrower resource for reading metrics.',
      },
      ...spool.countGrants(),
      ...spool.redriveGrants(),
    ]);
  }

  #policy(id: string, description: string, grants: readonly Grant[]): ManagedPolicy {
    const policy = new ManagedPolicy(this, id, { description });
    policy.addStatements(...statementsOf(policy, grants));
    return policy;
  }
}
