import { ManagedPolicy } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { logsPrefix } from '../lib/archive/key.ts';
import type { Config } from '../lib/config.ts';
import { parameterNames } from '../lib/drains/parameters.ts';
import { type Grant, statementsOf } from './grant.ts';
import { ledgerGrants } from './ledger-grants.ts';
import { readParameters } from './parameter-grants.ts';

export interface PeopleProps {
  readonly config: Pick<Config, 'stage'>;
  readonly archive: Bucket;
  readonly ledger: Bucket;
  readonly key: IKey | undefined;
}

/** Policies for an operator to attach to people: to work on incidents, and to read them. Neither reads a log. */
export class People extends Construct {
  readonly full: ManagedPolicy;
  readonly readOnly: ManagedPolicy;

  constructor(scope: Construct, id: string, { config, archive, ledger, key }: PeopleProps) {
    super(scope, id);
    const { stage } = config;
    const { ledgerBucket, archiveBucket } = parameterNames;
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
  }

  #policy(id: string, description: string, grants: readonly Grant[]): ManagedPolicy {
    const policy = new ManagedPolicy(this, id, { description });
    policy.addStatements(...statementsOf(policy, grants));
    return policy;
  }
}
