import { randomUUID } from 'node:crypto';
import type { SQSEvent, SQSRecord } from 'aws-lambda';
import { md5 } from './fake-queue.ts';

/** One record of an event: a message as Lambda hands it over. */
export function sqsRecord(body: string, { receives = 1, sentAt = Date.now() } = {}): SQSRecord {
  const messageId = randomUUID();
  return {
    messageId,
    receiptHandle: `${messageId}#${receives}#receipt`,
    body,
    attributes: {
      ApproximateReceiveCount: String(receives),
      SentTimestamp: String(sentAt),
      SenderId: 'AIDAFAKEFAKEFAKEFAKE',
      ApproximateFirstReceiveTimestamp: String(sentAt),
    },
    messageAttributes: {},
    md5OfBody: md5(body),
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:eu-west-1:123456789012:cistern-spool',
    awsRegion: 'eu-west-1',
  };
}

export function sqsEvent(bodies: readonly string[]): SQSEvent {
  return { Records: bodies.map((body) => sqsRecord(body)) };
}
