import { Aws, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Grant } from './grant.ts';

/** A parameter of a stage, or everything below a name that ends in a slash: both are then of the same form. */
function parameterArn(scope: Construct, stage: string, name: string): string {
  const resourceName = `cistern/${stage}/${name}`.replace(/\/$/, '/*');
  return Stack.of(scope).formatArn({ service: 'ssm', resource: 'parameter', resourceName });
}

export interface ParameterNames {
  readonly stage: string;
  /** Ends the names of both statements: `ReadDrains`. */
  readonly what: string;
  /** One name each, or a name that ends in a slash for all that is below it. */
  readonly names: readonly string[];
}

/** Reads these by path; those that are no folder also one by one. */
export function readParameters(scope: Construct, { stage, what, names }: ParameterNames): Grant[] {
  const folders = names.filter((name) => name.endsWith('/'));
  const single = names.filter((name) => !name.endsWith('/'));
  const arn = (name: string) => parameterArn(scope, stage, name);
  const grants: Grant[] = [];
  if (folders.length > 0) {
    grants.push({
      sid: `Read${what}`,
      actions: ['ssm:GetParametersByPath'],
      // Authorised against the path that is asked for, with or without its last slash, and not against what
      // is found below it (Parameter Store's guide, "How Parameter Store authorizes parameter retrieval").
      resources: folders.flatMap((name) => [arn(name.slice(0, -1)), arn(name)]),
      wildcards:
        'Who asks for a path is given all that is below it anyway, such as a parameter for each drain.',
    });
  }
  if (single.length > 0) {
    grants.push({ sid: `Get${what}`, actions: ['ssm:GetParameter'], resources: single.map(arn) });
  }
  return grants;
}

/** Decrypts these, through SSM only and with whatever key each has. */
export function decryptParameters(scope: Construct, { stage, what, names }: ParameterNames): Grant {
  const contexts = names.map((name) => parameterArn(scope, stage, name));
  const [only] = contexts;
  return {
    sid: `Decrypt${what}`,
    actions: ['kms:Decrypt'],
    resources: [Stack.of(scope).formatArn({ service: 'kms', resource: 'key', resourceName: '*' })],
    conditions: {
      StringEquals: { 'kms:ViaService': `ssm.${Aws.REGION}.amazonaws.com` },
      StringLike: {
        'kms:EncryptionContext:PARAMETER_ARN': contexts.length === 1 && only !== undefined ? only : contexts,
      },
    },
    wildcards: 'Operators choose the key of a parameter; the conditions admit these parameters alone.',
  };
}
