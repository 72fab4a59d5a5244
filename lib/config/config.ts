import * as z from 'zod';
import { type AppName, parseUsableAppName } from '../drains/app-name.ts';
import { isAppPattern } from '../drains/app-patterns.ts';
import { canaryApp } from '../drains/canary-app.ts';
import { alertsConfig } from './alert-config.ts';

/** What an operator decides: the `cistern` object. docs/configuration.md explains every key. */
export type Config = z.output<typeof schema>;

/** Every problem of a configuration at once, one a line, and what to do about them. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    const title =
      problems.length === 1
        ? 'A problem in the configuration:'
        : `${problems.length} problems in the configuration:`;
    const remedy =
      'Correct the cistern object (in the context of cdk.json, or in the file given with --config).\n' +
      'docs/configuration.md lists every key with its default.';
    super([title, ...problems.map((problem) => `  ${problem}`), remedy].join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/** Reads the `cistern` object and fills in the defaults. Throws {@link ConfigError} naming every bad key. */
export function parseConfig(input: unknown): Config {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  throw new ConfigError(result.error.issues.flatMap((issue) => describe(issue, input)));
}

/**
 * {@link parseConfig} for a receiver that is no stack, such as `cistern serve`: there an SNS channel has to say
 * which topic. Throws {@link ConfigError}.
 */
export function parseLocalConfig(input: unknown): Config {
  const config = parseConfig(input);
  const problems = Object.entries(config.alerts.channels)
    .filter(([, channel]) => channel.type === 'sns' && channel.topicArn === undefined)
    .map(
      ([name]) =>
        `alerts.channels.${name}.topicArn: must be given: only a deployed stage has a topic of its own (is missing)`,
    );
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

/** The name of one deployment of Cistern: it is part of parameter names, so it never changes later. */
export const stagePattern: RegExp = /^[a-z][a-z0-9-]{0,19}$/;

/** The retentions that CloudWatch Logs knows, in days (PutRetentionPolicy, retentionInDays). */
export const functionLogRetentions = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
] as const;

const maxDays = 36_500;

function wholeNumber(unit: string, min: number, max: number) {
  const error = `must be a whole number of ${unit}, ${min} to ${max}`;
  // Not z.int: what it refuses ends the rules over several keys, which then name nothing.
  return z
    .number({ error })
    .refine((value) => Number.isInteger(value) && value >= min && value <= max, { error });
}

function text(pattern: RegExp, error: string) {
  return z.string({ error }).regex(pattern, { error });
}

function oneOf<const T extends readonly string[]>(values: T) {
  return z.enum(values, { error: `must be one of ${values.map((value) => `"${value}"`).join(', ')}` });
}

const appName = z
  .custom<AppName>((value) => typeof value === 'string' && parseUsableAppName(value) !== undefined, {
    abort: false,
    error:
      'must be the name of a Heroku app: 3 to 30 of a-z, 0-9 and dashes, a letter first, no dash last, ' +
      'and neither "unknown" nor "d-" with 8 hex digits, which are reserved',
  })
  .refine((name) => name !== canaryApp, { error: "must not be the canary's: Cistern lists it by itself" });

const timeZone = z.string({ error: 'must be an IANA time zone such as "Europe/Berlin"' }).refine(isTimeZone, {
  error: 'must be an IANA time zone such as "Europe/Berlin"',
});

