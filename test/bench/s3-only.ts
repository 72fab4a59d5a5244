/** The bundle that the receiver's start is measured against: an S3 client, and a handler that does nothing. */
import { S3Client } from '@aws-sdk/client-s3';
import type { LambdaFunctionURLResult } from 'aws-lambda';

export const client: S3Client = new S3Client({});

export async function handler(): Promise<LambdaFunctionURLResult> {
  return { statusCode: 405, body: '' };
}
