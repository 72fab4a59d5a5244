import { afterEach, expect, test, vi } from 'vitest';
import { requireVariables } from '../../../lib/base/environment.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

test('variables that are set are given by name', () => {
  vi.stubEnv('CISTERN_STAGE', 'production');
  vi.stubEnv('CISTERN_BUCKET', 'logs');
  expect(requireVariables('CISTERN_STAGE', 'CISTERN_BUCKET')).toEqual({
    CISTERN_STAGE: 'production',
    CISTERN_BUCKET: 'logs',
  });
});

test('every one that is missing or empty is named at once', () => {
  vi.stubEnv('CISTERN_STAGE', undefined);
  vi.stubEnv('CISTERN_BUCKET', '');
  expect(() => requireVariables('CISTERN_STAGE', 'CISTERN_BUCKET')).toThrow('CISTERN_STAGE, CISTERN_BUCKET');
});
