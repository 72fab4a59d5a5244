/** What AWS charges: `usd` for each `per` of the unit. */
export interface Price {
  readonly usd: number;
  readonly per: number;
  readonly unit: string;
}

/** Where the prices hold, and the latest date at which each (KMS apart) was found as it is here. */
export const priceList = { region: 'us-east-1', asOf: '2026-06', currency: 'USD' } as const;

/**
 * AWS's public list prices, on demand, the first tier of each, without free tiers. The pages named are AWS's; other
 * regions cost up to a quarter more. To bring them up to date: change what differs, then {@link priceList}, and run
 * `npm test`, which says which tables of the documentation differ.
 */
export const prices = {
  // https://aws.amazon.com/s3/pricing/ (Standard: the first 50 TB)
  s3Put: { usd: 0.005, per: 1_000, unit: 'requests' },
  s3List: { usd: 0.005, per: 1_000, unit: 'requests' },
  s3Get: { usd: 0.0004, per: 1_000, unit: 'requests' },
  s3MoveToInfrequentAccess: { usd: 0.01, per: 1_000, unit: 'requests' },
  s3Standard: { usd: 0.023, per: 1, unit: 'GB-month' },
  s3InfrequentAccess: { usd: 0.0125, per: 1, unit: 'GB-month' },
  // https://aws.amazon.com/lambda/pricing/ (arm64)
  lambdaRequest: { usd: 0.2, per: 1_000_000, unit: 'requests' },
  lambdaTime: { usd: 0.000_013_333_4, per: 1, unit: 'GB-second' },
  // https://aws.amazon.com/sqs/pricing/ (standard queues; each 64 KB of payload is a request)
  sqsRequest: { usd: 0.4, per: 1_000_000, unit: 'requests' },
  // https://aws.amazon.com/cloudwatch/pricing/
  logIngestion: { usd: 0.5, per: 1, unit: 'GB' },
  customMetric: { usd: 0.3, per: 1, unit: 'metric' },
  metricQueried: { usd: 0.01, per: 1_000, unit: 'metrics queried' },
  alarm: { usd: 0.1, per: 1, unit: 'alarm' },
  // https://aws.amazon.com/kms/pricing/
  kmsKey: { usd: 1, per: 1, unit: 'key' },
  kmsRequest: { usd: 0.03, per: 10_000, unit: 'requests' },
} as const satisfies Record<string, Price>;

/** AWS's GB and KB are binary (https://aws.amazon.com/s3/faqs/: 10 TB are 10,995,116,277,760 bytes). */
export const billing = {
  gigabyte: 2 ** 30,
  /** Of an object in Standard-Infrequent Access, however small it is. */
  leastInfrequentBytes: 128 * 1024,
  /** That an object in Standard-Infrequent Access is billed for, however short it stays. */
  leastInfrequentDays: 30,
  /** Of SQS's payload that count as one request. */
  sqsRequestBytes: 64 * 1024,
} as const;
