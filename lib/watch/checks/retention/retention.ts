import type { Check, Evidence, Finding, Look } from '../../../findings/finding.ts';
import { type Judgement, judgeBucket } from './bucket-problems.ts';
import {
  type BucketReader,
  type BucketSettings,
  type ExpectedBucket,
  type Problem,
  permissions,
} from './bucket-settings.ts';
import { type DirectoryReader, judgeDirectory } from './data-directory.ts';

export interface RetentionOptions {
  readonly buckets?: readonly {
    readonly subject: 'archive' | 'ledger';
    readonly reader: BucketReader;
    readonly expected: ExpectedBucket;
  }[];
  /** Data directories, each named by its subject. */
  readonly directories?: readonly { readonly subject: string; readonly reader: DirectoryReader }[];
}

/** Whether what is kept stays kept: one finding for each bucket and each data directory. */
export function retentionCheck({ buckets = [], directories = [] }: RetentionOptions): Check {
  return {
    name: 'retention',
    look: async (look) =>
      Promise.all([
        ...buckets.map(async ({ subject, reader, expected }) =>
          bucketFinding(subject, reader, expected, look),
        ),
        ...directories.map(async ({ subject, reader }) => directoryFinding(subject, reader, look)),
      ]),
  };
}

async function bucketFinding(
  subject: string,
  reader: BucketReader,
  expected: ExpectedBucket,
  { now, signal }: Look,
): Promise<Finding> {
  const { bucket } = reader;
  const base = { check: 'retention', subject } as const;
  const settings: BucketSettings | 'missing' = await reader.read(signal);
  if (settings === 'missing') {
    return {
      ...base,
      status: 'critical',
      summary: `There is no bucket ${bucket}: the ${subject} is gone`,
      evidence: { bucket, problems: 'the bucket does not exist' },
      remedy: `Find out who deleted ${bucket} (CloudTrail: DeleteBucket). Create a bucket of that name in the stack's region, then run \`npm run deploy -- --revert-drift\``,
    };
  }
  const judgement = judgeBucket(settings, expected, bucket, now);
  return { ...base, ...verdict(`The bucket of the ${subject}`, bucket, judgement) };
}

function verdict(
  what: string,
  bucket: string,
  { problems, unread }: Judgement,
): Pick<Finding, 'status' | 'summary' | 'evidence' | 'remedy'> {
  const sorted = worstFirst(problems);
  const [worst, ...others] = sorted;
  const evidence: Evidence = {
    bucket,
    ...(worst === undefined ? {} : { problems: listed(sorted.map(({ text }) => text)) }),
    ...(unread.length === 0
      ? {}
      : { unread: listed(unread.map(({ part, why }) => `${part} (${why}; takes ${permissions[part]})`)) }),
  };
  const access = accessRemedy(unread, bucket);
  if (worst !== undefined) {
    const more = others.length === 0 ? '' : `, and ${others.length} more`;
    const drift =
      'Run `npm run deploy -- --revert-drift`: it sets the bucket as the configuration says. See who changed it (CloudTrail)';
    return {
      status: worst.severity,
      summary: bounded(`${what}: ${worst.text}${more}`, 300),
      evidence,
      remedy: access === '' ? drift : `${drift}. ${access}`,
    };
  }
  if (unread.length > 0) {
    const parts = unread.map(({ part }) => part).join(', ');
    return { status: 'unknown', summary: `${what}: could not read ${parts}`, evidence, remedy: access };
  }
  return { status: 'ok', summary: `${what} keeps what the configuration says`, evidence, remedy: '' };
}

function accessRemedy(unread: Judgement['unread'], bucket: string): string {
  const denied = unread.filter(({ why }) => why === 'denied').map(({ part }) => permissions[part]);
  const others = unread.filter(({ why }) => why !== 'denied');
  return [
    ...(denied.length === 0 ? [] : [`Allow the watch ${denied.join(', ')} on ${bucket}`]),
    ...(others.some(({ why }) => why === 'unavailable')
      ? ["If it lasts, look at AWS's health page, and at the log of the watch"]
      : []),
    ...(others.some(({ why }) => why === 'not understood')
      ? ['The bucket policy is not what Cistern can read: compare it with the one that the stack makes']
      : []),
  ].join('. ');
}

async function directoryFinding(
  subject: string,
  reader: DirectoryReader,
  { signal }: Look,
): Promise<Finding> {
  const base = { check: 'retention', subject } as const;
  const state = await reader.read(signal);
  if ('failure' in state) {
    return {
      ...base,
      status: 'unknown',
      summary: `Data directory ${reader.path}: could not look (${state.failure})`,
      evidence: { directory: reader.path },
      remedy: `See that ${reader.path} is there, and that the user of \`cistern serve\` may enter it`,
    };
  }
  const problems = worstFirst(judgeDirectory(state));
  const [worst, ...others] = problems;
  const evidence = {
    directory: reader.path,
    freeBytes: state.freeBytes,
    totalBytes: state.totalBytes,
    ...(state.mode === undefined ? {} : { mode: `0${state.mode.toString(8)}` }),
    ...(worst === undefined ? {} : { problems: listed(problems.map(({ text }) => text)) }),
  };
  if (worst === undefined) {
    return { ...base, status: 'ok', summary: `Data directory ${reader.path} has room`, evidence, remedy: '' };
  }
  const remedies = [...new Set(problems.map(({ remedy }) => remedy(reader.path)))];
  return {
    ...base,
    status: worst.severity,
    summary: `Data directory ${reader.path}: ${worst.text}${others.length === 0 ? '' : `, and ${others.length} more`}`,
    evidence,
    remedy: remedies.join('. '),
  };
}

function worstFirst<T extends Problem>(problems: readonly T[]): T[] {
  return problems.toSorted((a, b) => rank[b.severity] - rank[a.severity]);
}

const rank = { warning: 0, critical: 1 } as const;

/** Evidence goes into the state and into alerts, which have their limits. */
const evidenceLength = 1_500;

function listed(texts: readonly string[]): string {
  let text = '';
  for (const [index, each] of texts.entries()) {
    const next = index === 0 ? bounded(each, evidenceLength / 2) : `${text}; ${each}`;
    if (next.length > evidenceLength) return `${text}; and ${texts.length - index} more`;
    text = next;
  }
  return text;
}

function bounded(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}
