import * as z from 'zod';
import { type FakeAnswer, type FakeService, startFakeService } from './fake-service.ts';

const operations = ['GetParametersByPath', 'GetParameter', 'PutParameter', 'DeleteParameter'] as const;

export type SsmOperation = (typeof operations)[number];

export interface FakeParameter {
  readonly value: string;
  readonly type: string;
  readonly keyId?: string | undefined;
  readonly tier?: string | undefined;
}

/** SSM's Parameter Store (JSON 1.1), as far as Cistern uses it. */
export interface FakeSsm extends FakeService<SsmOperation> {
  /** By full name. */
  readonly parameters: Map<string, FakeParameter>;
}

const inputs = {
  GetParametersByPath: z.object({
    Path: z.string().startsWith('/'),
    Recursive: z.boolean().default(false),
    WithDecryption: z.boolean().default(false),
    MaxResults: z.number().int().min(1).max(10).default(10),
    NextToken: z.string().optional(),
  }),
  GetParameter: z.object({ Name: z.string(), WithDecryption: z.boolean().default(false) }),
  PutParameter: z.object({
    Name: z.string().regex(/^\/?[a-zA-Z0-9_.-]+(?:\/[a-zA-Z0-9_.-]+){0,14}$/),
    Value: z.string().min(1).max(4096),
    Type: z.enum(['String', 'StringList', 'SecureString']),
    Overwrite: z.boolean().default(false),
    KeyId: z.string().optional(),
    Tier: z.string().optional(),
  }),
  DeleteParameter: z.object({ Name: z.string() }),
};

export async function startFakeSsm(): Promise<FakeSsm> {
  const parameters = new Map<string, FakeParameter>();

  function describe(name: string, decrypted: boolean) {
    const parameter = parameters.get(name);
    if (parameter === undefined) return undefined;
    const { type, value } = parameter;
    const shown = type === 'SecureString' && !decrypted ? `encrypted:${btoa(value)}` : value;
    return { Name: name, Type: type, Value: shown, Version: 1 };
  }

  const perform: Record<SsmOperation, (body: unknown) => FakeAnswer> = {
    GetParametersByPath(body) {
      const input = inputs.GetParametersByPath.parse(body);
      const path = input.Path.endsWith('/') ? input.Path : `${input.Path}/`;
      const below = (name: string) =>
        name.startsWith(path) && (input.Recursive || !name.slice(path.length).includes('/'));
      const names = [...parameters.keys()]
        .filter((name) => below(name) && name > (input.NextToken ?? ''))
        .sort();
      const page = names.slice(0, input.MaxResults);
      return json(200, {
        Parameters: page.map((name) => describe(name, input.WithDecryption)),
        ...(page.length < names.length ? { NextToken: page.at(-1) } : {}),
      });
    },
    GetParameter(body) {
      const input = inputs.GetParameter.parse(body);
      const found = describe(input.Name, input.WithDecryption);
      return found === undefined ? error(400, 'ParameterNotFound', '') : json(200, { Parameter: found });
    },
    PutParameter(body) {
      const input = inputs.PutParameter.parse(body);
      if (parameters.has(input.Name) && !input.Overwrite) {
        return error(400, 'ParameterAlreadyExists', 'The parameter already exists.');
      }
      parameters.set(input.Name, {
        value: input.Value,
        type: input.Type,
        keyId: input.KeyId,
        tier: input.Tier,
      });
      return json(200, { Version: 1, Tier: input.Tier ?? 'Standard' });
    },
    DeleteParameter(body) {
      const { Name: name } = inputs.DeleteParameter.parse(body);
      return parameters.delete(name) ? json(200, {}) : error(400, 'ParameterNotFound', '');
    },
  };

  const service = await startFakeService<SsmOperation>({
    identify({ headers, body }) {
      const target = String(headers['x-amz-target']).replace('AmazonSSM.', '');
      const operation = operations.find((name) => name === target);
      const { Name: name, Path: path } = z
        .object({ Name: z.string().optional(), Path: z.string().optional() })
        .parse(JSON.parse(body.toString()));
      return operation === undefined ? undefined : { operation, key: name ?? path ?? '' };
    },
    perform({ operation, body }) {
      try {
        return perform[operation](JSON.parse(body.toString()));
      } catch (cause) {
        return error(400, 'ValidationException', String(cause));
      }
    },
    error,
  });

  return { ...service, parameters };
}

function error(status: number, code: string | undefined, message: string): FakeAnswer {
  if (code === undefined) return { status, headers: { 'content-type': 'text/html' }, body: '<h1>oops' };
  return json(status, { __type: code, message });
}

function json(status: number, body: unknown): FakeAnswer {
  return { status, headers: { 'content-type': 'application/x-amz-json-1.1' }, body: JSON.stringify(body) };
}
