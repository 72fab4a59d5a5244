import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { PolicyDocument, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { Config } from '../lib/config/config.ts';
import { type Grant, statementsOf } from './grant.ts';

export interface BundledFunctionProps {
  readonly config: Pick<Config, 'stage' | 'functionLogDays'>;
  /** The folder that holds `<name>/index.mjs`. */
  readonly bundles: string;
  readonly name: 'receiver' | 'archiver' | 'watch' | 'report';
  /** What it does, after the name of the stage. */
  readonly description: string;
  /** MiB. CPU comes in proportion: 512 are 0.29 of a core. */
  readonly memorySize: number;
  readonly timeoutSeconds: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly reservedConcurrency?: number | undefined;
  /** All that it may do, besides writing its log. */
  readonly grants: readonly Grant[];
}

export class MissingBundleError extends Error {
  constructor(file: string) {
    super(`${file} is missing: run "npm run build" first.`);
    this.name = 'MissingBundleError';
  }
}

/**
 * Adds a function to its construct, with a log that does not grow for ever and a role written by hand: the CDK's
 * grants would add actions, AWS's managed policy every log group. Throws {@link MissingBundleError}.
 */
export function addBundledFunction(scope: Construct, props: BundledFunctionProps): LambdaFunction {
  const { config, name } = props;
  const logGroup = new LogGroup(scope, 'Log', {
    logGroupName: `/cistern/${config.stage}/${name}`,
    retention: config.functionLogDays,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  return new LambdaFunction(scope, 'Function', {
    description: `Cistern (${config.stage}): ${props.description}`,
    code: Code.fromAsset(bundleFolder(props.bundles, name)),
    handler: 'index.handler',
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    memorySize: props.memorySize,
    timeout: Duration.seconds(props.timeoutSeconds),
    role: addRole(scope, props, logGroup),
    logGroup,
    environment: { ...props.environment },
    ...(props.reservedConcurrency === undefined
      ? {}
      : { reservedConcurrentExecutions: props.reservedConcurrency }),
  });
}

function bundleFolder(bundles: string, name: string): string {
  const folder = join(bundles, name);
  const file = join(folder, 'index.mjs');
  if (!existsSync(file)) throw new MissingBundleError(file);
  return folder;
}

function addRole(scope: Construct, { config, name, grants }: BundledFunctionProps, logGroup: LogGroup): Role {
  const document = new PolicyDocument();
  const role = new Role(scope, 'Role', {
    description: `Cistern (${config.stage}): what the ${name} may do`,
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    inlinePolicies: { [`${name.charAt(0).toUpperCase()}${name.slice(1)}`]: document },
  });
  const writeLog: Grant = {
    sid: 'WriteLog',
    actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    resources: [logGroup.logGroupArn],
  };
  document.addStatements(...statementsOf(role, [...grants, writeLog]));
  return role;
}
