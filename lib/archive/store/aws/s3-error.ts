import { type AwsFailure, readAwsFailure } from '../../../base/aws/aws-failure.ts';
import { StoreError, type StoreFailure } from '../store.ts';

/** A {@link StoreError} for what the S3 client threw, which stays its cause. Its message holds no content. */
export function s3Error(cause: unknown, operation: string, bucket: string): StoreError {
  const failure = readAwsFailure(cause);
  const code = classify(failure);
  const message = `${operation} on bucket "${bucket}" failed (${failure.detail}): ${explain(code, failure, operation)}`;
  return new StoreError(code, message, { cause });
}

/** Faults of the way there that S3 answers with 400. */
const transitCodes: ReadonlySet<string> = new Set([
  'RequestTimeout',
  'IncompleteBody',
  'BadDigest',
  'XAmzContentSHA256Mismatch',
  'XAmzContentChecksumMismatch',
]);

function classify({ code, status, throttled, setup }: AwsFailure): StoreFailure {
  if (throttled) return 'throttled';
  if (setup !== undefined || code === 'InvalidBucketName') return 'refused';
  // No answer, or a 2xx that could not be read to its end.
  if (status === undefined || status < 300) return 'unavailable';
  if (code === 'NoSuchKey') return 'missing';
  if (status === 409) return 'conflict';
  if (status === 501) return 'refused';
  return status >= 500 || transitCodes.has(code) ? 'unavailable' : 'refused';
}

function explain(code: StoreFailure, failure: AwsFailure, operation: string): string {
  switch (code) {
    case 'unavailable':
      return failure.status === undefined ? 'no answer from the store' : 'the store is not available';
    case 'throttled':
      return 'the store asks for fewer requests';
    case 'conflict':
      return 'another write to the same key is under way';
    case 'missing':
      return 'there is no such object';
    case 'refused':
      return failure.setup ?? explainRefusal(failure, operation);
  }
}

function explainRefusal({ code, status, header }: AwsFailure, operation: string): string {
  if (code === 'InvalidBucketName') return 'this can be no bucket: correct its name';
  if (status === 404) return 'there is no such bucket: create it, or correct its name';
  if (code === 'AccessDenied' || code === 'HTTP 403') {
    const action = operation === 'ListObjectsV2' ? 's3:ListBucket' : `s3:${operation}`;
    return `allow ${action} on it to these credentials`;
  }
  if (status === 301 || code === 'AuthorizationHeaderMalformed') {
    return 'it is in another region: set AWS_REGION to that';
  }
  if (status === 501) return explainMissing(header, operation);
  return 'the store refuses it';
}

function explainMissing(header: string | undefined, operation: string): string {
  if (header?.startsWith('x-amz-checksum') || header === 'x-amz-sdk-checksum-algorithm') {
    return `this store takes no checksums (${header}): unset AWS_REQUEST_CHECKSUM_CALCULATION`;
  }
  if (header?.startsWith('x-amz-')) return `this store does not implement ${header}`;
  if (operation !== 'PutObject') return 'this store does not implement it';
  return 'this store knows no create-only writes (If-None-Match): take one that does';
}
