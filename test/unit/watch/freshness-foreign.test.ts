import { describe, expect, it } from 'vitest';
import { hourMs, key, minuteMs, noon, open } from '../../support/freshness.ts';

describe('freshness beside objects that are no keys', () => {
  const day = 'logs/shop/2026/11/20/';
  const inSpan = `${day}${noon - 10 * minuteMs}-notes.txt`;
  const last = key(noon - hourMs);

  it.each([
    ['behind all keys', 'logs/shop/README'],
    ['before all keys', 'logs/shop/.keep'],
    ['behind those of the day', `${day}zzz`],
    ['of another day', 'logs/shop/2026/11/19/zzz'],
    ['among those of the span', inSpan],
    [
      'a key in the wrong day',
      `logs/shop/2026/11/21/${noon - minuteMs}-00000000-0123-80bc-8def-0123456789ab.gz`,
    ],
  ])('does not count one %s', async (_, foreign) => {
    const silent = open({ keys: [last, foreign], memory: { lastKey: last } });
    const sending = open({ keys: [last, foreign, key(noon - minuteMs)] });

    expect(await silent.look.only(noon)).toMatchObject({
      status: 'critical',
      evidence: { lastObject: last },
    });
    expect(await sending.look.only(noon)).toMatchObject({ status: 'ok' });
    expect(silent.lister.requests).toHaveLength(2);
    expect(sending.lister.requests.length).toBeLessThanOrEqual(2);
  });

  it('does not take one for the app', async () => {
    expect(await open({ keys: ['logs/shop/README', 'logs/shop/.keep'] }).look.only(noon)).toMatchObject({
      status: 'warning',
    });
  });

  it('is unknown, and says what to remove, where they fill a page', async () => {
    const foreign = Array.from({ length: 1500 }, (_, n) => `${inSpan}.${String(n).padStart(4, '0')}`);
    const { lister, look } = open({ keys: [last, ...foreign, key(noon)], memory: { lastKey: last } });

    const finding = await look.only(noon);

    expect(finding).toMatchObject({ status: 'unknown', evidence: { foreignObject: foreign[0] } });
    expect(finding.remedy).toContain('logs/shop/');
    expect(lister.requests).toHaveLength(2);
  });
});
