import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { appName, bound, DrainScene, shared, shop, start, url } from '../../support/drain-scene.ts';

const minute = 60_000;

let scene: DrainScene;
beforeEach(async () => {
  scene = await DrainScene.open();
});
afterEach(() => scene.close());

describe('what can not be looked at', () => {
  it('is an app that Heroku does not know', async () => {
    scene.fake.removeApp('shop');

    expect(await scene.only()).toMatchObject({
      status: 'warning',
      summary: 'Heroku knows no app, and no space with a drain, called shop',
    });
  });

  it('is skipped without a token', async () => {
    scene.parameters.values.delete('heroku');

    expect(await scene.only()).toMatchObject({ status: 'skipped' });
    expect(scene.fake.requests).toEqual([]);
  });

  it('is unknown while the receiver has no address', async () => {
    scene.parameters.values.delete('receiver_url');

    expect(await scene.only()).toMatchObject({
      status: 'unknown',
      summary: expect.stringContaining('receiver_url'),
    });
  });

  const many = Array.from({ length: 20 }, (_, index) => appName(`shop-${index}`));

  it('is every app, when the token is wrong: Heroku is not asked for each', async () => {
    scene.parameters.values.set('heroku', 'HRKU-wrong');

    const findings = await scene.look(many);

    expect(findings?.map(({ subject, status }) => `${subject} ${status}`)).toEqual(
      many.map((app) => `${app} unknown`),
    );
    expect(findings?.[19]?.remedy).toContain('heroku authorizations:create');
    expect(findings?.[19]?.remedy).toContain('--name /cistern/production/heroku');
    expect(scene.fake.requests.length).toBeLessThan(10);
  });

  it('is the rest, once Heroku wants fewer requests', async () => {
    for (const app of many) {
      scene.fake.addApp(app);
      scene.fake.addDrain(app, url(shared, `/${app}`));
    }
    scene.fake.next(...Array.from({ length: 8 }, () => ({ delay: 1 })));
    scene.fake.always({ status: 429, code: 'rate_limit' });

    const findings = await scene.look(many);

    const statuses = findings?.map(({ status }) => status) ?? [];
    expect(statuses).toHaveLength(20);
    expect(statuses.filter((status) => status === 'ok')).toHaveLength(4);
    expect(statuses.filter((status) => status === 'unknown')).toHaveLength(16);
    expect(scene.fake.requests.length).toBeLessThan(20);
  });

  it('is one app that the token may not see; the others are looked at', async () => {
    scene.fake.addApp('secret', { forbidden: true });
    scene.fake.addDrain('shop', url(bound));

    const findings = await scene.look([appName('secret'), shop]);

    expect(findings?.map(({ status }) => status)).toEqual(['unknown', 'ok']);
    expect(findings?.[0]?.remedy).toContain('heroku access:add');
  });
});

describe('the check is due', () => {
  beforeEach(() => void scene.fake.addDrain('shop', url(bound)));

  it('every 15 minutes, though runs begin a little early', async () => {
    const looks: boolean[] = [];
    for (const after of [0, 5, 10, 14.9, 20, 25, 30]) {
      looks.push((await scene.look([shop], start + after * minute)) !== undefined);
    }

    expect(looks).toEqual([true, false, false, true, false, false, true]);
  });

  it('at once for a new app, and after the clock was set back', async () => {
    scene.fake.addApp('blog');
    await scene.look();

    expect(await scene.look([shop, appName('blog')], start + minute)).toHaveLength(2);
    expect(await scene.look([shop], start - minute)).toHaveLength(1);
  });

  it('as soon as there is a token', async () => {
    scene.parameters.values.delete('heroku');
    await scene.look();
    scene.parameters.values.set('heroku', scene.fake.token);

    expect(await scene.look([shop], start + 5 * minute)).toMatchObject([{ status: 'ok' }]);
  });
});
