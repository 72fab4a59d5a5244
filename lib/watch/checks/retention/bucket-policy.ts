import * as z from 'zod';
import { critical, type ExpectedBucket, type Problem, warning } from './bucket-settings.ts';

/** Judges a bucket policy: whom it lets in, and whether it still refuses what the stack's policy refuses. */

const texts = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => (typeof value === 'string' ? [value] : value));
const principal = z.union([z.literal('*'), z.record(z.string(), texts)]);
const scalar = z.union([z.string(), z.boolean(), z.number()]);
const condition = z.record(z.string(), z.record(z.string(), z.union([scalar, z.array(scalar)])));

const statement = z.object({
  Sid: z.string().exactOptional(),
  Effect: z.enum(['Allow', 'Deny']),
  Principal: principal.exactOptional(),
  NotPrincipal: principal.exactOptional(),
  Action: texts.exactOptional(),
  NotAction: texts.exactOptional(),
  Resource: texts.exactOptional(),
  NotResource: texts.exactOptional(),
  Condition: condition.exactOptional(),
});

type Statement = z.output<typeof statement>;

const document = z.object({
  Statement: z.union([z.array(statement), statement.transform((only) => [only])]),
});

/** Undefined for a policy that can't be understood, and so can't be judged. */
export function policyProblems(
  policy: string | undefined,
  expected: Pick<ExpectedBucket, 'createOnly' | 'principals'>,
  bucket: string,
): Problem[] | undefined {
  const statements = policy === undefined ? [] : parseStatements(policy);
  if (statements === undefined) return undefined;
  const { createOnly } = expected;
  const requiresTls = (each: Statement) => deniesWithoutTls(each, bucket);
  const requiresCreation = (each: Statement) =>
    createOnly !== undefined && deniesOverwriting(each, bucket, createOnly);
  const problems = statements
    .filter(({ Effect }) => Effect === 'Allow')
    .flatMap((each) => strangers(each, expected.principals));
  // Nobody outside can come in by this alone: S3's own clients use TLS unless they are told not to.
  if (!statements.some(requiresTls)) {
    problems.push(warning('the bucket policy no longer denies requests without TLS'));
  }
  // Whoever may write could put another object in a log's place, which readers would take for it.
  if (createOnly !== undefined && !statements.some(requiresCreation)) {
    problems.push(critical(`the bucket policy no longer denies overwriting under ${createOnly}`));
  }
  for (const each of statements) {
    if (each.Effect === 'Allow' || requiresTls(each) || requiresCreation(each)) continue;
    problems.push(warning(`drift: the bucket policy denies something more${named(each)}`));
  }
  return problems;
}

function parseStatements(policy: string): Statement[] | undefined {
  try {
    return document.safeParse(JSON.parse(policy)).data?.Statement;
  } catch {
    return undefined;
  }
}

/**
 * Whoever is let in that should not be. Critical whatever the statement allows: reading, deleting and writing
 * are all worth a page, and a condition that narrows it may be read wrong here.
 */
function strangers(each: Statement, expected: readonly string[]): Problem[] {
  if (each.NotPrincipal !== undefined) {
    return [critical(`the bucket policy allows everybody but some (NotPrincipal)${named(each)}`)];
  }
  const known = new Set(expected.map(accountOfRoot));
  const found = principalsOf(each.Principal).filter(({ name }) => !known.has(accountOfRoot(name)));
  return found.map(({ kind, name }) =>
    critical(
      name === '*'
        ? `the bucket policy allows something to everybody${named(each)}`
        : `the bucket policy allows something to ${kind} ${cut(name)}${named(each)}`,
    ),
  );
}

const kinds: ReadonlyMap<string, string> = new Map([
  ['AWS', 'the AWS principal'],
  ['Service', 'the service'],
  ['Federated', 'the identity provider'],
  ['CanonicalUser', 'the canonical user'],
]);

function principalsOf(found: Statement['Principal']): { kind: string; name: string }[] {
  if (found === undefined) return [{ kind: 'nobody in particular:', name: '(no Principal)' }];
  if (found === '*') return [{ kind: '', name: '*' }];
  return Object.entries(found).flatMap(([kind, names]) =>
    names.map((name) => ({ kind: kinds.get(kind) ?? cut(kind), name })),
  );
}

/** S3 may show an account as its number or as its root's ARN. */
function accountOfRoot(name: string): string {
  return /^arn:aws[a-z-]*:iam::(\d{12}):root$/.exec(name)?.[1] ?? name;
}

function deniesWithoutTls(each: Statement, bucket: string): boolean {
  return (
    deniesEverybody(each) &&
    covers(lowerCase(each.Action), 's3:*') &&
    covers(each.Resource, `${arn}${bucket}`) &&
    covers(each.Resource, `${arn}${bucket}/*`) &&
    onlyCondition(each, 'Bool', 'aws:securetransport', 'false')
  );
}

function deniesOverwriting(each: Statement, bucket: string, prefix: string): boolean {
  return (
    deniesEverybody(each) &&
    covers(lowerCase(each.Action), 's3:putobject') &&
    covers(each.Resource, `${arn}${bucket}/${prefix}*`) &&
    onlyCondition(each, 'Null', 's3:if-none-match', 'true')
  );
}

function deniesEverybody({ Effect, Principal }: Statement): boolean {
  if (Effect !== 'Deny' || Principal === undefined) return false;
  return Principal === '*' || (Principal['AWS'] ?? []).includes('*');
}

const arn = 'arn:aws:s3:::';

/** Whether one of the patterns matches all that `target` does: only a last asterisk counts as one. */
function covers(patterns: readonly string[] | undefined, target: string): boolean {
  return (patterns ?? []).some((pattern) => {
    // ARNs of AWS's other partitions differ only here.
    const own = pattern.replace(/^arn:aws[a-z-]*:/, 'arn:aws:');
    return own === target || (own.endsWith('*') && target.startsWith(own.slice(0, -1)));
  });
}

/** Actions know no case. */
function lowerCase(actions: readonly string[] | undefined): string[] | undefined {
  return actions?.map((action) => action.toLowerCase());
}

/** Any further condition would let some requests through. */
function onlyCondition(each: Statement, operator: string, key: string, value: string): boolean {
  const [first, ...others] = Object.entries(each.Condition ?? {});
  if (first === undefined || others.length > 0 || first[0].toLowerCase() !== operator.toLowerCase())
    return false;
  const [entry, ...more] = Object.entries(first[1]);
  if (entry === undefined || more.length > 0 || entry[0].toLowerCase() !== key) return false;
  return [entry[1]].flat().some((each) => String(each).toLowerCase() === value);
}

function named({ Sid }: Statement): string {
  return Sid === undefined ? '' : ` (statement ${JSON.stringify(cut(Sid))})`;
}

function cut(text: string): string {
  return text.length > 100 ? `${text.slice(0, 99)}…` : text;
}
