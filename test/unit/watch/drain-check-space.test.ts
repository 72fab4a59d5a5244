import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { appName, bound, DrainScene, retired, shared, shop, url } from '../../support/drain-scene.ts';

let scene: DrainScene;
beforeEach(async () => {
  scene = await DrainScene.open();
});
afterEach(() => scene.close());

describe('an app in a space', () => {
  beforeEach(() => scene.fake.addApp('shop', { space: 'my-space' }));

  it("may use its own drain or the space's", async () => {
    scene.fake.addDrain('shop', url(shared));
    expect(await scene.only()).toMatchObject({ status: 'ok' });

    scene.fake.removeDrains('shop');
    scene.forget();
    scene.fake.setSpaceDrain('my-space', url(bound));
    expect(await scene.only()).toMatchObject({ status: 'ok' });
  });

  it('has a drain of its own beside the one of the space', async () => {
    scene.fake.addDrain('shop', url(bound));
    scene.fake.setSpaceDrain('my-space', url(shared, '/my-space'));

    expect(await scene.only()).toMatchObject({ status: 'ok' });
  });

  it('lacks a drain', async () => {
    expect(await scene.only()).toMatchObject({
      status: 'critical',
      remedy: expect.stringContaining('heroku drains:set <url> --space my-space'),
    });
  });

  it('is kept under the name of the space', async () => {
    scene.fake.setSpaceDrain('my-space', url(shared, '/my-space'));

    expect(await scene.only()).toMatchObject({
      status: 'warning',
      summary: expect.stringContaining('is kept under my-space: it is the drain of the space my-space'),
    });
  });

  it('of Shield sends no drain token, so that mapping it is no help', async () => {
    scene.fake.addApp('shop', { space: 'my-space', shield: true });
    scene.parameters.values.set(`drains/tokens/${scene.fake.addDrain('shop', url(shared, ''))}`, 'shop');

    const { status, remedy } = await scene.only();

    expect(status).toBe('warning');
    expect(remedy).not.toContain('drain map');
  });

  it('that is not of Shield sends its drain token by way of Logplex, which may be mapped', async () => {
    const token = scene.fake.addDrain('shop', url(shared, ''));
    const { status, remedy } = await scene.only();
    expect(status).toBe('warning');
    expect(remedy).toContain(`drain map ${token} shop`);

    scene.forget();
    scene.parameters.values.set(`drains/tokens/${token}`, 'shop');
    expect(await scene.only()).toMatchObject({ status: 'ok' });
  });

  it('of which Heroku does not say whether it is of Shield is believed where one of both would be right', async () => {
    scene.fake.addApp('shop', { space: 'my-space', shield: null });
    scene.parameters.values.set(`drains/tokens/${scene.fake.addDrain('shop', url(shared, ''))}`, 'shop');
    expect(await scene.only()).toMatchObject({ status: 'ok' });

    scene.fake.removeDrains('shop');
    scene.forget();
    scene.fake.addDrain('shop', url(shared, '/blog'));
    const { status, remedy } = await scene.only();
    expect(status).toBe('warning');
    expect(remedy).not.toContain('drain map');
  });

  it('has a space whose drain uses a retired secret', async () => {
    scene.fake.setSpaceDrain('my-space', url(retired, '/shop'));

    expect(await scene.only()).toMatchObject({
      status: 'critical',
      remedy: expect.stringContaining('heroku drains:set <the URL that it prints> --space my-space'),
    });
  });

  it('is judged by its own drain where the token may not see the space', async () => {
    scene.fake.forbiddenSpaces.add('my-space');
    scene.fake.addDrain('shop', url(bound));
    expect(await scene.only()).toMatchObject({ status: 'ok' });

    scene.fake.removeDrains('shop');
    scene.forget();
    expect(await scene.only()).toMatchObject({ status: 'unknown' });
  });

  it('is no reason to ask for the drain of the space twice', async () => {
    scene.fake.addApp('blog', { space: 'my-space' });
    scene.fake.setSpaceDrain('my-space', url(shared, '/my-space'));

    await scene.look([shop, appName('blog')]);

    expect(scene.fake.requests.filter(({ operation }) => operation === 'SpaceLogDrainInfo')).toHaveLength(1);
  });
});

it('a space is looked at that is listed by its name', async () => {
  scene.fake.setSpaceDrain('my-space', url(shared, '/my-space'));

  expect(await scene.only([appName('my-space')])).toMatchObject({ subject: 'my-space', status: 'ok' });
});
