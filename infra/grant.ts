import { Stack, Validations } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import * as z from 'zod';

/** One thing that somebody may do. */
export interface Grant {
  readonly sid: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly conditions?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
  /** Why a resource with a wildcard is as narrow as can be: what cdk-nag asks for. */
  readonly wildcards?: string;
}

/**
 * The statements of a policy, which belongs to `owner`; acknowledges each wildcard there with its own reason. A
 * wildcard without a reason fails the synthesis.
 */
export function statementsOf(owner: Construct, grants: readonly Grant[]): PolicyStatement[] {
  return grants.map(({ sid, actions, resources, conditions, wildcards }) => {
    for (const resource of resources.map((each) => readable(owner, each))) {
      if (wildcards === undefined || !resource.includes('*')) continue;
      Validations.of(owner).acknowledge({
        id: `AwsSolutions-IAM5[Resource::${resource}]`,
        reason: wildcards,
      });
    }
    return new PolicyStatement({
      sid,
      actions: [...actions],
      resources: [...resources],
      ...(conditions === undefined ? {} : { conditions }),
    });
  });
}

const intrinsic = z.union([
  z.string(),
  z.strictObject({ 'Fn::Join': z.tuple([z.literal(''), z.array(z.unknown())]) }),
  z.strictObject({ 'Fn::GetAtt': z.tuple([z.string(), z.string()]) }),
  z.strictObject({ Ref: z.string() }),
]);

/** An ARN as cdk-nag writes it: `<ArchiveDA4CB258.Arn>/logs/*`. */
function readable(scope: Construct, arn: string): string {
  return flat(Stack.of(scope).resolve(arn));
}

function flat(value: unknown): string {
  const parsed = intrinsic.parse(value);
  if (typeof parsed === 'string') return parsed;
  if ('Fn::Join' in parsed) return parsed['Fn::Join'][1].map(flat).join('');
  return 'Ref' in parsed ? `<${parsed.Ref}>` : `<${parsed['Fn::GetAtt'].join('.')}>`;
}
