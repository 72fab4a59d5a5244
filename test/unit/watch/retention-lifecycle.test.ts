import { describe, expect, it } from 'vitest';
import type { LifecycleRule } from '../../../lib/watch/checks/retention/lifecycle.ts';
import { expire, infrequentAccess, problems, rules } from '../../support/retention-bucket.ts';

describe('shorter than required is critical', () => {
  const day = 24 * 60 * 60 * 1000;
  const midnight = Date.UTC(2026, 10, 22);
  const extra = (rule: Partial<LifecycleRule>): LifecycleRule => ({
    id: 'extra',
    enabled: true,
    prefix: '',
    tagged: false,
    transitions: [],
    ...rule,
  });

  it.each<[string, LifecycleRule, string]>([
    ['a rule for everything', extra({ expirationDays: 89 }), 'under logs/ expire 89 days after'],
    ['one for one app', extra({ expirationDays: 7, prefix: 'logs/shop/' }), 'under logs/shop/ expire 7 days'],
    [
      'one for a part of a name',
      extra({ expirationDays: 1, prefix: 'logs/sh' }),
      'under logs/sh expire 1 day after',
    ],
    ['one for a shorter prefix', extra({ expirationDays: 7, prefix: 'lo' }), 'under logs/ expire 7 days'],
    ['one for large objects', extra({ expirationDays: 7, sizeGreaterThan: 1024 * 1024 }), 'expire 7 days'],
    ['one for small objects', extra({ expirationDays: 7, sizeLessThan: 101 }), 'expire 7 days'],
    [
      'a date that has passed',
      extra({ expirationDate: midnight - day }),
      'expire at once (every object since 2026-11-21)',
    ],
    [
      'a date that comes',
      extra({ expirationDate: midnight + 30 * day }),
      'expire 29 days (all on 2026-12-22)',
    ],
    [
      'deleted objects',
      extra({ noncurrentDays: 7 }),
      'are destroyed 7 days after they are deleted, not 90 days',
    ],
    [
      'deleted objects with many newer versions',
      extra({ noncurrentDays: 7, newerNoncurrentVersions: 5 }),
      'are destroyed 7 days after they are deleted',
    ],
  ])('by %s', async (_, rule, text) => {
    const found = await problems(rules(expire, infrequentAccess, rule));

    expect(found.status).toBe('critical');
    expect(found.problems[0]).toContain(text);
    expect(found.problems[0]).toContain('(rule "extra")');
  });

  it.each<[string, LifecycleRule]>([
    ['is switched off', extra({ expirationDays: 7, enabled: false })],
    ['asks for a tag', extra({ expirationDays: 7, tagged: true })],
    ['has another prefix', extra({ expirationDays: 7, prefix: 'other/' })],
    ['is for larger objects than there are', extra({ expirationDays: 7, sizeGreaterThan: 16 * 1024 * 1024 })],
    ['is for smaller objects than there are', extra({ expirationDays: 7, sizeLessThan: 100 })],
    ['removes lone delete markers only', extra({})],
    ['has a date beyond the required days', extra({ expirationDate: midnight + 500 * day })],
  ])('but not by a rule that %s: that is drift', async (_, rule) => {
    const found = await problems(rules(expire, infrequentAccess, rule));

    expect(found.status).toBe('warning');
    expect(found.problems).toHaveLength(1);
    expect(found.problems[0]).toMatch(/^drift: there is a rule "extra" that the configuration does not have/);
  });
});

