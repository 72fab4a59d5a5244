import { randomUUID } from 'node:crypto';
import type { LambdaFunctionURLEvent } from 'aws-lambda';

export interface UrlRequest {
  readonly body?: Buffer;
  readonly path?: string;
  readonly method?: string;
  /** By any case: a function URL hands them on in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds since 1970 at which Lambda took the request; left out, now. */
  readonly timeEpoch?: number;
}

/** The event that Lambda makes of a request to a function URL: payload format 2.0. */
export function functionUrlEvent(request: UrlRequest): LambdaFunctionURLEvent {
  const { path = '/my-app', method = 'POST', body, timeEpoch = Date.now() } = request;
  const [rawPath = '', rawQueryString = ''] = path.split('?');
  const given = Object.entries(request.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]);
  const headers: Record<string, string> = {
    host: 'abcdefghij.lambda-url.eu-west-1.on.aws',
    'user-agent': 'Logplex/v72',
    'x-amzn-tls-version': 'TLSv1.3',
    'x-amzn-trace-id': 'Root=1-00000000-000000000000000000000000',
    'x-forwarded-for': '203.0.113.7',
    'x-forwarded-port': '443',
    'x-forwarded-proto': 'https',
    ...(body === undefined ? {} : { 'content-length': String(body.length) }),
    ...Object.fromEntries(given),
  };
  const asText = /^(?:text\/|application\/(?:json|javascript|xml))/.test(headers['content-type'] ?? '');
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath,
    rawQueryString,
    headers,
    requestContext: {
      accountId: 'anonymous',
      apiId: 'abcdefghij',
      domainName: 'abcdefghij.lambda-url.eu-west-1.on.aws',
      domainPrefix: 'abcdefghij',
      http: {
        method,
        path: rawPath,
        protocol: 'HTTP/1.1',
        sourceIp: '203.0.113.7',
        userAgent: 'Logplex/v72',
      },
      requestId: randomUUID(),
      routeKey: '$default',
      stage: '$default',
      time: new Date(timeEpoch).toUTCString(),
      timeEpoch,
    },
    ...(body === undefined ? {} : { body: body.toString(asText ? 'utf8' : 'base64') }),
    isBase64Encoded: body !== undefined && !asText,
  };
}
