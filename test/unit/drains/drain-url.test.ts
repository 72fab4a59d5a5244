import { describe, expect, it } from 'vitest';
import { type AppName, parseAppName } from '../../../lib/drains/app-name.ts';
import {
  drainUrl,
  drainUrlProblem,
  parseReceiverUrl,
  redactCredentials,
  secretOfUrl,
} from '../../../lib/drains/drain-url.ts';

const receiver = new URL('https://logs.example.com');
const app = parseAppName('my-app') as AppName;

describe('drainUrl', () => {
  it('holds user name, secret, host and the app in the path', () => {
    expect(drainUrl(receiver, 'S3cret', app)).toBe('https://drain:S3cret@logs.example.com/my-app');
    expect(drainUrl(new URL('http://127.0.0.1:8080'), 'S3cret', undefined)).toBe(
      'http://drain:S3cret@127.0.0.1:8080',
    );
  });

  it('gives its secret back', () => {
    expect(secretOfUrl(drainUrl(receiver, 'S3cret', app))).toBe('S3cret');
    expect(secretOfUrl('https://logs.example.com/my-app')).toBeUndefined();
    expect(secretOfUrl('https://drain:not%20one@logs.example.com')).toBeUndefined();
  });
});

describe('parseReceiverUrl', () => {
  it.each(['https://logs.example.com', 'https://logs.example.com/', ' http://127.0.0.1:8080\n'])(
    'takes %j',
    (text) => {
      expect(parseReceiverUrl(text)?.origin).toBe(text.trim().replace(/\/$/, ''));
    },
  );

  it.each([
    '',
    'logs.example.com',
    'ftp://logs.example.com',
    'https://logs.example.com/path',
    'https://logs.example.com/?a=b',
    'https://user@logs.example.com',
  ])('refuses %j', (text) => {
    expect(parseReceiverUrl(text)).toBeUndefined();
  });
});

describe('drainUrlProblem', () => {
  it.each([
    'http://127.0.0.1:8080',
    'https://localhost',
    'http://[::1]:8080',
    'http://[::]:8080',
    'https://192.168.1.7',
    'http://172.20.0.2:8080',
  ])('says that Heroku does not reach %s', (text) => {
    expect(drainUrlProblem(new URL(text))).toContain("can't reach");
  });

  it('says that http is not encrypted', () => {
    expect(drainUrlProblem(new URL('http://logs.example.com'))).toContain('not encrypted');
  });

  it.each(['https://logs.example.com', 'https://172.32.0.1', 'https://10.example.com'])(
    'has nothing to say of %s',
    (text) => {
      expect(drainUrlProblem(new URL(text))).toBeUndefined();
    },
  );
});

describe('redactCredentials', () => {
  it.each([
    ['https://drain:S3cret@host/app', 'https://***@host/app'],
    ['https://S3cret@host/app', 'https://***@host/app'],
    [
      "can't send to http://a:S3cret@x@host/app, http://b:S3cret@host",
      "can't send to http://***@host/app, http://***@host",
    ],
    ['drain:S3cret@host/app', '***@host/app'],
    ['https://host/app', 'https://host/app'],
  ])('%s', (text, redacted) => {
    expect(redactCredentials(text)).toBe(redacted);
  });
});
