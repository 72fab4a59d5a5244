import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { App } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { addCistern } from '../../infra/cistern.ts';
import { ConfigError } from '../../lib/config/config.ts';
import { fakeBundles, newApp, temporaryFolder } from './synthesise.ts';

const root = join(import.meta.dirname, '..', '..');
const everything = {
  stage: 'staging',
  apps: [{ name: 'shop' }],
  alerts: {
    channels: { mail: { type: 'sns', topicArn: 'arn:aws:sns:eu-central-1:111122223333:on-call' } },
    routes: [{ channels: ['mail'] }],
  },
  urgentEmails: ['on-call@example.com'],
  objectLock: { mode: 'governance', days: 30 },
  kmsKeyArn: 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab',
  reservedConcurrency: 5,
};

describe('the checks in synth', () => {
  test.each([
    ['the defaults', {}],
    ['every option', everything],
  ])('pass with %s', (_, config) => {
    const app = newApp(config);
    addCistern(app, fakeBundles());
    expect(app.synth().stacks.map(({ stackName }) => stackName)).toHaveLength(1);
  });

  test('fail for a bucket or a right that nobody acknowledged', () => {
    const app = newApp({});
    const stack = addCistern(app, fakeBundles());
    new Bucket(stack, 'Careless');
    new Role(stack, 'Mighty', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') }).addToPolicy(
      new PolicyStatement({ actions: ['s3:*'], resources: ['arn:aws:s3:::everything'] }),
    );
    expect(violations(app)).toEqual([
      'Careless/Resource AwsSolutions-S1',
      'Careless/Resource AwsSolutions-S10',
      'Mighty/DefaultPolicy/Resource AwsSolutions-IAM5[Action::s3:*]',
    ]);
  });

  test("fail for a right that the receiver's acknowledgements do not name", () => {
    const app = newApp({});
    const stack = addCistern(app, fakeBundles());
    const role = stack.node.findChild('Receiver').node.findChild('Role');
    z.instanceof(Role)
      .parse(role)
      .addToPolicy(new PolicyStatement({ actions: ['s3:PutObject'], resources: ['arn:aws:s3:::archive/*'] }));
    expect(violations(app)).toEqual([
      'Receiver/Role/DefaultPolicy/Resource AwsSolutions-IAM5[Resource::arn:aws:s3:::archive/*]',
    ]);
  });
});

describe('the configuration', () => {
  test('in cdk.json can be deployed as it is', () => {
    const { app, context } = z
      .object({ app: z.string(), context: z.object({ cistern: z.unknown() }) })
      .parse(JSON.parse(readFileSync(join(root, 'cdk.json'), 'utf8')));
    expect(app).toBe('node infra/app.ts');
    expect(addCistern(newApp(context.cistern), fakeBundles()).stackName).toBe('Cistern-production');
  });

  test('can be given as text, as --context does', () => {
    expect(addCistern(newApp('{"stage":"staging"}'), fakeBundles()).stackName).toBe('Cistern-staging');
  });

  test('has to be there', () => {
    expect(() => addCistern(newApp(undefined), fakeBundles())).toThrow(ConfigError);
    expect(() => addCistern(newApp('{stage:'), fakeBundles())).toThrow(/cistern: must be an object/);
  });

  test('when bad, ends the app with 2, every bad key named and nothing written', () => {
    const outdir = join(temporaryFolder(), 'cdk.out');
    const context = { cistern: { stage: 'Production', retentionDays: 30, apps: [{ nom: 'shop' }] } };
    const { status, stdout, stderr } = spawnSync(process.execPath, ['infra/app.ts'], {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, CDK_CONTEXT_JSON: JSON.stringify(context), CDK_OUTDIR: outdir },
    });
    expect(status).toBe(2);
    expect(stdout).toBe('');
    for (const key of ['stage', 'retentionDays', 'apps[0].name', 'apps[0].nom']) {
      expect(stderr).toContain(`\n  ${key}: `);
    }
    expect(stderr).not.toContain('    at ');
    expect(existsSync(join(outdir, 'manifest.json'))).toBe(false);
  });
});

/** What synthesis fails for: the path of each violating construct within the stack, and the rule. */
function violations(app: App): string[] {
  try {
    app.synth();
    return [];
  } catch (error) {
    const report = String(error).matchAll(
      /Cistern-production\/(\S+) [^\n]*\n *Acknowledge with '[^']*?::(.*)'/g,
    );
    return [...report].map(([, path, rule]) => `${path} ${rule}`).sort();
  }
}
