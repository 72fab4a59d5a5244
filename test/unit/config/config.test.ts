import { describe, expect, test } from 'vitest';
import { ConfigError, parseConfig, parseLocalConfig } from '../../../lib/config/config.ts';

const kmsKeyArn = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const topicArn = 'arn:aws:sns:eu-central-1:111122223333:on-call';
const activeHours = { days: ['mon', 'tue'], from: '08:00', to: '18:30', zone: 'Europe/Berlin' };

describe('a good configuration', () => {
  test('may say nothing: every key has a default or is optional', () => {
    expect(parseConfig({})).toEqual({
      stage: 'production',
      apps: [],
      temporaryApps: [],
      environment: 'production',
      alerts: { channels: {}, routes: [] },
      urgentEmails: [],
      incidentDays: 400,
      retentionDays: 90,
      infrequentAccessDays: 'never',
      delivery: 'direct',
      archiver: { windowSeconds: 30, batchSize: 10_000, concurrency: 5, maxObjectMiB: 16 },
      accountConcurrency: 1000,
      functionLogDays: 30,
    });
  });

  test('keeps what it says', () => {
    const everything = {
      stage: 'staging-2',
      apps: [{ name: 'shop', silenceMinutes: 5, activeHours, contact: '#team-shop' }],
      temporaryApps: ['shop-pr-*'],
      environment: 'staging',
      alerts: {
        channels: {
          'on-call': { type: 'pagerduty', region: 'eu' },
          chat: { type: 'slack' },
          tickets: { type: 'webhook' },
          mail: { type: 'sns' },
          others: { type: 'sns', topicArn },
        },
        routes: [
          {
            severities: ['P0', 'P1'],
            checks: ['freshness', 'manual'],
            apps: ['shop'],
            environments: ['staging'],
            channels: ['on-call', 'chat'],
            fallback: ['mail'],
            escalate: ['others'],
          },
          { channels: ['chat'] },
        ],
      },
      urgentEmails: ['on-call@example.com'],
      runbookBase: 'https://wiki.example.com/cistern/',
      incidentDays: 730,
      retentionDays: 400,
      infrequentAccessDays: 60,
      objectLock: { mode: 'governance', days: 400 },
      delivery: 'buffered',
      archiver: { windowSeconds: 300, batchSize: 100, concurrency: 2, maxObjectMiB: 64 },
      kmsKeyArn,
      reservedConcurrency: 50,
      accountConcurrency: 200,
      functionLogDays: 365,
    };
    expect(parseConfig(everything)).toEqual(everything);
  });

  test('needs only the names of its apps', () => {
    expect(parseConfig({ apps: [{ name: 'shop' }, { name: 'shop-staging' }] }).apps).toEqual([
      { name: 'shop', silenceMinutes: 15 },
      { name: 'shop-staging', silenceMinutes: 15 },
    ]);
  });

  test('knows where PagerDuty keeps most accounts, and ends the address of runbooks in a slash', () => {
    const config = parseConfig({
      alerts: { channels: { 'on-call': { type: 'pagerduty' } } },
      runbookBase: 'https://wiki.example.com/cistern',
    });
    expect(config.alerts.channels).toEqual({ 'on-call': { type: 'pagerduty', region: 'us' } });
    expect(config.runbookBase).toBe('https://wiki.example.com/cistern/');
  });

  test('has to name the topic where there is no stack that makes one', () => {
    const channels = { mail: { type: 'sns' }, others: { type: 'sns', topicArn }, chat: { type: 'slack' } };
    expect(problemsOf({ alerts: { channels } }, parseLocalConfig)).toEqual([
      expect.stringMatching(/^alerts\.channels\.mail\.topicArn: must .* \(is missing\)$/),
    ]);
    expect(() => parseConfig({ alerts: { channels } })).not.toThrow();
  });

  test.each([
    ['from evening to morning', { from: '22:00', to: '06:00' }],
    ['the whole day', { from: '00:00', to: '24:00' }],
    ['in universal time', { zone: 'UTC' }],
    ['far away', { zone: 'America/Argentina/Buenos_Aires' }],
  ])('has active hours %s', (_, hours) => {
    const apps = [{ name: 'shop', activeHours: { ...activeHours, ...hours } }];
    expect(parseConfig({ apps }).apps[0]?.activeHours).toEqual({ ...activeHours, ...hours });
  });
});

