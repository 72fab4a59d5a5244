import { describe, expect, test } from 'vitest';
import { readSyslogHeader, skipStructuredData } from '../../../lib/logplex/syslog.ts';

function read(line: string) {
  const bytes = Buffer.from(line);
  const header = readSyslogHeader(bytes, 0, bytes.length);
  return header && { ...header, text: bytes.toString('utf8', header.text) };
}

describe('the header of a message', () => {
  test('from Logplex, which leaves STRUCTURED-DATA out', () => {
    expect(read('<40>1 2012-11-30T06:45:29.123456+00:00 host heroku web.3 - State changed')).toEqual({
      time: Date.UTC(2012, 10, 30, 6, 45, 29, 123),
      host: 'host',
      source: 'heroku',
      process: 'web.3',
      text: 'State changed',
    });
  });

  test('from others, which put it there', () => {
    expect(read('<174>1 2012-07-22T00:06:26-04:00 host erlang console.1 - - Hi')).toMatchObject({
      time: Date.UTC(2012, 6, 22, 4, 6, 26),
      source: 'erlang',
      process: 'console.1',
      text: '- Hi',
    });
  });

  test('with a text that is empty, or starts with spaces', () => {
    expect(read('<40>1 2012-11-30T06:45:29Z host app web.3 - ')?.text).toBe('');
    expect(read('<40>1 2012-11-30T06:45:29Z host app web.3 -   indented')?.text).toBe('  indented');
  });

  test('without a readable time still has everything else', () => {
    const header = read('<40>1 yesterday host app web.3 - hello');
    expect(header).toEqual({ host: 'host', source: 'app', process: 'web.3', text: 'hello' });
  });

  test.each([
    ['nothing', ''],
    ['a plain line', 'hello world, this is a plain line of text'],
    ['a priority that is none', '<x>1 2012-11-30T06:45:29Z host app web.3 - hello'],
    ['too few fields', '<40>1 2012-11-30T06:45:29Z host app web.3 -'],
    ['a header of a kilobyte', `<40>1 2012-11-30T06:45:29Z ${'h'.repeat(1000)} app web.3 - hello`],
  ])('is absent from %s', (_, line) => {
    expect(read(line)).toBeUndefined();
  });
});

test.each([
  ['- hello', 'hello'],
  ['-', ''],
  ['[a@1 k="v"] hello', 'hello'],
  ['[a@1 k="]\\"x"][b] hello', 'hello'],
  ['hello', 'hello'],
  ['-hello', '-hello'],
  ['[never closed', '[never closed'],
  ['[a]hello', '[a]hello'],
])('STRUCTURED-DATA is skipped: %j is %j', (text, rest) => {
  const bytes = Buffer.from(text);
  expect(bytes.toString('utf8', skipStructuredData(bytes, 0, bytes.length))).toBe(rest);
});
