/** In whose words the proxy makes up errors. `plain`: a server or a proxy that has none, such as one in front of a receiver. */
export type FaultStyle = 'plain' | 's3' | 'sqs';

export interface MadeUpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export type MadeUpError = 'error500' | 'slowDown' | 'conflict' | 'precondition';

/** The codes are S3's (API reference, *Error responses*) and SQS's (*Common errors*). */
const errors: Readonly<
  Record<MadeUpError, { readonly status: number; readonly s3: string; readonly sqs: string }>
> = {
  error500: { status: 500, s3: 'InternalError', sqs: 'InternalFailure' },
  slowDown: { status: 503, s3: 'SlowDown', sqs: 'ServiceUnavailable' },
  conflict: { status: 409, s3: 'ConditionalRequestConflict', sqs: '' },
  precondition: { status: 412, s3: 'PreconditionFailed', sqs: '' },
};

export function makeUpError(style: FaultStyle, kind: MadeUpError): MadeUpAnswer {
  const { status, s3, sqs } = errors[kind];
  const message = 'made up by the proxy';
  if (style === 's3') {
    const error = `<Error><Code>${s3}</Code><Message>${message}</Message></Error>`;
    const body = `<?xml version="1.0" encoding="UTF-8"?>${error}`;
    return { status, contentType: 'application/xml', body };
  }
  if (style === 'sqs') {
    const body = JSON.stringify({ __type: `com.amazonaws.sqs#${sqs}`, message });
    return { status, contentType: 'application/x-amz-json-1.0', body };
  }
  return { status, contentType: 'text/plain', body: '' };
}