describe('the lifecycle may differ otherwise, which is a warning', () => {
  it.each<[string, readonly LifecycleRule[], string]>([
    [
      'longer',
      [{ ...expire, expirationDays: 400 }, infrequentAccess],
      'drift: objects under logs/ expire 400 days',
    ],
    [
      'longer once deleted',
      [{ ...expire, noncurrentDays: 400 }, infrequentAccess],
      'drift: objects under logs/ are destroyed 400 days',
    ],
    ['no expiry', [infrequentAccess], 'objects under logs/ never expire'],
    ['no rule', [], 'objects under logs/ never expire'],
    ['expiry off', [{ ...expire, enabled: false }, infrequentAccess], 'objects under logs/ never expire'],
    [
      'expiry of another prefix',
      [{ ...expire, prefix: 'Logs/' }, infrequentAccess],
      'objects under logs/ never expire',
    ],
    [
      'expiry of some objects',
      [{ ...expire, prefix: 'logs/shop/' }, infrequentAccess],
      'objects under logs/ of 100 bytes, or other such sizes, never expire',
    ],
    [
      'expiry of large objects',
      [{ ...expire, sizeGreaterThan: 5_000 }, infrequentAccess],
      'objects under logs/ of 100 bytes, or other such sizes, never expire',
    ],
    [
      'expiry that keeps the newest deleted versions',
      [{ ...expire, newerNoncurrentVersions: 1 }, infrequentAccess],
      'drift: the newest deleted versions under logs/ are never destroyed',
    ],
    ['another id', [{ ...expire, id: 'mine' }, infrequentAccess], 'drift: rule "expire" is missing'],
    ['no move', [expire], 'drift: not all objects under logs/ move to STANDARD_IA'],
    [
      'a move that small objects never make',
      [expire, { ...infrequentAccess, sizeGreaterThan: undefined }],
      'objects under 128 KB never move to STANDARD_IA: rule "infrequent-access" has no filter on size',
    ],
    [
      'a move after the expiry',
      [expire, { ...infrequentAccess, transitions: [{ storageClass: 'STANDARD_IA', days: 90 }] }],
      'rule "infrequent-access" never moves anything under logs/ to STANDARD_IA: objects expire before',
    ],
    [
      'a later move',
      [expire, { ...infrequentAccess, transitions: [{ storageClass: 'STANDARD_IA', days: 60 }] }],
      'drift: objects under logs/ move to STANDARD_IA 60 days after they are stored, instead of 30 days',
    ],
    [
      'a move to where nothing can be read',
      [
        expire,
        infrequentAccess,
        { ...infrequentAccess, id: 'x', transitions: [{ storageClass: 'GLACIER', days: 40 }] },
      ],
      'drift: objects under logs/ move to GLACIER (rule "x"), where nothing can be read before it is restored',
    ],
  ])('%s', async (_, all, text) => {
    const found = await problems(rules(...all));

    expect(found.status).toBe('warning');
    expect(found.problems).toContainEqual(expect.stringContaining(text));
  });

  it('judges a key by the longest prefix that is configured', async () => {
    const prefixes = [
      { prefix: 'incidents/', days: 400, noncurrentDays: 400 },
      { prefix: 'incidents/state.json', days: 400, noncurrentDays: 7 },
    ];
    const wanted = { prefixes, rules: ['incidents', 'state'] };
    const incidents = {
      ...expire,
      id: 'incidents',
      prefix: 'incidents/',
      expirationDays: 400,
      noncurrentDays: 400,
    };
    const state = {
      ...expire,
      id: 'state',
      prefix: 'incidents/state.json',
      expirationDays: undefined,
      noncurrentDays: 7,
    };

    expect(await problems(rules(incidents, state), wanted)).toMatchObject({ status: 'ok' });
    expect(await problems(rules(incidents, { ...state, prefix: 'incidents/s' }), wanted)).toMatchObject({
      status: 'critical',
      problems: [expect.stringContaining('under incidents/s are destroyed 7 days')],
    });
    expect(await problems(rules(incidents), wanted)).toMatchObject({ status: 'warning' });
  });
});

describe('what a rule does to deleted versions and to unfinished uploads', () => {
  const deleted = (storageClass: string, days: number) => ({
    noncurrentTransitions: [{ storageClass, days }],
  });

  it.each<[string, Partial<LifecycleRule>, string]>([
    [
      'Deep Archive',
      deleted('DEEP_ARCHIVE', 1),
      'DEEP_ARCHIVE 1 day after they are deleted (rule "expire"), where',
    ],
    ['a cheaper class', deleted('STANDARD_IA', 30), 'move to STANDARD_IA 30 days after they are deleted'],
    [
      'uploads for years',
      { abortDays: 3650 },
      'unfinished uploads under logs/ are kept for 3650 days, instead of 1',
    ],
    ['uploads for ever', { abortDays: undefined }, 'are kept for ever: no enabled rule removes them'],
    ['uploads of others only', { prefix: 'other/' }, 'unfinished uploads under logs/ are kept for ever'],
  ])('%s is a warning', async (_, change, text) => {
    const found = await problems(rules({ ...expire, ...change }, infrequentAccess));

    expect(found.status).toBe('warning');
    expect(found.problems).toContainEqual(expect.stringContaining(text));
  });

  it.each<[string, Partial<LifecycleRule>]>([
    ['are destroyed before they would move', deleted('GLACIER', 90)],
    ['are too small to move', { ...deleted('GLACIER', 1), tagged: true }],
  ])('nothing is said where deleted versions %s', async (_, change) => {
    const found = await problems(rules(expire, { ...expire, id: 'x', ...change }, infrequentAccess));

    expect(found.problems.filter((each) => each.includes('deleted versions'))).toEqual([]);
  });
});
