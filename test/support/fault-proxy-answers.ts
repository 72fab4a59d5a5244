/** In whose words the proxy makes up errors. `plain`: a server or a proxy that has none, such as one in front of a receiver. */
export type FaultStyle = 'plain' | 's3' | 'sqs' | 'ssm';

export interface MadeUpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export type MadeUpError = 'error500' | 'slowDown' | 'conflict' | 'precondition';

type Answered = readonly [status: number, code: string];

/** The codes are S3's (API reference, *Error responses*), SQS's and SSM's (*Common errors*). */
const errors: Readonly<Record<Exclude<FaultStyle, 'plain'>, Readonly<Record<MadeUpError, Answered>>>> = {
  s3: {
    error500: [500, 'InternalError'],
    slowDown: [503, 'SlowDown'],
    conflict: [409, 'ConditionalRequestConflict'],
    precondition: [412, 'PreconditionFailed'],
  },
  sqs: {
    error500: [500, 'InternalFailure'],
    slowDown: [503, 'ServiceUnavailable'],
    conflict: [409, ''],
    precondition: [412, ''],
  },
  ssm: {
    error500: [500, 'InternalServerError'],
    slowDown: [400, 'ThrottlingException'],
    conflict: [409, ''],
    precondition: [412, ''],
  },
};

export function makeUpError(style: FaultStyle, kind: MadeUpError): MadeUpAnswer {
  if (style === 'plain') return { status: errors.s3[kind][0], contentType: 'text/plain', body: '' };
  const [status, code] = errors[style][kind];
  const message = 'made up by the proxy';
  if (style === 's3') {
    const error = `<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
    const body = `<?xml version="1.0" encoding="UTF-8"?>${error}`;
    return { status, contentType: 'application/xml', body };
  }
  const body = JSON.stringify({ __type: `com.amazonaws.${style}#${code}`, message });
  return { status, contentType: `application/x-amz-json-1.${style === 'sqs' ? 0 : 1}`, body };
}
