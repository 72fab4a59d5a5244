import { expect, test } from 'vitest';
import { isRefusedByFileSystem } from '../../../lib/base/errors.ts';

const failure = (code: string) => Object.assign(new Error(`${code}: it failed`), { code });

test.each(['EACCES', 'EROFS', 'ENOSPC', 'EDQUOT', 'EFBIG', 'ENOTDIR'])(
  'a file system that says %s is not asked again',
  (code) => {
    expect(isRefusedByFileSystem(failure(code))).toBe(true);
  },
);

test.each(['EIO', 'EAGAIN', 'EMFILE', 'ENOENT'])('one that says %s may change its mind', (code) => {
  expect(isRefusedByFileSystem(failure(code))).toBe(false);
});
