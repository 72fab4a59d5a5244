import { expect, test } from 'vitest';
import { parseRegistry } from '../../lib/drains/registry.ts';
import { synthesise, text } from './synthesise.ts';

test('the command line finds the receiver and the archive', () => {
  expect(parametersOf({ stage: 'staging' })).toEqual({
    '/cistern/staging/receiver_url': '<ReceiverFunctionFunctionUrl.FunctionUrl>',
    '/cistern/staging/archive_bucket': '<Archive>',
  });
});

test.each([1, 136, 137, 500])(
  'the receiver learns the names of %i apps, in values of at most 4 KB',
  (count) => {
    const names = Array.from({ length: count }, (_, index) => `app-${'x'.repeat(21)}-${1000 + index}`);
    const prefix = '/cistern/production/';
    const parameters = Object.entries(parametersOf({ apps: names.map((name) => ({ name })) })).map(
      ([name, value]) => ({ name: name.slice(prefix.length), value }),
    );
    const registry = parseRegistry(parameters);
    expect([...registry.listed]).toEqual(names);
    expect(registry.invalid).toEqual([]);
    for (const { value } of parameters) expect(Buffer.byteLength(value)).toBeLessThanOrEqual(4096);
  },
);

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
