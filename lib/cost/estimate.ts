import { type Archived, archiveLines, type Lifetimes } from './archive-cost.ts';
import { assumptions } from './assumptions.ts';
import { type Line, line, totalOf } from './line.ts';
import { type DeliveryMode, type Gathered, gather, messageBytes } from './objects.ts';
import { billing, prices } from './prices.ts';

/** What drains send in a month, and how a stage is set up to keep it. */
export interface CostInput extends Lifetimes {
  readonly batches: number;
  /** Raw, in all. */
  readonly bytes: number;
  readonly delivery: DeliveryMode;
  readonly apps: number;
  /** Raw bytes for each stored byte, batch headers included; without it, that of router lines. */
  readonly ratio?: number | undefined;
  /** `archiver.windowSeconds` and `archiver.concurrency` of the configuration. */
  readonly windowSeconds: number;
  readonly concurrency: number;
}

export interface Estimate extends Archived {
  readonly delivery: DeliveryMode;
  /** A month's: the same lines in the same order for every input. */
  readonly lines: readonly Line[];
  /** In US dollars a month. */
  readonly total: number;
}

/**
 * What a stage costs a month, by list prices without free tiers, once it has run for as long as it keeps objects.
 * Pure: the prices are those of prices.ts, all else is its input and the assumptions.
 */
export function estimate(input: CostInput): Estimate {
  const { delivery, batches } = input;
  const storedBytes = storedBytesOf(input);
  const memberBytes = batches === 0 ? 0 : storedBytes / batches;
  const gathered = gather({ ...input, memberBytes });
  const archived = archivedOf(gathered.objects, storedBytes);
  const lines = [
    ...archiveLines(archived, input),
    ...lambdaLines(input, gathered),
    ...spoolLines(input, gathered, memberBytes),
    ...receiverLines(input, gathered),
    ...watchLines(input),
  ];
  return { delivery, ...archived, lines, total: totalOf(lines) };
}

/** What costs most. */
export function dominantOf({ lines }: Pick<Estimate, 'lines'>): Line | undefined {
  return lines.reduce<Line | undefined>(
    (most, each) => (each.sum > (most?.sum ?? 0) ? each : most),
    undefined,
  );
}

function storedBytesOf({ batches, bytes, ratio }: CostInput): number {
  if (ratio !== undefined) return bytes / ratio;
  return bytes / assumptions.ratio + batches * assumptions.memberHeaderBytes;
}

/** Objects of one size: with sizes that differ, Infrequent Access bills a little more. */
function archivedOf(objects: number, storedBytes: number): Archived {
  const infrequentBytes = Math.max(storedBytes, objects * billing.leastInfrequentBytes);
  return { objects, storedBytes, infrequentBytes };
}

function lambdaLines({ batches }: CostInput, { events }: Gathered): Line[] {
  const { receiverSeconds, archiverSeconds, archiverMemberSeconds, functionGigabytes } = assumptions;
  const members = events === 0 ? 0 : batches;
  const archiving = events * archiverSeconds + members * archiverMemberSeconds;
  return [
    line('Lambda requests', batches + events, prices.lambdaRequest),
    line('Lambda time, receiver', batches * receiverSeconds * functionGigabytes, prices.lambdaTime),
    line('Lambda time, archiver', archiving * functionGigabytes, prices.lambdaTime),
  ];
}

/** The queue is polled whether anything is in it or not: direct delivery falls back on it. */
function spoolLines({ batches, concurrency }: CostInput, { events }: Gathered, memberBytes: number): Line[] {
  const { messagesPerReceive, messagesPerDelete, monthSeconds, pollSeconds, pollers } = assumptions;
  const messages = events === 0 ? 0 : batches;
  const payload = messageBytes(memberBytes);
  const sends = messages * requestsOf(payload);
  const receives = (messages / messagesPerReceive) * requestsOf(payload * messagesPerReceive);
  const polls = (Math.min(pollers, concurrency) * monthSeconds) / pollSeconds;
  return [
    line('SQS requests', sends + receives + messages / messagesPerDelete, prices.sqsRequest),
    line('SQS polling', polls, prices.sqsRequest),
  ];
}

function requestsOf(payloadBytes: number): number {
  return Math.max(1, Math.ceil(payloadBytes / billing.sqsRequestBytes));
}

function receiverLines({ batches, apps, delivery }: CostInput, { events }: Gathered): Line[] {
  const { receiverLogBytes, archiverLogBytes } = assumptions;
  const logged = batches * receiverLogBytes + events * archiverLogBytes;
  const { stageMetrics, appMetrics, archiverMetrics, appArchiverMetrics, canaryMetrics } = assumptions;
  const archiver = delivery === 'buffered' ? archiverMetrics + apps * appArchiverMetrics : 0;
  return [
    line('CloudWatch logs', logged / billing.gigabyte, prices.logIngestion),
    line(
      'CloudWatch metrics',
      stageMetrics + apps * appMetrics + archiver + canaryMetrics,
      prices.customMetric,
    ),
    line('KMS: registry read', registryReads(batches) * secureStrings(apps), prices.kmsRequest),
  ];
}

/** Each container reads the registry once a minute while it has requests; there is one more than are at work. */
function registryReads(batches: number): number {
  const { monthSeconds, receiverSeconds, registrySeconds, watchRuns } = assumptions;
  const containers = 1 + Math.floor((batches / monthSeconds) * receiverSeconds);
  return watchRuns + Math.min(batches, containers * (monthSeconds / registrySeconds));
}

function secureStrings(apps: number): number {
  return apps * assumptions.appSecureStrings + assumptions.canarySecureStrings;
}

function watchLines({ apps }: CostInput): Line[] {
  const { watchRuns, watchSeconds, watchPuts, watchGets, watchMetrics, hours, alarms } = assumptions;
  return [
    line('watch: metrics queried', watchRuns * watchMetrics + hours * apps, prices.metricQueried),
    line('watch: S3 lists', watchRuns * (apps + 1), prices.s3List),
    line('watch: S3 PUT', watchRuns * watchPuts, prices.s3Put),
    line('watch: S3 GET', watchRuns * watchGets, prices.s3Get),
    line('watch: Lambda time', watchRuns * watchSeconds * assumptions.functionGigabytes, prices.lambdaTime),
    line('watch: alarms', alarms, prices.alarm),
    line('watch: KMS key of the topics', 1, prices.kmsKey),
  ];
}
