import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bound, DrainScene, host, others, retired, shared, url } from '../../support/drain-scene.ts';

let scene: DrainScene;
beforeEach(async () => {
  scene = await DrainScene.open();
});
afterEach(() => scene.close());

describe('a drain that is as it should be', () => {
  it.each([
    ['a bound secret', url(bound)],
    ['a bound secret and no path', url(bound, '')],
    ['a shared secret and a path', url(shared)],
    ['a shared secret as user name', `https://${shared}:@${host}/shop/`],
  ])('has %s', async (_, drain) => {
    scene.fake.addDrain('shop', drain);

    expect(await scene.only()).toMatchObject({
      check: 'drain',
      subject: 'shop',
      app: 'shop',
      status: 'ok',
      remedy: '',
    });
  });

  it('has a shared secret, no path and a mapped token', async () => {
    scene.parameters.values.set(`drains/tokens/${scene.fake.addDrain('shop', url(shared, ''))}`, 'shop');

    expect(await scene.only()).toMatchObject({ status: 'ok' });
  });

  it('stands beside drains of add-ons, and of other services', async () => {
    scene.fake.addDrain('shop', url(bound));
    scene.fake.addDrain('shop', url(retired), { addon: 'logs-1' });
    scene.fake.addDrain('shop', 'syslog+tls://logs.example.com:6514');
    scene.fake.addDrain('shop', 'https://user:password@http-intake.logs.example.com/v1/input');
    // Another stage's.
    scene.fake.addDrain('shop', 'https://drain:another@zyx.lambda-url.eu-west-1.on.aws/shop');

    expect(await scene.only()).toMatchObject({ status: 'ok', evidence: { drainsHere: 1 } });
  });
});

describe('a drain that is not as it should be', () => {
  it('is missing', async () => {
    scene.fake.addDrain('shop', 'syslog+tls://logs.example.com:6514');
    scene.fake.addDrain('shop', url(bound), { addon: 'not-ours' });

    const { status, summary, remedy } = await scene.only();

    expect(status).toBe('critical');
    expect(summary).toBe(`No drain of shop points to ${host}`);
    expect(remedy).toContain('npm run -s cistern -- drain add shop --stage production');
  });

  it.each([
    ['another function URL', `https://drain:whatever@zyx.lambda-url.eu-west-1.on.aws/shop`],
    ['another address, with a live secret', `https://drain:${bound}@logs.example.com/shop`],
    ['ours, but by http', `http://drain:${bound}@${host}/shop`],
  ])('points to %s', async (_, drain) => {
    const token = scene.fake.addDrain('shop', drain);

    const { status, summary, remedy } = await scene.only();

    expect(status).toBe('critical');
    expect(summary).toContain('The drain of shop points elsewhere');
    expect(remedy).toContain(`heroku drains:remove ${token} --app shop`);
  });

  it('takes a live secret elsewhere, beside a good one', async () => {
    scene.fake.addDrain('shop', url(bound));
    scene.fake.addDrain('shop', `https://drain:${shared}@logs.example.com/`);

    expect(await scene.only()).toMatchObject({
      status: 'warning',
      summary: expect.stringContaining('takes a live secret (shared-1) elsewhere'),
      remedy: expect.stringContaining('drain rotate shop'),
    });
  });

  it.each([
    ['uses a retired or unknown secret', url(retired)],
    ['has no secret in its URL', `https://${host}/shop`],
    // Heroku sends it as it stands, and never decodes it.
    ['uses a retired or unknown secret', `https://drain:${encodeURIComponent(`${bound}!`)}@${host}/shop`],
  ])('%s', async (what, drain) => {
    scene.fake.addDrain('shop', drain);

    expect(await scene.only()).toMatchObject({ status: 'critical', summary: expect.stringContaining(what) });

    scene.fake.addDrain('shop', url(bound));
    scene.forget();
    expect(await scene.only()).toMatchObject({ status: 'warning', summary: expect.stringContaining(what) });
  });

  it('has a secret of another app', async () => {
    scene.fake.addDrain('shop', url(others));

    expect(await scene.only()).toMatchObject({
      status: 'warning',
      summary: expect.stringMatching(/is kept under blog: its secret \(blog-1\) is bound to that app/),
    });
  });

  it('names another app in its path', async () => {
    scene.fake.addDrain('shop', url(shared, '/blog'));

    expect(await scene.only()).toMatchObject({
      status: 'warning',
      summary: expect.stringContaining('is kept under blog: the path of its URL names that app'),
    });
  });

  it('names another app in its path, where the bound secret still says which', async () => {
    scene.fake.addDrain('shop', url(bound, '/blog'));

    expect(await scene.only()).toMatchObject({
      status: 'warning',
      summary: expect.stringContaining('does not name shop'),
    });
  });

  it.each(['', '/', '/a/b', '/unknown'])('has no usable path (%o) and no mapped token', async (path) => {
    const token = scene.fake.addDrain('shop', url(shared, path));

    expect(await scene.only()).toMatchObject({
      status: 'warning',
      summary: expect.stringContaining(`is kept under d-${token.slice(2, 10)}`),
      remedy: `Run \`npm run -s cistern -- drain map ${token} shop --stage production\``,
    });
  });

  it('has a token that is mapped to another app', async () => {
    scene.parameters.values.set(`drains/tokens/${scene.fake.addDrain('shop', url(shared))}`, 'blog');

    expect(await scene.only()).toMatchObject({
      status: 'warning',
      summary: expect.stringContaining('its token is mapped to that app'),
    });
  });

  it('is there twice', async () => {
    const tokens = [scene.fake.addDrain('shop', url(bound)), scene.fake.addDrain('shop', url(shared))];

    const { status, summary, remedy } = await scene.only();

    expect({ status, summary }).toEqual({
      status: 'warning',
      summary: '2 drains of shop point here: every message is stored 2 times',
    });
    for (const token of tokens) expect(remedy).toContain(token);
  });

  it('shows nothing of a secret that went astray into the path', async () => {
    scene.fake.addDrain('shop', `https://${host}/${bound}`);

    expect(await scene.only()).toMatchObject({ status: 'critical' });
  });
});
