import { ArnFormat, Aws, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Effect, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import type { Config } from '../lib/config/config.ts';
import type { Grant } from './grant.ts';

export interface TopicsProps {
  readonly config: Pick<Config, 'stage' | 'urgentEmails'>;
}

/** Where the stack tells people: of incidents by the watch, and of the watch itself by CloudWatch's alarms. */
export class Topics extends Construct {
  /** Where a channel of type `sns` publishes that names no topic. */
  readonly alerts: Topic;
  /** Of what must not travel through Cistern's own code: only alarms publish here. */
  readonly urgent: Topic;
  /**
   * The customer's own, since with the key that AWS manages for SNS no alarm could publish, and none would say so.
   * Not the key of the buckets, whose policy is not the stack's to change.
   */
  readonly #key: Key;

  constructor(scope: Construct, id: string, { config }: TopicsProps) {
    super(scope, id);
    this.#key = new Key(this, 'Key', {
      description: `Cistern (${config.stage}): what is on its way through the topics`,
      enableKeyRotation: true,
      // Encrypts nothing that stays.
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.alerts = this.#topic('Alerts', `Cistern ${config.stage}`);
    this.urgent = this.#topic('Urgent', `Cistern ${config.stage} urgent`);
    this.#admitAlarms();
    for (const address of config.urgentEmails) this.urgent.addSubscription(new EmailSubscription(address));
  }

  #topic(id: string, displayName: string): Topic {
    return new Topic(this, id, { displayName, masterKey: this.#key, enforceSSL: true });
  }

  /** A topic with a policy of its own, as enforceSSL makes one, has lost the one by which its account's alarms publish. */
  #admitAlarms(): void {
    const alarms = {
      principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
      conditions: {
        StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID },
        ArnLike: {
          'aws:SourceArn': Stack.of(this).formatArn({
            service: 'cloudwatch',
            resource: 'alarm',
            resourceName: '*',
            arnFormat: ArnFormat.COLON_RESOURCE_NAME,
          }),
        },
      },
    };
    this.urgent.addToResourcePolicy(
      new PolicyStatement({
        sid: 'AlarmsPublish',
        effect: Effect.ALLOW,
        actions: ['sns:Publish'],
        resources: [this.urgent.topicArn],
        ...alarms,
      }),
    );
    this.#key.addToResourcePolicy(
      new PolicyStatement({
        sid: 'AlarmsEncrypt',
        effect: Effect.ALLOW,
        actions: ['kms:Decrypt', 'kms:GenerateDataKey*'],
        resources: ['*'],
        ...alarms,
      }),
    );
  }

  /** Publishing to the topic of incidents, and to `others`; looking who is subscribed to these and to the urgent one. */
  publishGrants(others: readonly string[]): Grant[] {
    const told = [this.alerts.topicArn, ...others];
    return [
      { sid: 'Publish', actions: ['sns:Publish'], resources: told },
      {
        sid: 'ListSubscriptions',
        actions: ['sns:ListSubscriptionsByTopic'],
        resources: [...told, this.urgent.topicArn],
      },
      {
        sid: 'EncryptAlerts',
        actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
        resources: [this.#key.keyArn],
        conditions: { StringEquals: { 'kms:ViaService': `sns.${Aws.REGION}.amazonaws.com` } },
      },
    ];
  }
}
