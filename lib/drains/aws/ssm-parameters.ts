import {
  DeleteParameterCommand,
  GetParameterCommand,
  GetParametersByPathCommand,
  PutParameterCommand,
  SSMClient,
  type SSMClientConfig,
} from '@aws-sdk/client-ssm';
import { type AwsFailure, readAwsFailure } from '../../base/aws/aws-failure.ts';
import type { Parameter, ParameterStore } from '../parameters.ts';

/** What SSM did not do, and what to do about it. What it refused, it refuses however often it is tried. */
export class ParameterError extends Error {
  readonly code: 'refused' | 'unavailable';

  constructor(code: ParameterError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ParameterError';
    this.code = code;
  }
}

/**
 * A stage's parameters in SSM: SecureStrings below `/cistern/<stage>/`. Its methods throw
 * {@link ParameterError}. The receiver uses it as a `ParameterReader`, which needs ssm:GetParametersByPath only.
 */
export class SsmParameters implements ParameterStore {
  readonly #client: SSMClient;
  readonly #root: string;
  readonly #kmsKeyId: string | undefined;

  /** Without `kmsKeyId`, values are encrypted with the key that the account has for SSM. */
  constructor(client: SSMClient, stage: string, kmsKeyId?: string) {
    this.#client = client;
    this.#root = `/cistern/${stage}/`;
    this.#kmsKeyId = kmsKeyId;
  }

  async list(prefix: string, signal?: AbortSignal): Promise<Parameter[]> {
    const parameters: Parameter[] = [];
    let token: string | undefined;
    do {
      const page = await this.#listPage(prefix, token, signal);
      for (const { Name: path, Value: value } of page.Parameters ?? []) {
        if (path === undefined || value === undefined) continue;
        parameters.push({ name: path.slice(this.#root.length), value });
      }
      token = page.NextToken;
    } while (token !== undefined);
    return parameters;
  }

  async #listPage(prefix: string, token: string | undefined, signal: AbortSignal | undefined) {
    const path = `${this.#root}${prefix}`.replace(/\/$/, '');
    const command = new GetParametersByPathCommand({
      Path: path,
      Recursive: true,
      WithDecryption: true,
      // SSM's largest page.
      MaxResults: 10,
      ...(token === undefined ? {} : { NextToken: token }),
    });
    try {
      return await this.#client.send(command, signal === undefined ? {} : { abortSignal: signal });
    } catch (cause) {
      throw ssmError(cause, 'GetParametersByPath', path);
    }
  }

  async get(name: string): Promise<string | undefined> {
    const path = `${this.#root}${name}`;
    try {
      const command = new GetParameterCommand({ Name: path, WithDecryption: true });
      return (await this.#client.send(command)).Parameter?.Value;
    } catch (cause) {
      if (readAwsFailure(cause).code === 'ParameterNotFound') return undefined;
      throw ssmError(cause, 'GetParameter', path);
    }
  }

  async put(name: string, value: string): Promise<void> {
    const path = `${this.#root}${name}`;
    try {
      await this.#client.send(this.#putCommand(path, value, true));
    } catch (cause) {
      throw ssmError(cause, 'PutParameter', path);
    }
  }

  async create(name: string, value: string): Promise<boolean> {
    const path = `${this.#root}${name}`;
    try {
      await this.#client.send(this.#putCommand(path, value, false));
      return true;
    } catch (cause) {
      const { code, attempts } = readAwsFailure(cause);
      if (code !== 'ParameterAlreadyExists') throw ssmError(cause, 'PutParameter', path);
      // An earlier attempt of this very call may have stored it, and only the answer been lost.
      return attempts > 1 && (await this.get(name)) === value;
    }
  }

  async delete(name: string): Promise<boolean> {
    const path = `${this.#root}${name}`;
    try {
      await this.#client.send(new DeleteParameterCommand({ Name: path }));
      return true;
    } catch (cause) {
      const { code, attempts } = readAwsFailure(cause);
      if (code !== 'ParameterNotFound') throw ssmError(cause, 'DeleteParameter', path);
      return attempts > 1;
    }
  }

  #putCommand(path: string, value: string, overwrite: boolean): PutParameterCommand {
    return new PutParameterCommand({
      Name: path,
      Value: value,
      Type: 'SecureString',
      Tier: 'Standard',
      Overwrite: overwrite,
      ...(this.#kmsKeyId === undefined ? {} : { KeyId: this.#kmsKeyId }),
    });
  }
}

/** The message names the parameter and never its value. */
function ssmError(cause: unknown, operation: string, path: string): ParameterError {
  const failure = readAwsFailure(cause);
  const { status, throttled, setup } = failure;
  const refused =
    setup !== undefined || (!throttled && status !== undefined && status >= 300 && status < 500);
  const why = refused ? (setup ?? explainRefusal(failure, operation)) : explainAbsence(failure);
  const message = `${operation} of ${path} failed (${failure.detail}): ${why}`;
  return new ParameterError(refused ? 'refused' : 'unavailable', message, { cause });
}

function explainRefusal({ code }: AwsFailure, operation: string): string {
  if (code === 'AccessDeniedException') {
    const kmsAction = operation === 'PutParameter' ? 'kms:Encrypt' : 'kms:Decrypt';
    const key =
      operation === 'DeleteParameter' ? '' : `, and ${kmsAction} with its key where it has its own,`;
    return `allow ssm:${operation} on it${key} to these credentials`;
  }
  if (code === 'ValidationException') return 'SSM takes no such name, or no value this long (4 KB at most)';
  if (code === 'ParameterLimitExceeded') return 'the account holds as many parameters as it may: delete some';
  return 'SSM refuses it';
}

function explainAbsence({ status, throttled }: AwsFailure): string {
  if (throttled) return 'SSM asks for fewer requests: try again';
  return status === undefined ? 'no answer from SSM' : 'SSM is not available';
}

/**
 * A client for {@link SsmParameters}, set up by the environment as every AWS client is; `overrides` win.
 *
 * It makes up to three attempts a request, the client's default: SSM throttles early.
 */
export function createSsmClient(overrides: SSMClientConfig = {}): SSMClient {
  return new SSMClient({
    requestHandler: { connectionTimeout: 1_000, requestTimeout: 5_000, throwOnRequestTimeout: true },
    ...overrides,
  });
}
