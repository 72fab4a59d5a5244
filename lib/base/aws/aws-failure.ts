/** What an error says that an AWS client threw: the service's own, the network's, or the client's. */
export interface AwsFailure {
  /** The service's word (`SlowDown`), Node's (`ECONNRESET`) or the client's (`AbortError`). */
  readonly code: string;
  /** The code, or what Node says of a connection: `connect ECONNREFUSED 127.0.0.1:9000`. */
  readonly detail: string;
  /** The HTTP status; undefined when no answer came. */
  readonly status: number | undefined;
  /** Attempts that the client made, the failed ones too. */
  readonly attempts: number;
  /** The request header that the answer names, in lower case: what the service does not implement. */
  readonly header: string | undefined;
  /** Whether the service asks for fewer requests. */
  readonly throttled: boolean;
  /** What to do when the fault is in how AWS was set up here: credentials, region, clock, endpoint. */
  readonly setup: string | undefined;
}

/**
 * Reads whatever an AWS client threw, without the message of an answer: that may quote what was sent. Never throws.
 *
 * An answer that is not the service's (a proxy's page) arrives as a plain error that has only the status.
 */
export function readAwsFailure(error: unknown): AwsFailure {
  const metadata = field(error, '$metadata');
  const httpStatus = field(metadata, 'httpStatusCode');
  const attempts = field(metadata, 'attempts');
  const message = field(error, 'message');
  const status = typeof httpStatus === 'number' ? httpStatus : undefined;
  const code = codeOf(error, status);
  return {
    code,
    detail: field(error, 'syscall') !== undefined && typeof message === 'string' ? message : code,
    status,
    header: typeof message === 'string' ? namedHeader.exec(message)?.[0].toLowerCase() : undefined,
    attempts: typeof attempts === 'number' ? attempts : 1,
    throttled: status === 429 || throttlingCodes.has(code),
    setup: setupAdvice.get(code),
  };
}

function codeOf(error: unknown, status: number | undefined): string {
  const name = field(error, 'name');
  const code = field(error, 'code');
  if (field(error, 'message') === 'Region is missing') return 'RegionMissing';
  if (status === undefined && typeof code === 'string') return code;
  if (typeof name === 'string' && !namesOfNothing.has(name)) return name;
  return status === undefined ? 'unknown error' : `HTTP ${status}`;
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

/** Of an answer's message nothing else is told: it may quote what was sent. */
const namedHeader = /\b(?:x-amz-[a-z0-9-]{1,40}|if-none-match|if-match)\b/i;

/** What an error is called that has no name from the service: its answer had no body, or none of its own. */
const namesOfNothing: ReadonlySet<string> = new Set(['Error', 'SyntaxError', 'TypeError', 'Unknown']);

const throttlingCodes: ReadonlySet<string> = new Set([
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'TooManyRequestsException',
  'BandwidthLimitExceeded',
]);

const noCredentials =
  'no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or sign in';
const expired = 'the AWS credentials have expired: sign in again';
const unknownKey = 'AWS does not know this access key: check AWS_ACCESS_KEY_ID or AWS_PROFILE';
const badSignature =
  'the secret access key is wrong, or the clock is: check AWS_SECRET_ACCESS_KEY and the time';
const badEndpoint = 'the endpoint is no URL: AWS_ENDPOINT_URL and its kin begin with https:// or http://';
const badClock = 'the clock is off: set it';

const setupAdvice: ReadonlyMap<string, string> = new Map([
  ['CredentialsProviderError', noCredentials],
  ['TokenProviderError', expired],
  ['ExpiredToken', expired],
  ['ExpiredTokenException', expired],
  ['InvalidAccessKeyId', unknownKey],
  ['InvalidClientTokenId', unknownKey],
  ['InvalidToken', unknownKey],
  ['UnrecognizedClientException', unknownKey],
  ['SignatureDoesNotMatch', badSignature],
  ['InvalidSignatureException', badSignature],
  ['RequestTimeTooSkewed', badClock],
  ['RequestExpired', badClock],
  ['RegionMissing', 'no AWS region: set AWS_REGION'],
  ['ERR_INVALID_URL', badEndpoint],
  ['EndpointError', badEndpoint],
]);
