import { ManagedPolicy } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { Config } from '../lib/config.ts';
import { parameterNames } from '../lib/drains/parameters.ts';
import { type Grant, statementsOf } from './grant.ts';
import { ledgerGrants } from './ledger-grants.ts';
import { readParameters } from './parameter-grants.ts';

export interface PeopleProps {
  readonly config: Pick<Config, 'stage'>;
  readonly ledger: Bucket;
  readonly key: IKey | undefined;
}

/** Policies for an operator to attach to people: to work on incidents, and to read them. Neither sees a log. */
export class People extends Construct {
  readonly full: ManagedPolicy;
  readonly readOnly: ManagedPolicy;

  constructor(scope: Construct, id: string, { config, ledger, key }: PeopleProps) {
    super(scope, id);
    const { stage } = config;
    const { ledgerBucket } = parameterNames;
    const find = readParameters(this, {
      stage,
      what: 'Parameters',
      names: [parameterNames.config, ledgerBucket],
    });
    const read = ['incidents/', 'reports/'];
    this.full = this.#policy('IncidentsFull', `Cistern (${stage}): work on incidents`, [
      ...find,
      ...ledgerGrants({ ledger, key, read, write: ['incidents/'] }),
      {
        sid: 'ReadMetrics',
        actions: ['cloudwatch:GetMetricData', 'cloudwatch:ListMetrics'],
        resources: ['*'],
        wildcards: 'CloudWatch knows no narrower resource for reading metrics, which a postmortem quotes.',
      },
    ]);
    this.readOnly = this.#policy('IncidentsReadOnly', `Cistern (${stage}): read incidents`, [
      ...find,
      ...ledgerGrants({ ledger, key, read, write: [] }),
    ]);
  }

  #policy(id: string, description: string, grants: readonly Grant[]): ManagedPolicy {
    const policy = new ManagedPolicy(this, id, { description });
    policy.addStatements(...statementsOf(policy, grants));
    return policy;
  }
}
