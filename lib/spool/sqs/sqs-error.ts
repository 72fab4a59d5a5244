import { StoreError, type StoreFailure } from '../../archive/store/store.ts';
import { type AwsFailure, readAwsFailure } from '../../base/aws/aws-failure.ts';

/** A {@link StoreError} for what the SQS client threw, which stays its cause. Its message holds no content. */
export function sqsError(cause: unknown, operation: string): StoreError {
  const failure = readAwsFailure(cause);
  const code = classify(failure);
  return new StoreError(
    code,
    `${operation} failed (${failure.detail}): ${explain(code, failure, operation)}`,
    {
      cause,
    },
  );
}

function classify({ code, status, throttled, setup }: AwsFailure): StoreFailure {
  // SQS's own words for a queue's and a key's limits (API reference, SendMessage).
  if (throttled || code === 'OverLimit' || code === 'KmsThrottled') return 'throttled';
  if (setup !== undefined) return 'refused';
  // No answer, or a 2xx that could not be read to its end or does not match what was sent.
  if (status === undefined || status < 300) return 'unavailable';
  return status >= 500 || code === 'RequestTimeout' ? 'unavailable' : 'refused';
}

function explain(code: StoreFailure, { setup, code: name }: AwsFailure, operation: string): string {
  if (code === 'throttled') return 'the queue asks for fewer requests';
  if (code === 'unavailable') return 'the queue is not available';
  if (setup !== undefined) return setup;
  if (name === 'QueueDoesNotExist' || name === 'AWS.SimpleQueueService.NonExistentQueue') {
    return 'there is no such queue: deploy the stage again';
  }
  if (name.startsWith('AccessDenied') || name.startsWith('Kms')) {
    // There is no permission of its own for a batch.
    return `allow sqs:${operation.replace(/Batch$/, '')} on it, and the use of its key, to these credentials`;
  }
  return 'the queue refuses it';
}
