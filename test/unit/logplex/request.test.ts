import { expect, test } from 'vitest';
import { readRequestHeaders } from '../../../lib/logplex/request.ts';

test('the headers of Logplex', () => {
  expect(
    readRequestHeaders({
      'content-type': 'application/logplex-1',
      'logplex-msg-count': '12',
      'logplex-frame-id': '0123456789abcdef0123456789abcdef',
      'logplex-drain-token': 'd.0b5ff6ad-0000-4000-8000-000000000001',
      authorization: 'Basic eA==',
      'user-agent': 'Logplex/v118',
    }),
  ).toEqual({
    claimed: 12,
    frameId: '0123456789abcdef0123456789abcdef',
    sentToken: 'd.0b5ff6ad-0000-4000-8000-000000000001',
    drainToken: 'd.0b5ff6ad-0000-4000-8000-000000000001',
    authorization: 'Basic eA==',
    fromLogplex: true,
  });
});

test('the headers of log-shuttle, which has neither frame id nor token', () => {
  const headers = { 'logplex-msg-count': '3', 'x-request-id': 'r-1', 'content-encoding': ' GZIP ' };
  expect(readRequestHeaders(headers)).toEqual({
    claimed: 3,
    requestId: 'r-1',
    contentEncoding: 'gzip',
    fromLogplex: true,
  });
});

test('none at all', () => {
  expect(readRequestHeaders({})).toEqual({ fromLogplex: false });
});

test.each([
  ['a count that is none', { 'logplex-msg-count': '-1' }],
  ['a count beyond any batch', { 'logplex-msg-count': '99999999999' }],
])('%s is left out', (_, headers) => {
  expect(readRequestHeaders(headers)).toEqual({ fromLogplex: true });
});

test('a token of another form is kept as text, and names no drain', () => {
  const headers = { 'logplex-drain-token': '../../x' };
  expect(readRequestHeaders(headers)).toEqual({ sentToken: '../../x', fromLogplex: true });
});
