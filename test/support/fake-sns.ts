import * as z from 'zod';
import { type FakeAnswer, type FakeService, startFakeService } from './fake-service.ts';

export type SnsOperation = 'Publish' | 'elsewhere';

/** SNS (query protocol), as far as publishing goes, with one topic. */
export interface FakeSns extends FakeService<SnsOperation> {
  readonly topicArn: string;
  readonly messages: readonly SnsMessage[];
}

export interface SnsMessage {
  readonly subject: string;
  /** By protocol. */
  readonly message: Readonly<Record<string, string>>;
  readonly attributes: Readonly<Record<string, { readonly type: string; readonly value: string }>>;
}

const protocols = z.looseObject({ default: z.string().min(1) }).catchall(z.string());

/** What SNS finds wrong with a message (Publish, Constraints); undefined when it takes it. */
export function snsProblem({ subject, message, attributes }: SnsMessage): string | undefined {
  if (!/^[A-Za-z0-9\x21-\x2f][\x20-\x7e]{0,98}$/.test(subject)) return 'Invalid parameter: Subject';
  const size = Buffer.byteLength(JSON.stringify(message)) + Buffer.byteLength(JSON.stringify(attributes));
  if (size > 262_144) return 'Invalid parameter: Message too long';
  const empty = Object.values(attributes).some(({ value }) => value === '');
  return empty ? 'Invalid parameter: a message attribute must not be empty' : undefined;
}

export async function startFakeSns(): Promise<FakeSns> {
  const topicArn = 'arn:aws:sns:eu-west-1:111122223333:on-call';
  const messages: SnsMessage[] = [];
  const service = await startFakeService<SnsOperation>({
    identify: ({ method, path, body }) =>
      method === 'POST' && path === '/' && new URLSearchParams(body.toString()).get('Action') === 'Publish'
        ? { operation: 'Publish', key: '' }
        : { operation: 'elsewhere', key: path },
    perform: ({ operation, body }) => {
      if (operation === 'elsewhere') return failure(404, 'NotFound');
      const form = new URLSearchParams(body.toString());
      if (form.get('TopicArn') !== topicArn) return failure(404, 'NotFound');
      const message = parse(form);
      if (snsProblem(message) !== undefined) return failure(400, 'InvalidParameter');
      messages.push(message);
      const result =
        '<PublishResult><MessageId>567910cd-659e-55d4-8ccb-5aaf14679dc0</MessageId></PublishResult>';
      return xml(200, `<PublishResponse xmlns="${namespace}">${result}</PublishResponse>`);
    },
    error: (status, code = 'InternalError') => failure(status, code),
  });
  return Object.assign(service, { topicArn, messages });
}

function parse(form: URLSearchParams): SnsMessage {
  const attributes: Record<string, { type: string; value: string }> = {};
  for (let n = 1; form.has(`MessageAttributes.entry.${n}.Name`); n += 1) {
    const entry = `MessageAttributes.entry.${n}`;
    attributes[form.get(`${entry}.Name`) ?? ''] = {
      type: form.get(`${entry}.Value.DataType`) ?? '',
      value: form.get(`${entry}.Value.StringValue`) ?? '',
    };
  }
  const body = form.get('Message') ?? '';
  const message =
    form.get('MessageStructure') === 'json' ? protocols.parse(JSON.parse(body)) : { default: body };
  return { subject: form.get('Subject') ?? '', message, attributes };
}

const namespace = 'http://sns.amazonaws.com/doc/2010-03-31/';

function failure(status: number, code: string): FakeAnswer {
  const error = `<Error><Type>Sender</Type><Code>${code}</Code><Message>as the test asked</Message></Error>`;
  return xml(status, `<ErrorResponse xmlns="${namespace}">${error}</ErrorResponse>`);
}

function xml(status: number, body: string): FakeAnswer {
  const headers: Record<string, string> = { 'content-type': 'text/xml' };
  if (status >= 300 && status < 400) headers['location'] = '/elsewhere';
  return { status, headers, body };
}
