import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nameInPath, pathOfTarget } from '../../../lib/drains/request-path.ts';

describe('the path of a request target', () => {
  test.each([
    ['/my-app', '/my-app'],
    ['/my-app/?x=/y', '/my-app/'],
    ['/my-app#x', '/my-app'],
    ['http://example.com/my-app', '/my-app'],
    ['HTTPS://drain:secret@example.com:8080/my-app?x=1', '/my-app'],
    ['https://example.com', '/'],
    ['https://example.com?x=/y', '/'],
    ['http:///my-app', '/my-app'],
    ['//example.com/my-app', '/my-app'],
    ['//drain:secret@localhost/my-app', '/my-app'],
    ['//[::1]/my-app', '/my-app'],
    ['//my-app', '//my-app'],
    ['/a/http://example.com/b', '/a/http://example.com/b'],
    ['*', '*'],
    ['', '/'],
    ['?', '/'],
  ])('%j is %j', (target, path) => {
    expect(pathOfTarget(target)).toBe(path);
  });
});

describe('the name in a path', () => {
  test.each([
    ['/my-app', 'my-app'],
    ['/my-app/', 'my-app'],
    ['//my-app//', 'my-app'],
    ['/My-APP', 'my-app'],
    ['/my%2Dapp', 'my-app'],
    ['/my-app%2f', 'my-app'],
    ['/my%-app', 'my%-app'],
    ['/', ''],
    ['//', ''],
    ['/a/b', undefined],
    ['/a%2Fb', undefined],
  ])('%j is %j', (path, name) => {
    expect(nameInPath(path)).toBe(name);
  });

  test('is the same however the same target is written', () => {
    const slashes = fc.integer({ min: 1, max: 3 }).map((count) => '/'.repeat(count));
    const trailing = fc.integer({ min: 0, max: 2 }).map((count) => '/'.repeat(count));
    const scheme = fc.constantFrom('', 'http://example.com', 'HTTPS://u:p@[::1]:8080', '//10.0.0.1:80');
    const query = fc.constantFrom('', '?', '?a=/b', '#c', '?u=http://x/y');
    const spelled = fc
      .stringMatching(/^[a-z][a-z0-9-]{1,28}[a-z0-9]$/)
      .chain((name) => fc.tuple(fc.constant(name), fc.infiniteStream(fc.nat(2))));
    fc.assert(
      fc.property(scheme, slashes, spelled, trailing, query, (start, before, [name, how], after, end) => {
        const written = [...name].map((letter) => {
          const way = how.next().value;
          if (way === 1) return `%${letter.charCodeAt(0).toString(16)}`;
          return way === 2 ? letter.toUpperCase() : letter;
        });
        const path = pathOfTarget(`${start}${before}${written.join('')}${after}${end}`);
        expect(nameInPath(path)).toBe(name);
      }),
    );
  });
});
