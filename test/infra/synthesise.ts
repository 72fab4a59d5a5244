import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { afterAll, expect } from 'vitest';
import * as z from 'zod';
import { addCistern } from '../../infra/cistern.ts';

const resource = z.object({
  Type: z.string(),
  Properties: z.record(z.string(), z.unknown()).default({}),
  DeletionPolicy: z.string().optional(),
  UpdateReplacePolicy: z.string().optional(),
});

export type Resource = z.output<typeof resource>;

const templateShape = z.object({
  Resources: z.record(z.string(), resource),
  Outputs: z.record(z.string(), z.object({ Value: z.unknown() })),
});

const temporary: string[] = [];

afterAll(() => {
  for (const folder of temporary.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A new folder that goes with the test file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cistern-infra-'));
  temporary.push(folder);
  return folder;
}

/** A folder as `npm run build` leaves it, so that no test depends on a build. */
export function fakeBundles(): string {
  const folder = temporaryFolder();
  for (const name of ['receiver', 'archiver', 'watch', 'report']) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'index.mjs'), `export const handler = () => '${name}';\n`);
  }
  return folder;
}

export function newApp(cistern: unknown): App {
  return new App({ context: { cistern }, outdir: temporaryFolder() });
}

/** The template of a stage with this configuration; intrinsic functions are written out by {@link text}. */
export function synthesise(cistern: unknown = {}) {
  const stack = addCistern(newApp(cistern), fakeBundles());
  const { Resources, Outputs } = templateShape.parse(Template.fromStack(stack).toJSON());
  return {
    stack,
    outputs: Outputs,
    resources: Resources,
    ofType: (type: string) => Object.values(Resources).filter(({ Type }) => Type === type),
    /** The one resource of this type. */
    only(type: string): Resource {
      const [found, ...others] = Object.values(Resources).filter(({ Type }) => Type === type);
      if (found === undefined || others.length > 0) throw new Error(`expected exactly one ${type}`);
      return found;
    },
    /** A resource by what its logical id begins with: the name of its construct. */
    named(prefix: string, type: string): Resource {
      const [found, ...others] = Object.entries(Resources)
        .filter(([id, { Type }]) => Type === type && id.startsWith(prefix))
        .map(([, value]) => value);
      if (found === undefined || others.length > 0) throw new Error(`expected exactly one ${prefix} ${type}`);
      return found;
    },
  };
}

const intrinsic = z.union([
  z.strictObject({ 'Fn::Join': z.tuple([z.string(), z.array(z.unknown())]) }),
  z.strictObject({ 'Fn::GetAtt': z.tuple([z.string(), z.string()]) }),
  z.strictObject({ Ref: z.string() }),
]);

/** A value of a template as readable text: `<Archive.Arn>/logs/*`, logical ids without their hash. */
export function text(value: unknown): string {
  if (typeof value === 'string') return value;
  const parsed = intrinsic.parse(value);
  if ('Fn::Join' in parsed) return parsed['Fn::Join'][1].map(text).join(parsed['Fn::Join'][0]);
  if ('Ref' in parsed) return `<${plainId(parsed.Ref)}>`;
  return `<${plainId(parsed['Fn::GetAtt'][0])}.${parsed['Fn::GetAtt'][1]}>`;
}

function plainId(id: string): string {
  return id.replace(/[0-9A-F]{8}$/, '');
}

const list = z.union([z.array(z.unknown()), z.unknown().transform((value) => [value])]);

const policyDocument = z.object({
  Statement: z.array(
    // Strict: a NotAction or NotResource would allow everything else.
    z.strictObject({
      Sid: z.string().optional(),
      Effect: z.enum(['Allow', 'Deny']),
      Action: list,
      Resource: list.optional(),
      Principal: z.unknown().optional(),
      Condition: z.unknown().optional(),
    }),
  ),
});

/** The statements of a policy document, with actions and resources as readable text. */
export function statements(document: unknown) {
  return policyDocument.parse(document).Statement.map((statement) => ({
    effect: statement.Effect,
    actions: statement.Action.map(text),
    resources: (statement.Resource ?? []).map(text),
    principal: statement.Principal,
    condition: statement.Condition,
  }));
}

/** Every statement that allows something to the role whose construct has this name, wherever it is attached. */
export function allowedTo(template: Synthesised, roleName: string): Statement[] {
  const role = template.named(roleName, 'AWS::IAM::Role').Properties;
  expect(role['ManagedPolicyArns']).toBeUndefined();
  const attached = template
    .ofType('AWS::IAM::Policy')
    .filter(({ Properties }) => JSON.stringify(Properties['Roles']).includes(`"${roleName}`));
  expect(attached).toEqual([]);
  return z
    .array(z.object({ PolicyDocument: z.unknown() }))
    .parse(role['Policies'])
    .flatMap(({ PolicyDocument }) => statements(PolicyDocument))
    .filter(({ effect }) => effect === 'Allow');
}

export type Synthesised = ReturnType<typeof synthesise>;
export type Statement = ReturnType<typeof statements>[number];

/** The resources on which these statements allow an action, each with the condition that goes with it. */
export function resourcesOf(allowed: readonly Statement[], action: string): string[] {
  return allowed.filter(({ actions }) => actions.includes(action)).flatMap(({ resources }) => resources);
}

/** A value of a template with every intrinsic function in it written out by {@link text}. */
export function plain(value: unknown): unknown {
  const asText = intrinsic.safeParse(value);
  if (asText.success) return text(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
}