describe('a bad value is named and shown', () => {
  const hours = (changes: object) => ({
    apps: [{ name: 'shop', activeHours: { ...activeHours, ...changes } }],
  });

  const channels = (some: object) => ({ alerts: { channels: some } });
  const route = (changes: object) => ({
    apps: [{ name: 'shop' }],
    alerts: { channels: { chat: { type: 'slack' } }, routes: [{ channels: ['chat'], ...changes }] },
  });

  test.each<[key: string, shown: string, config: unknown]>([
    ['cistern', 'missing', undefined],
    ['cistern', 'null', null],
    ['cistern', '[]', []],
    ['stage', '"Production"', { stage: 'Production' }],
    ['stage', '"1st"', { stage: '1st' }],
    ['stage', '"a/b"', { stage: 'a/b' }],
    ['stage', '"abcdefghijklmnopqrstu"', { stage: 'abcdefghijklmnopqrstu' }],
    ['stage', '7', { stage: 7 }],
    ['apps', '"shop"', { apps: 'shop' }],
    ['apps[0]', '"shop"', { apps: ['shop'] }],
    ['apps[0].name', 'missing', { apps: [{}] }],
    ['apps[0].name', '"Shop"', { apps: [{ name: 'Shop' }] }],
    ['apps[0].name', '"unknown"', { apps: [{ name: 'unknown' }] }],
    ['apps[0].name', '"d-0123abcd"', { apps: [{ name: 'd-0123abcd' }] }],
    ['apps[0].name', '"cistern-canary"', { apps: [{ name: 'cistern-canary' }] }],
    ['temporaryApps', '"shop-*"', { temporaryApps: 'shop-*' }],
    ['temporaryApps[0]', '"*"', { temporaryApps: ['*'] }],
    ['temporaryApps[1]', '"Shop-*"', { temporaryApps: ['shop-*', 'Shop-*'] }],
    ['temporaryApps[0]', '"a*b*c*d*"', { temporaryApps: ['a*b*c*d*'] }],
    ['apps[0].contact', '""', { apps: [{ name: 'shop', contact: '' }] }],
    ['apps[0].contact', '["#team"]', { apps: [{ name: 'shop', contact: ['#team'] }] }],
    ['apps[0].silenceMinutes', '0', { apps: [{ name: 'shop', silenceMinutes: 0 }] }],
    ['apps[0].activeHours', '"always"', { apps: [{ name: 'shop', activeHours: 'always' }] }],
    ['apps[0].activeHours.days', '[]', hours({ days: [] })],
    ['apps[0].activeHours.days', '["mon","mon"]', hours({ days: ['mon', 'mon'] })],
    ['apps[0].activeHours.days[0]', '"Monday"', hours({ days: ['Monday'] })],
    ['apps[0].activeHours.from', '"8:00"', hours({ from: '8:00' })],
    ['apps[0].activeHours.from', '"24:00"', hours({ from: '24:00' })],
    ['apps[0].activeHours.to', '"24:01"', hours({ to: '24:01' })],
    ['apps[0].activeHours.to', '"08:00"', hours({ to: '08:00' })],
    ['apps[0].activeHours.zone', 'missing', hours({ zone: undefined })],
    ['apps[0].activeHours.zone', '"Europe/Atlantis"', hours({ zone: 'Europe/Atlantis' })],
    ['apps[0].activeHours.zone', '"+01:00"', hours({ zone: '+01:00' })],
    ['retentionDays', '89', { retentionDays: 89 }],
    ['retentionDays', '90.5', { retentionDays: 90.5 }],
    ['retentionDays', '"90"', { retentionDays: '90' }],
    ['infrequentAccessDays', '29', { infrequentAccessDays: 29 }],
    ['infrequentAccessDays', 'false', { infrequentAccessDays: false }],
    ['infrequentAccessDays', '90', { infrequentAccessDays: 90 }],
    ['objectLock', 'true', { objectLock: true }],
    ['objectLock.mode', '"GOVERNANCE"', { objectLock: { mode: 'GOVERNANCE', days: 30 } }],
    ['objectLock.days', 'missing', { objectLock: { mode: 'compliance' } }],
    ['objectLock.days', '91', { objectLock: { mode: 'compliance', days: 91 } }],
    ['delivery', '"queued"', { delivery: 'queued' }],
    ['archiver', 'true', { archiver: true }],
    ['archiver.windowSeconds', '0', { archiver: { windowSeconds: 0 } }],
    ['archiver.batchSize', '10001', { archiver: { batchSize: 10_001 } }],
    ['archiver.concurrency', '1', { archiver: { concurrency: 1 } }],
    ['archiver.maxObjectMiB', '65', { archiver: { maxObjectMiB: 65 } }],
    ['kmsKeyArn', '"alias/logs"', { kmsKeyArn: 'alias/logs' }],
    ['reservedConcurrency', '0', { reservedConcurrency: 0 }],
    ['functionLogDays', '31', { functionLogDays: 31 }],
    ['environment', '"Production"', { environment: 'Production' }],
    ['incidentDays', '89', { incidentDays: 89 }],
    ['accountConcurrency', '0', { accountConcurrency: 0 }],
    ['urgentEmails', '"a@example.com"', { urgentEmails: 'a@example.com' }],
    ['urgentEmails[0]', '"on-call"', { urgentEmails: ['on-call'] }],
    ['urgentEmails', '["a@b.example","a@b.example"]', { urgentEmails: ['a@b.example', 'a@b.example'] }],
    ['runbookBase', '"wiki"', { runbookBase: 'wiki' }],
    ['runbookBase', '"ftp://wiki"', { runbookBase: 'ftp://wiki' }],
    ['runbookBase', '"https://wiki?p="', { runbookBase: 'https://wiki?p=' }],
    ['alerts', '[]', { alerts: [] }],
    ['alerts.channels', '[]', { alerts: { channels: [] } }],
    ['alerts.channels.On-Call', '{"type":"slack"}', channels({ 'On-Call': { type: 'slack' } })],
    ['alerts.channels.chat', '"slack"', channels({ chat: 'slack' })],
    ['alerts.channels.chat.type', '"email"', channels({ chat: { type: 'email' } })],
    ['alerts.channels.chat.region', '"de"', channels({ chat: { type: 'pagerduty', region: 'de' } })],
    ['alerts.channels.chat.topicArn', '"on-call"', channels({ chat: { type: 'sns', topicArn: 'on-call' } })],
    ['alerts.routes', '{}', { alerts: { routes: {} } }],
    ['alerts.routes[0]', '"chat"', { alerts: { routes: ['chat'] } }],
    ['alerts.routes[0].channels', 'missing', route({ channels: undefined })],
    ['alerts.routes[0].channels', '[]', route({ channels: [] })],
    ['alerts.routes[0].channels[0]', '"pager"', route({ channels: ['pager'] })],
    ['alerts.routes[0].fallback[0]', '"pager"', route({ fallback: ['pager'] })],
    ['alerts.routes[0].escalate[1]', '"toString"', route({ escalate: ['chat', 'toString'] })],
    ['alerts.routes[0].severities', '[]', route({ severities: [] })],
    ['alerts.routes[0].severities[0]', '"critical"', route({ severities: ['critical'] })],
    ['alerts.routes[0].checks[0]', '"silence"', route({ checks: ['silence'] })],
    ['alerts.routes[0].apps[1]', '"shpo"', route({ apps: ['shop', 'shpo'] })],
    ['alerts.routes[0].apps[0]', '7', route({ apps: [7] })],
    ['alerts.routes[0].environments', '"staging"', route({ environments: 'staging' })],
  ])('%s: %s', (key, shown, config) => {
    const problems = problemsOf(config);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^\S+: must /);
    expect(problems[0]?.startsWith(`${key}: `)).toBe(true);
    expect(problems[0]?.endsWith(` (is ${shown})`)).toBe(true);
  });

  test('an app that is there twice is named where it comes again', () => {
    expect(problemsOf({ apps: [{ name: 'shop' }, { name: 'blog' }, { name: 'shop' }] })).toEqual([
      'apps[2].name: must be there only once (is "shop")',
    ]);
  });

  test('a long value is cut', () => {
    const [problem = ''] = problemsOf({ stage: 'x'.repeat(5000) });
    expect(problem.length).toBeLessThan(300);
  });
});

