import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { MissingBundleError } from '../../infra/bundled-function.ts';
import { addCistern } from '../../infra/cistern.ts';

import { allowedTo, fakeBundles, newApp, plain, synthesise, temporaryFolder, text } from './synthesise.ts';

const standard = synthesise();
const receiver = standard.named('ReceiverFunction', 'AWS::Lambda::Function');
const drains = 'arn:<AWS::Partition>:ssm:<AWS::Region>:<AWS::AccountId>:parameter/cistern/production/drains';

describe('what the receiver may do', () => {
  const allowed = allowedTo(standard, 'ReceiverRole');

  test('is to create objects, to add to the spool, to read its drains and to write its log', () => {
    expect(allowed.map(({ actions, resources }) => ({ actions, resources }))).toEqual([
      { actions: ['s3:PutObject'], resources: ['<Archive.Arn>/logs/*'] },
      { actions: ['sqs:SendMessage'], resources: ['<SpoolQueue.Arn>'] },
      { actions: ['ssm:GetParametersByPath'], resources: [drains, `${drains}/*`] },
      {
        actions: ['kms:Decrypt'],
        resources: ['arn:<AWS::Partition>:kms:<AWS::Region>:<AWS::AccountId>:key/*'],
      },
      { actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], resources: ['<ReceiverLog.Arn>'] },
    ]);
  });

  test('holds no action with a wildcard', () => {
    expect(allowed.flatMap(({ actions }) => actions).filter((action) => action.includes('*'))).toEqual([]);
  });

  test('decrypts nothing but the parameters of its drains', () => {
    const condition = z
      .strictObject({
        StringEquals: z.strictObject({ 'kms:ViaService': z.unknown() }),
        StringLike: z.strictObject({ 'kms:EncryptionContext:PARAMETER_ARN': z.unknown() }),
      })
      .parse(allowed.find(({ actions }) => actions.includes('kms:Decrypt'))?.condition);
    expect(text(condition.StringEquals['kms:ViaService'])).toBe('ssm.<AWS::Region>.amazonaws.com');
    expect(text(condition.StringLike['kms:EncryptionContext:PARAMETER_ARN'])).toBe(`${drains}/*`);
  });

  test("stops at its own stage's drains", () => {
    const resources = allowedTo(synthesise({ stage: 'staging' }), 'ReceiverRole').flatMap(
      (one) => one.resources,
    );
    expect(resources.filter((resource) => resource.includes(':ssm:'))).toEqual([
      drains.replace('production', 'staging'),
      `${drains.replace('production', 'staging')}/*`,
    ]);
  });

  test('includes data keys of a given key for the archive, and what SQS asks for of whoever sends', () => {
    const kmsKeyArn = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
    const extra = allowedTo(synthesise({ kmsKeyArn }), 'ReceiverRole').filter(({ resources }) =>
      resources.includes(kmsKeyArn),
    );
    const via = (service: string) => ({
      StringEquals: { 'kms:ViaService': `${service}.<AWS::Region>.amazonaws.com` },
    });
    expect(extra.map(({ actions, condition }) => ({ actions, condition: plain(condition) }))).toEqual([
      { actions: ['kms:GenerateDataKey'], condition: via('s3') },
      { actions: ['kms:GenerateDataKey', 'kms:Decrypt'], condition: via('sqs') },
    ]);
  });
});

describe('the function', () => {
  test('is the bundle on the runtime that the bundle is made for', () => {
    expect(receiver.Properties).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
      Timeout: 10,
    });
  });

  test('is told its stage, its bucket and its spool, and no secret', () => {
    const { Variables } = z
      .object({ Variables: z.record(z.string(), z.unknown()) })
      .parse(receiver.Properties['Environment']);
    expect(Object.entries(Variables).map(([name, value]) => [name, text(value)])).toEqual([
      ['CISTERN_STAGE', 'production'],
      ['CISTERN_BUCKET', '<Archive>'],
      ['CISTERN_QUEUE_URL', '<SpoolQueue>'],
      ['CISTERN_DELIVERY', 'direct'],
    ]);
  });

  test('writes to a log that does not grow for ever', () => {
    const logging = z.object({ LogGroup: z.unknown() }).parse(receiver.Properties['LoggingConfig']);
    expect(text(logging.LogGroup)).toBe('<ReceiverLog>');
    expect(standard.named('ReceiverLog', 'AWS::Logs::LogGroup').Properties['RetentionInDays']).toBe(30);
    const longer = synthesise({ functionLogDays: 365 }).named('ReceiverLog', 'AWS::Logs::LogGroup');
    expect(longer.Properties['RetentionInDays']).toBe(365);
  });

  test('reserves concurrency only when an operator says so', () => {
    expect(receiver.Properties).not.toHaveProperty('ReservedConcurrentExecutions');
    const reserved = synthesise({ reservedConcurrency: 20 }).named(
      'ReceiverFunction',
      'AWS::Lambda::Function',
    );
    expect(reserved.Properties['ReservedConcurrentExecutions']).toBe(20);
  });

  test('runs as that role', () => {
    expect(text(receiver.Properties['Role'])).toBe('<ReceiverRole.Arn>');
  });

  test.each(['receiver', 'archiver', 'watch', 'report'])(
    'is not deployed while the bundle of the %s is missing',
    (name) => {
      const bundles = fakeBundles();
      rmSync(join(bundles, name, 'index.mjs'));
      expect(() => addCistern(newApp({}), bundles)).toThrow(
        `${join(bundles, name, 'index.mjs')} is missing: run "npm run build" first.`,
      );
    },
  );

  test('has to be built first', () => {
    const empty = temporaryFolder();
    expect(() => addCistern(newApp({}), empty)).toThrow(MissingBundleError);
    expect(() => addCistern(newApp({}), empty)).toThrow(
      /receiver\/index\.mjs is missing: run "npm run build"/,
    );
  });
});

describe('its URL', () => {
  test('takes unsigned requests, which needs both permissions', () => {
    expect(standard.only('AWS::Lambda::Url').Properties['AuthType']).toBe('NONE');
    const permissions = standard.ofType('AWS::Lambda::Permission').map(({ Properties }) => Properties);
    for (const permission of permissions) {
      expect(text(permission['FunctionName'])).toBe('<ReceiverFunction.Arn>');
    }
    expect(permissions.map(({ FunctionName, ...others }) => others)).toEqual([
      { Action: 'lambda:InvokeFunctionUrl', FunctionUrlAuthType: 'NONE', Principal: '*' },
      { Action: 'lambda:InvokeFunction', InvokedViaFunctionUrl: true, Principal: '*' },
    ]);
  });

  test('outlives upgrades, which Heroku would not hear of: logical ids are for good', () => {
    expect(standard.resources['ReceiverFunction5F91F2E5']?.Type).toBe('AWS::Lambda::Function');
    expect(standard.resources['ReceiverFunctionFunctionUrl138EA1E7']?.Type).toBe('AWS::Lambda::Url');
    expect(receiver.Properties).not.toHaveProperty('FunctionName');
  });

  test('is an output', () => {
    expect(text(standard.outputs['ReceiverUrl']?.Value)).toBe('<ReceiverFunctionFunctionUrl.FunctionUrl>');
    expect(standard.outputs['Stage']?.Value).toBe('production');
  });

  test('is lost only by a deliberate act: the stack is protected from deletion', () => {
    expect(standard.stack.terminationProtection).toBe(true);
  });
});
