import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Aws, CfnElement, Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  Architecture,
  Code,
  FunctionUrlAuthType,
  Function as LambdaFunction,
  Runtime,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { logsPrefix } from '../lib/archive/key.ts';
import type { Config } from '../lib/config.ts';
import { parameterNames } from '../lib/drains/parameters.ts';

export interface ReceiverProps {
  readonly config: Pick<Config, 'stage' | 'reservedConcurrency' | 'functionLogDays'>;
  /** The folder that holds `receiver/index.mjs`. */
  readonly bundles: string;
  readonly archive: Bucket;
  /** The key of the archive, where it is not S3's own. */
  readonly key: IKey | undefined;
}

export class MissingBundleError extends Error {
  constructor(file: string) {
    super(`${file} is missing: run "npm run build" first.`);
    this.name = 'MissingBundleError';
  }
}

/** The function that takes batches, behind its own URL, with a role that can create objects and little else. */
export class Receiver extends Construct {
  /** `https://…`, ending in a slash. */
  readonly url: string;

  constructor(scope: Construct, id: string, props: ReceiverProps) {
    super(scope, id);
    const { config, archive } = props;
    const logGroup = new LogGroup(this, 'Log', {
      logGroupName: `/cistern/${config.stage}/receiver`,
      retention: config.functionLogDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const receiver = new LambdaFunction(this, 'Function', {
      description: `Cistern (${config.stage}): stores each batch that Heroku drains, then acknowledges it`,
      code: Code.fromAsset(bundleFolder(props.bundles)),
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      // Room for the largest batch, 4.5 MB, and five times that to work on it; and, since CPU comes in
      // proportion (0.29 of a core), time to compress it well within the 4 s that an answer may take.
      memorySize: 512,
      // Heroku gives up after 5 s and the receiver answers within 4: this only ends what went wrong.
      timeout: Duration.seconds(10),
      role: receiverRole(this, props, logGroup),
      logGroup,
      environment: { CISTERN_STAGE: config.stage, CISTERN_BUCKET: archive.bucketName },
      ...(config.reservedConcurrency === undefined
        ? {}
        : { reservedConcurrentExecutions: config.reservedConcurrency }),
    });
    // Heroku can't sign requests: the receiver itself checks each drain's secret. Adds the permissions
    // lambda:InvokeFunctionUrl and lambda:InvokeFunction, both of which such a URL needs.
    this.url = receiver.addFunctionUrl({ authType: FunctionUrlAuthType.NONE }).url;
  }
}

function bundleFolder(bundles: string): string {
  const folder = join(bundles, 'receiver');
  const file = join(folder, 'index.mjs');
  if (!existsSync(file)) throw new MissingBundleError(file);
  return folder;
}

/** Written by hand: a bucket's `grantPut` would add five more actions, AWS's managed policy every log group. */
function receiverRole(scope: Construct, { config, archive, key }: ReceiverProps, logGroup: LogGroup): Role {
  const stack = Stack.of(scope);
  const drains = `cistern/${config.stage}/${parameterNames.drains}`.replace(/\/$/, '');
  const parameterArn = (name: string) =>
    stack.formatArn({ service: 'ssm', resource: 'parameter', resourceName: name });

  const statements = [
    new PolicyStatement({
      sid: 'CreateObjects',
      actions: ['s3:PutObject'],
      resources: [archive.arnForObjects(`${logsPrefix}*`)],
    }),
    // Authorised against the path that is asked for, with or without its last slash, and not against what
    // is found below it (Parameter Store's guide, "How Parameter Store authorizes parameter retrieval").
    new PolicyStatement({
      sid: 'ReadDrains',
      actions: ['ssm:GetParametersByPath'],
      resources: [parameterArn(drains), parameterArn(`${drains}/*`)],
    }),
    new PolicyStatement({
      sid: 'DecryptDrains',
      actions: ['kms:Decrypt'],
      resources: [stack.formatArn({ service: 'kms', resource: 'key', resourceName: '*' })],
      conditions: {
        StringEquals: { 'kms:ViaService': `ssm.${Aws.REGION}.amazonaws.com` },
        StringLike: { 'kms:EncryptionContext:PARAMETER_ARN': parameterArn(`${drains}/*`) },
      },
    }),
    new PolicyStatement({
      sid: 'WriteLog',
      actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      resources: [logGroup.logGroupArn],
    }),
  ];
  if (key !== undefined) {
    statements.push(
      new PolicyStatement({
        sid: 'EncryptObjects',
        actions: ['kms:GenerateDataKey'],
        resources: [key.keyArn],
        conditions: { StringEquals: { 'kms:ViaService': `s3.${Aws.REGION}.amazonaws.com` } },
      }),
    );
  }

  const role = new Role(scope, 'Role', {
    description: `Cistern (${config.stage}): what the receiver may do`,
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    inlinePolicies: { Receiver: new PolicyDocument({ statements }) },
  });
  acknowledgeWildcards(role, archive, drains);
  return role;
}

function acknowledgeWildcards(role: Role, archive: Bucket, drains: string): void {
  const { defaultChild } = archive.node;
  const archiveId = CfnElement.isCfnElement(defaultChild) ? Stack.of(role).getLogicalId(defaultChild) : '';
  const arn = (service: string) => `arn:<AWS::Partition>:${service}:<AWS::Region>:<AWS::AccountId>`;
  Validations.of(role).acknowledge(
    {
      id: `AwsSolutions-IAM5[Resource::<${archiveId}.Arn>/${logsPrefix}*]`,
      reason: 'Keys derive from batches, so they are not known before; only creating is allowed there.',
    },
    {
      id: `AwsSolutions-IAM5[Resource::${arn('ssm')}:parameter/${drains}/*]`,
      reason:
        'Who asks for this path is given all that is below it anyway: each drain has its own parameter.',
    },
    {
      id: `AwsSolutions-IAM5[Resource::${arn('kms')}:key/*]`,
      reason: "Operators choose the key of a parameter; the conditions admit the drains' parameters alone.",
    },
  );
}
