import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../lib/config/config.ts';
import { storedConfig } from '../../lib/config/stored-config.ts';
import type { Parameter, ParameterReader } from '../../lib/drains/parameters.ts';
import { parseRegistry } from '../../lib/drains/registry.ts';
import { synthesise, text } from './synthesise.ts';

test('the command line finds all that it works on', () => {
  expect(parametersOf({ stage: 'staging' })).toMatchObject({
    '/cistern/staging/receiver_url': '<ReceiverFunctionFunctionUrl.FunctionUrl>',
    '/cistern/staging/receiver_function': '<ReceiverFunction>',
    '/cistern/staging/spool_queue': '<SpoolQueue>',
    '/cistern/staging/spool_dead_letters': '<SpoolDeadLetters>',
    '/cistern/staging/archive_bucket': '<Archive>',
    '/cistern/staging/ledger_bucket': '<Ledger>',
    '/cistern/staging/alerts_topic': '<TopicsAlerts>',
    '/cistern/staging/urgent_topic': '<TopicsUrgent>',
  });
});

test('the canary is listed without anybody listing it', () => {
  expect([...parseRegistry(belowStage({})).listed]).toEqual(['cistern-canary']);
});

describe('the configuration', () => {
  const alerts = { channels: { chat: { type: 'slack' } }, routes: [{ channels: ['chat'] }] };
  const contact = '#équipe-boutique {{ssm:secret}} {{{ "\\" 🚰';

  test('is read back as it was deployed, characters that SSM would count or take amiss included', async () => {
    const config = { stage: 'staging', apps: [{ name: 'shop', contact }], alerts };
    expect(await storedConfig(readerOf(config))).toEqual(parseConfig(config));
    for (const { value } of belowStage(config)) expect(value).not.toContain('{{');
  });

  test('of any size is read back from parameters of at most 4 KB', async () => {
    const apps = Array.from({ length: 400 }, (_, index) => ({ name: `app-${1000 + index}`, contact }));
    const stored = belowStage({ apps, alerts }).filter(({ name }) => name.startsWith('config/'));
    expect(stored.length).toBeGreaterThan(10);
    for (const { value } of stored) expect(Buffer.byteLength(value)).toBeLessThanOrEqual(4096);
    expect(await storedConfig(readerOf({ apps, alerts }))).toEqual(parseConfig({ apps, alerts }));
  });
});

test.each([1, 136, 137, 500])(
  'the receiver learns the names of %i apps, in values of at most 4 KB',
  (count) => {
    const names = Array.from({ length: count }, (_, index) => `app-${'x'.repeat(21)}-${1000 + index}`);
    const parameters = belowStage({ apps: names.map((name) => ({ name })) });
    const registry = parseRegistry(parameters);
    expect([...registry.listed]).toEqual([...names, 'cistern-canary']);
    expect(registry.invalid).toEqual([]);
    for (const { value } of parameters) expect(Buffer.byteLength(value)).toBeLessThanOrEqual(4096);
  },
);

/** The parameters of a stage as Cistern names them. */
function belowStage(config: unknown): Parameter[] {
  return Object.entries(parametersOf(config)).map(([name, value]) => ({
    name: name.split('/').slice(3).join('/'),
    value,
  }));
}

/** In SSM's order, which is not the order of numbers. */
function readerOf(config: unknown): ParameterReader {
  const parameters = belowStage(config).sort((a, b) => (a.name < b.name ? -1 : 1));
  return { list: async (prefix) => parameters.filter(({ name }) => name.startsWith(prefix)) };
}

function parametersOf(config: unknown): Record<string, string> {
  return Object.fromEntries(
    synthesise(config)
      .ofType('AWS::SSM::Parameter')
      .map(({ Properties }) => {
        expect(Properties['Type']).toBe('String');
        return [text(Properties['Name']), text(Properties['Value'])];
      }),
  );
}