test('an unknown key is named at every depth, and its value is not shown: it may be a secret', () => {
  const apps = [{ name: 'shop', activeHours: { ...activeHours, timezone: 'UTC' }, token: 'hunter2' }];
  const config = {
    apps,
    retention: 400,
    objectLock: { mode: 'governance', days: 30, years: 1 },
    alerts: { channels: { chat: { type: 'slack', url: 'hunter2' } }, routes: [] },
    slack: 'hunter2',
  };
  const problems = problemsOf(config);
  expect(problems.map((problem) => problem.split(': ')[0]).sort()).toEqual([
    'alerts.channels.chat.url',
    'apps[0].activeHours.timezone',
    'apps[0].token',
    'objectLock.years',
    'retention',
    'slack',
  ]);
  expect(problems.join('\n')).not.toContain('hunter2');
});

test('everything that is wrong is named at once, rules over several keys included', () => {
  const config = {
    stage: 'Production',
    apps: [
      { name: 'Shop' },
      { name: 'blog', activeHours: { days: ['mon', 'mon', 'x'], from: '9:00', to: '9:00', zone: 'Mars' } },
      { name: 'blog' },
    ],
    retentionDays: 100,
    infrequentAccessDays: 100,
    objectLock: { mode: 'strict', days: 101 },
    reservedConcurrency: -1,
    accountConcurrency: 0.5,
    environment: '',
    runbookBase: 'wiki',
    incidentDays: 1,
    urgentEmails: ['nobody', 'nobody'],
    alerts: {
      channels: { Chat: { type: 'slack' }, mail: { type: 'sns', topicArn: 'mail', region: 'eu' } },
      routes: [
        { severities: ['P9'], checks: ['x'], apps: ['shop', 7], channels: ['nowhere'] },
        { environments: [], channels: [], fallback: ['nowhere'], escalate: 'mail', team: 'shop' },
      ],
      quiet: true,
    },
    surplus: true,
  };
  expect(new Set(problemsOf(config).map((problem) => problem.split(': ')[0]))).toEqual(
    new Set([
      'stage',
      'apps[0].name',
      'apps[1].activeHours.days',
      'apps[1].activeHours.days[2]',
      'apps[1].activeHours.from',
      'apps[1].activeHours.to',
      'apps[1].activeHours.zone',
      'apps[2].name',
      'infrequentAccessDays',
      'objectLock.mode',
      'objectLock.days',
      'reservedConcurrency',
      'accountConcurrency',
      'environment',
      'runbookBase',
      'incidentDays',
      'urgentEmails',
      'urgentEmails[0]',
      'urgentEmails[1]',
      'alerts.channels.Chat',
      'alerts.channels.mail.topicArn',
      'alerts.channels.mail.region',
      'alerts.routes[0].severities[0]',
      'alerts.routes[0].checks[0]',
      'alerts.routes[0].apps[0]',
      'alerts.routes[0].apps[1]',
      'alerts.routes[0].channels[0]',
      'alerts.routes[1].environments',
      'alerts.routes[1].channels',
      'alerts.routes[1].fallback[0]',
      'alerts.routes[1].escalate',
      'alerts.routes[1].team',
      'alerts.quiet',
      'surplus',
    ]),
  );
});

test('the message has a line for each problem and says what to do', () => {
  const error = errorOf({ stage: 'X', retentionDays: 1 });
  expect(error.message.split('\n')).toEqual([
    '2 problems in the configuration:',
    ...error.problems.map((problem) => `  ${problem}`),
    expect.stringContaining('cdk.json'),
    expect.stringContaining('docs/configuration.md'),
  ]);
});

function problemsOf(config: unknown, parse = parseConfig): readonly string[] {
  return errorOf(config, parse).problems;
}

function errorOf(config: unknown, parse = parseConfig): ConfigError {
  try {
    parse(config);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('expected a ConfigError');
}
