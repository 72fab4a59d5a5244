import { expect, test } from 'vitest';
import { type DrainToken, parseDrainToken } from '../../../lib/logplex/drain-token.ts';
import { readLossNotice } from '../../../lib/logplex/loss.ts';
import { testToken } from '../../support/batches.ts';
import { lossNotice, message, overflow } from '../../support/messages.ts';

const own = parseDrainToken(testToken);
const other = testToken.replace(/1$/, '2');

function read(line: Buffer, token?: DrainToken) {
  return readLossNotice(line, 0, line.length, token);
}

const shuttle = (text: string) =>
  Buffer.from(`<172>1 2026-11-21T20:52:47.000000+00:00 heroku token log-shuttle - - ${text}\n`);

test.each([
  ['Error L10 (output buffer overflow): 491 messages dropped since 2015-09-15T16:22:24+00:00.', 'L10', 491],
  ['Error L10 (output buffer overflow): 1 message dropped since 2015-09-15T16:22:24+00:00.', 'L10', 1],
  ["Error L10 (output buffer overflow): drain 'd.x' dropped 513 messages since 2015-09-15.", 'L10', 513],
  ["drain 'd.8f3bb1b6-0000-4000-8000-000000000000' dropped 7 messages since 2015-09-15.", 'L10', 7],
  ['Error L12 (local buffer overflow): 3 messages dropped since 2015-09-15T16:22:24+00:00.', 'L12', 3],
  ['Error L13 (local delivery error): 4 messages lost since 2015-09-15T16:22:24+00:00.', 'L13', 4],
])('Heroku says %j: %s, %i lost', (text, code, lost) => {
  expect(read(lossNotice(text))).toEqual({ code, lost });
});

test.each([
  ['Error L12: 2 messages dropped since 2015-09-15T16:22:24.000000+00:00', 'L12', 2],
  ['Error L13: 9 messages lost since 2015-09-15T16:22:24.000000+00:00', 'L13', 9],
])('log-shuttle says %j: %s, %i lost', (text, code, lost) => {
  expect(read(shuttle(text))).toEqual({ code, lost });
});

const passedOn = (source: string, text: string) =>
  Buffer.from(`<172>1 2026-11-21T20:52:47.000000+00:00 host ${source} log-shuttle - ${text}\n`);

test.each([
  ['app', 'Error L12: 222 messages dropped since 2026-11-21T20:52:40.000000+00:00', 'L12', 222],
  ['app', 'Error L13: 111 messages lost since 2026-11-21T20:52:40.000000+00:00', 'L13', 111],
  ['heroku', 'Error L12: 3 messages dropped since 2026-11-21T20:52:40.000000+00:00', 'L12', 3],
])('log-shuttle says by way of Logplex, source %s: %j', (source, text, code, lost) => {
  expect(read(passedOn(source, text))).toEqual({ code, lost });
});

test.each([
  ['Error L11 (tail buffer overflow): 22 messages dropped since 2015-09-15T16:22:24+00:00.', 'L11', 22],
  ['Error L14 (certificate validation): error="bad certificate"', 'L14', 0],
  ['Error L15 (tail buffer temporarily unavailable)', 'L15', 0],
  [`Error L10 (output buffer overflow): drain '${other}' dropped 12 messages since x.`, 'L10', 12],
  [`drain '${other}' dropped 12 messages since x.`, 'L10', 12],
])('is no loss of the drain that sent it: %j', (text, code, lost) => {
  expect(read(lossNotice(text), own)).toEqual({ code, lost, elsewhere: true });
});

test.each([
  ['names the drain that sent it', testToken, own],
  ['names another drain, and came without a token', other, undefined],
  ['names a drain by a token that is none', 'd.x', own],
])('an L10 counts as loss where it %s', (_, named, token) => {
  const notice = lossNotice(
    `Error L10 (output buffer overflow): drain '${named}' dropped 12 messages since x.`,
  );
  expect(read(notice, token)).toEqual({ code: 'L10', lost: 12 });
});

test('a notice inside a batch is read by its own bounds', () => {
  const notice = overflow(12);
  const body = Buffer.concat([Buffer.from('9 messages dropped'), notice, Buffer.from('345 messages')]);
  expect(readLossNotice(body, 18, 18 + notice.length)).toEqual({ code: 'L10', lost: 12 });
});

test.each([
  [
    'an application that prints one',
    message('Error L10 (output buffer overflow): 5 messages dropped since x'),
  ],
  ['an application with the process logplex', message('Error L10: 5 messages dropped since x', 0, 'logplex')],
  [
    'the router',
    Buffer.from('<158>1 2026-11-21T20:52:47+00:00 host heroku router - Error L10: 5 messages dropped'),
  ],
  ['logplex that says something else', lossNotice('Drain error 5 messages dropped')],
  ['a runtime error of another letter', lossNotice('Error R14 (Memory quota exceeded)')],
  ['a dyno that prints what log-shuttle would', message('Error L12: 9 messages dropped since x')],
  ['a process log-shuttle of a dyno', message('Error L12: 9 messages dropped since x', 0, 'log-shuttle.1')],
  [
    'a process log-shuttle behind a host that neither Logplex nor log-shuttle writes',
    Buffer.from('<172>1 2026-11-21T20:52:47+00:00 elsewhere app log-shuttle - Error L12: 9 messages dropped'),
  ],
  ['an L10 of log-shuttle by way of Logplex', passedOn('app', 'Error L10: 9 messages dropped since x')],
  ['log-shuttle with a code that is not its own', shuttle('Error L10: 5 messages dropped since x')],
  ['a header cut short', Buffer.from('<172>1 2026-11-21T20:52:47+00:00 host heroku logplex')],
  ['nothing', Buffer.alloc(0)],
])('%s declares no loss', (_, line) => {
  expect(read(line)).toBeUndefined();
});

test('the shortest notice there can be is read', () => {
  expect(read(Buffer.from('   heroku logplex  Error L10'))).toEqual({ code: 'L10', lost: 0 });
});
