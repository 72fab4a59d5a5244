import { describe, expect, it } from 'vitest';
import { CliError } from '../../../cli/shared/errors.ts';
import { chooseTarget } from '../../../cli/shared/target.ts';

describe('chooseTarget', () => {
  it('is ./data unless told otherwise', () => {
    expect(chooseTarget({}, {})).toEqual({ kind: 'directory', data: './data', bucket: undefined });
    expect(chooseTarget({}, { CISTERN_DATA: '', CISTERN_STAGE: '' })).toEqual({
      kind: 'directory',
      data: './data',
      bucket: undefined,
    });
  });

  it('takes the environment where there is no flag', () => {
    expect(chooseTarget({}, { CISTERN_DATA: '/srv' })).toEqual({
      kind: 'directory',
      data: '/srv',
      bucket: undefined,
    });
    expect(chooseTarget({}, { CISTERN_STAGE: 'prod' })).toEqual({
      kind: 'stage',
      stage: 'prod',
      bucket: undefined,
    });
  });

  it('lets a flag of either kind beat the environment', () => {
    const environment = { CISTERN_DATA: '/srv', CISTERN_STAGE: 'prod' };

    expect(chooseTarget({ data: './here' }, environment)).toEqual({
      kind: 'directory',
      data: './here',
      bucket: undefined,
    });
    expect(chooseTarget({ stage: 'test' }, environment)).toEqual({
      kind: 'stage',
      stage: 'test',
      bucket: undefined,
    });
  });

  it('does not guess between two variables', () => {
    expect(() => chooseTarget({}, { CISTERN_DATA: '/srv', CISTERN_STAGE: 'prod' })).toThrow(CliError);
  });

  it("takes serve's bucket beside a directory; a stage has its own unless a flag names another", () => {
    const environment = { CISTERN_BUCKET: 'logs' };

    expect(chooseTarget({}, environment)).toEqual({ kind: 'directory', data: './data', bucket: 'logs' });
    expect(chooseTarget({ bucket: 'other' }, environment)).toEqual({
      kind: 'directory',
      data: './data',
      bucket: 'other',
    });
    expect(chooseTarget({ stage: 'prod' }, environment)).toEqual({
      kind: 'stage',
      stage: 'prod',
      bucket: undefined,
    });
    expect(chooseTarget({ stage: 'prod', bucket: 'other' }, environment)).toEqual({
      kind: 'stage',
      stage: 'prod',
      bucket: 'other',
    });
  });
});