const activeHours = z
  .strictObject(
    {
      days: z
        .array(oneOf(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']), {
          error: 'must be a list of days such as ["mon", "tue"]',
        })
        .min(1, { error: 'must list at least one day' })
        .refine((days) => new Set(days).size === days.length, {
          error: 'must list each day once',
          when: ({ value }) => Array.isArray(value),
        }),
      from: text(/^(?:[01]\d|2[0-3]):[0-5]\d$/, 'must be a time from "00:00" to "23:59"'),
      to: text(/^(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$/, 'must be a time from "00:00" to "24:00"'),
      zone: timeZone,
    },
    { error: 'must be an object with days, from, to and zone' },
  )
  .refine(({ from, to }) => from !== to, {
    error: 'must not be the same time as from; for the whole day take "00:00" to "24:00"',
    path: ['to'],
    when: holds(z.object({ from: z.string(), to: z.string() })),
  });

const app = z.strictObject(
  {
    name: appName,
    silenceMinutes: wholeNumber('minutes', 1, 10_080).default(15),
    activeHours: activeHours.exactOptional(),
    /** Whom to ask about it: goes into every alert. */
    contact: z
      .string({ error: 'must be a text such as "#team-shop"' })
      .min(1, { error: 'must not be empty' })
      .max(200, { error: 'must be at most 200 characters' })
      .exactOptional(),
  },
  { error: 'must be an object such as { "name": "shop" }' },
);

const appPattern = z.custom<string>((value) => typeof value === 'string' && isAppPattern(value), {
  error:
    'must be a pattern of app names such as "shop-pr-*": 2 to 30 of a-z, 0-9, dashes and up to three *, a letter first',
});

const retentionDays = wholeNumber('days', 90, maxDays);

const schema = z
  .strictObject(
    {
      stage: text(
        stagePattern,
        'must be 1 to 20 of a-z, 0-9 and dashes, a letter first, such as "production"',
      ).default('production'),
      apps: z
        .array(app, { error: 'must be a list such as [{ "name": "shop" }]' })
        .superRefine((apps, context) => refuseRepeats(apps, context), {
          when: ({ value }) => Array.isArray(value),
        })
        .default([]),
      /** Apps that nobody lists and that come and go, such as review apps: the watch says nothing of them. */
      temporaryApps: z
        .array(appPattern, { error: 'must be a list of patterns such as ["shop-pr-*"]' })
        .default([]),
      environment: text(
        /^[a-z][a-z0-9-]{0,29}$/,
        'must be 1 to 30 of a-z, 0-9 and dashes, a letter first, such as "production"',
      ).default('production'),
      alerts: alertsConfig.prefault({}),
      runbookBase: text(
        // No user name: it would be a secret. No query, no fragment: a page's name follows.
        /^https?:\/\/[^\s/?#@]+(?:\/[^\s?#]*)?$/,
        'must be an http(s) address without user name, query and fragment, such as "https://wiki.example.com/cistern/"',
      )
        .transform((base) => (base.endsWith('/') ? base : `${base}/`))
        .exactOptional(),
      urgentEmails: z
        .array(
          z.email({ error: 'must be an email address' }).max(254, { error: 'must be an email address' }),
          { error: 'must be a list such as ["on-call@example.com"]' },
        )
        .refine((emails) => new Set(emails).size === emails.length, {
          error: 'must list each address once',
          when: ({ value }) => Array.isArray(value),
        })
        .default([]),
      incidentDays: wholeNumber('days', 90, maxDays).default(400),
      retentionDays: retentionDays.default(90),
      infrequentAccessDays: z
        .union([wholeNumber('days', 30, maxDays), z.literal('never')], {
          error: 'must be a whole number of days from 30, or "never"',
        })
        // Most objects are smaller than what it pays for (docs/configuration.md).
        .default('never'),
      objectLock: z
        .strictObject(
          { mode: oneOf(['governance', 'compliance']), days: wholeNumber('days', 1, maxDays) },
          { error: 'must be an object with mode and days' },
        )
        .exactOptional(),
      delivery: oneOf(['direct', 'buffered']).default('direct'),
      archiver: z
        .strictObject(
          {
            windowSeconds: wholeNumber('seconds', 1, 300).default(30),
            batchSize: wholeNumber('messages', 1, 10_000).default(10_000),
            concurrency: wholeNumber('concurrent executions', 2, 1_000).default(5),
            maxObjectMiB: wholeNumber('MiB', 1, 64).default(16),
          },
          { error: 'must be an object such as { "windowSeconds": 30 }' },
        )
        .prefault({}),
      kmsKeyArn: text(
        /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+$/,
        'must be the ARN of a KMS key (no alias), such as "arn:aws:kms:eu-central-1:111122223333:key/…"',
      ).exactOptional(),
      reservedConcurrency: wholeNumber('concurrent requests', 1, 10_000).exactOptional(),
      accountConcurrency: wholeNumber('concurrent executions', 1, 1_000_000).default(1000),
      functionLogDays: z
        .literal(functionLogRetentions, {
          error: `must be a retention that CloudWatch Logs offers: ${functionLogRetentions.join(', ')}`,
        })
        .default(30),
    },
    { error: 'must be an object' },
  )
  .refine(
    ({ infrequentAccessDays, retentionDays }) =>
      infrequentAccessDays === 'never' || infrequentAccessDays < retentionDays,
    {
      error: 'must be less than retentionDays',
      path: ['infrequentAccessDays'],
      when: holds(z.object({ infrequentAccessDays: z.number(), retentionDays })),
    },
  )
  .refine(({ objectLock, retentionDays }) => objectLock === undefined || objectLock.days <= retentionDays, {
    error: 'must not exceed retentionDays: what has expired could not be removed',
    path: ['objectLock', 'days'],
    when: holds(z.object({ objectLock: z.object({ days: z.number() }), retentionDays })),
  })
  .superRefine(refuseUnlistedApps, { when: holds(z.object({})) });

/** Lets a rule over several keys run although other keys are bad: zod would skip it, and name fewer bad keys. */
function holds(shape: z.ZodType): (payload: { readonly value: unknown }) => boolean {
  return ({ value }) => shape.safeParse(value).success;
}

/** Runs on lists whose items may be bad, so it takes nothing for granted. */
function refuseRepeats(apps: readonly unknown[], context: z.RefinementCtx): void {
  const seen = new Set<unknown>();
  for (const [index, item] of apps.entries()) {
    const name = memberOf(item, 'name');
    if (name === undefined) continue;
    if (seen.has(name)) {
      context.addIssue({
        code: 'custom',
        path: [index, 'name'],
        message: 'must be there only once',
      });
    }
    seen.add(name);
  }
}

const routedApps = z.looseObject({
  apps: z.array(z.looseObject({ name: z.string() })).default([]),
  alerts: z.looseObject({ routes: z.array(z.unknown()) }),
});
const appsOfRoute = z.looseObject({ apps: z.array(z.unknown()) });

/**
 * A route of an app that nobody listed is a typo, and would leave the app that was meant to another route or to
 * none. Left out where the list of apps is itself bad: then nobody knows what is listed.
 */
function refuseUnlistedApps(config: unknown, context: z.RefinementCtx): void {
  const parsed = routedApps.safeParse(config);
  if (!parsed.success) return;
  const listed = new Set<unknown>(parsed.data.apps.map(({ name }) => name));
  for (const [index, route] of parsed.data.alerts.routes.entries()) {
    const { apps } = appsOfRoute.safeParse(route).data ?? { apps: [] };
    for (const [at, name] of apps.entries()) {
      // What is no name at all is the schema's to refuse.
      if (typeof name !== 'string' || listed.has(name)) continue;
      context.addIssue({
        code: 'custom',
        path: ['alerts', 'routes', index, 'apps', at],
        message: 'must be one of the apps of the configuration',
      });
    }
  }
}

function isTimeZone(text: string): boolean {
  // Intl takes offsets such as +01:00 too, which know no summer time.
  if (!/^[A-Za-z]/.test(text)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
    return true;
  } catch {
    return false;
  }
}

function describe(issue: z.core.$ZodIssue, input: unknown): string[] {
  if (issue.code === 'unrecognized_keys') {
    // Their values are not shown: a secret may have gone astray.
    return issue.keys.map((key) => `${formatPath([...issue.path, key])}: is not a key that Cistern knows`);
  }
  const value = issue.path.reduce(memberOf, input);
  return [`${formatPath(issue.path)}: ${issue.message} (is ${show(value)})`];
}

function formatPath(path: readonly PropertyKey[]): string {
  if (path.length === 0) return 'cistern';
  return path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '');
}

function show(value: unknown): string {
  if (value === undefined) return 'missing';
  const json = JSON.stringify(value) ?? String(value);
  return json.length > 80 ? `${json.slice(0, 79)}…` : json;
}

function memberOf(value: unknown, key: PropertyKey): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}
