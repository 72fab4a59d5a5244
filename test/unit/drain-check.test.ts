import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AppName, parseUsableAppName } from '../../lib/drains/app-name.ts';
import { hashSecret } from '../../lib/drains/credentials.ts';
import { formatSecret } from '../../lib/drains/registry.ts';
import { drainCheck } from '../../lib/watch/drain.ts';
import type { Finding, Memory } from '../../lib/watch/finding.ts';
import { Heroku } from '../../lib/watch/heroku.ts';
import { type FakeHeroku, startFakeHeroku } from '../support/fake-heroku.ts';
import { MemoryParameters } from '../support/memory-parameters.ts';

const host = 'abcdefghij.lambda-url.eu-west-1.on.aws';
const shared = 'sharedSecretOfEverybody';
const bound = 'secretThatIsBoundToShop';
const others = 'secretThatIsBoundToBlog';
const retired = 'secretThatIsRetired';
const start = Date.UTC(2026, 10, 22, 12);
const minute = 60_000;

const shop = appName('shop');

let fake: FakeHeroku;
let parameters: MemoryParameters;
let memory: Map<string, Memory>;

beforeEach(async () => {
  fake = await startFakeHeroku();
  fake.addApp('shop');
  parameters = new MemoryParameters({
    heroku: fake.token,
    receiver_url: `https://${host}/`,
    'drains/secrets/shared-1': formatSecret({ sha256: hashSecret(shared) }),
    'drains/secrets/shop-1': formatSecret({ sha256: hashSecret(bound), app: shop }),
    'drains/secrets/blog-1': formatSecret({ sha256: hashSecret(others), app: appName('blog') }),
  });
  memory = new Map();
});
afterEach(() => fake.close());

function appName(text: string): AppName {
  const app = parseUsableAppName(text);
  if (app === undefined) throw new Error(`${text} is no app's name`);
  return app;
}

async function look(apps: readonly AppName[] = [shop], now = start): Promise<readonly Finding[] | undefined> {
  const check = drainCheck({
    apps,
    parameters,
    heroku: (token) => new Heroku(token, { origin: fake.url, allowHttp: true }),
    target: '--stage production',
  });
  const findings = await check.look({
    now,
    signal: AbortSignal.timeout(10_000),
    remembered: (subject) => memory.get(subject),
    rememberedSubjects: () => [...memory.keys()],
  });
  for (const { subject, memory: told } of findings ?? []) if (told !== undefined) memory.set(subject, told);
  return findings;
}

async function only(apps?: readonly AppName[]): Promise<Finding> {
  const [finding, ...more] = (await look(apps)) ?? [];
  if (finding === undefined || more.length > 0) throw new Error('expected one finding');
  for (const secret of [shared, bound, others, retired, fake.token]) {
    expect(JSON.stringify(finding)).not.toContain(secret);
  }
  return finding;
}

function url(secret: string, path = '/shop'): string {
  return `https://drain:${secret}@${host}${path}`;
}

describe('a drain that is as it should be', () => {
  it.each([
    ['a bound secret', url(bound)],
    ['a bound secret and no path', url(bound, '')],
    ['a shared secret and a path', url(shared)],
    ['a shared secret as user name', `https://${shared}:@${host}/shop/`],
  ])('has %s', async (_, drain) => {
    fake.addDrain('shop', drain);

    expect(await only()).toMatchObject({
      check: 'drain',
      subject: 'shop',
      app: 'shop',
      status: 'ok',
      remedy: '',
    });
  });

  it('has a shared secret, no path and a mapped token', async () => {
    parameters.values.set(`drains/tokens/${fake.addDrain('shop', url(shared, ''))}`, 'shop');

    expect(await only()).toMatchObject({ status: 'ok' });
  });

  it('stands beside drains of add-ons, and of other services', async () => {
    fake.addDrain('shop', url(bound));
    fake.addDrain('shop', url(retired), { addon: 'logs-1' });
    fake.addDrain('shop', 'syslog+tls://logs.example.com:6514');
    fake.addDrain('shop', 'https://user:password@http-intake.logs.example.com/v1/input');
    // Another stage's.
    fake.addDrain('shop', 'https://drain:another@zyx.lambda-url.eu-west-1.on.aws/shop');

    expect(await only()).toMatchObject({ status: 'ok', evidence: { drainsHere: 1 } });
  });
});

describe('a drain that is not as it should be', () => {
  it('is missing', async () => {
    fake.addDrain('shop', 'syslog+tls://logs.example.com:6514');
    fake.addDrain('shop', url(bound), { addon: 'not-ours' });

    const { status, summary, remedy } = await only();

    expect(status).toBe('critical');
    expect(summary).toBe(`No drain of shop points to ${host}`);
    expect(remedy).toContain('npm run -s cistern -- drain add shop --stage production');
  });

  it.each([
    ['another function URL', `https://drain:whatever@zyx.lambda-url.eu-west-1.on.aws/shop`],
    ['another address, with a live secret', `https://drain:${bound}@logs.example.com/shop`],
    ['ours, but by http', `http://drain:${bound}@${host}/shop`],
  ])('points to %s', async (_, drain) => {
    const token = fake.addDrain('shop', drain);

    const { status, summary, remedy } = await only();

    expect(status).toBe('critical');
    expect(summary).toContain('The drain of shop points elsewhere');
    expect(remedy).toContain(`heroku drains:remove ${token} --app shop`);
  });

  it('takes a live secret elsewhere, beside a good one', async () => {
    fake.addDrain('shop', url(bound));
    fake.addDrain('shop', `https://drain:${shared}@logs.example.com/`);

    expect(await only()).toMatchObject({
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
    fake.addDrain('shop', drain);

    expect(await only()).toMatchObject({ status: 'critical', summary: expect.stringContaining(what) });

    fake.addDrain('shop', url(bound));
    memory.clear();
    expect(await only()).toMatchObject({ status: 'warning', summary: expect.stringContaining(what) });
  });

  it('has a secret of another app', async () => {
    fake.addDrain('shop', url(others));

    expect(await only()).toMatchObject({
      status: 'warning',
      summary: expect.stringMatching(/is kept under blog: its secret \(blog-1\) is bound to that app/),
    });
  });

  it('names another app in its path', async () => {
    fake.addDrain('shop', url(shared, '/blog'));

    expect(await only()).toMatchObject({
      status: 'warning',
      summary: expect.stringContaining('is kept under blog: the path of its URL names that app'),
    });
  });

  it('names another app in its path, where the bound secret still says which', async () => {
    fake.addDrain('shop', url(bound, '/blog'));

    expect(await only()).toMatchObject({
      status: 'warning',
      summary: expect.stringContaining('does not name shop'),
    });
  });

  it.each(['', '/', '/Shop', '/a/b', '/unknown'])(
    'has no usable path (%o) and no mapped token',
    async (path) => {
      const token = fake.addDrain('shop', url(shared, path));

      expect(await only()).toMatchObject({
        status: 'warning',
        summary: expect.stringContaining(`is kept under d-${token.slice(2, 10)}`),
        remedy: `Run \`npm run -s cistern -- drain map ${token} shop --stage production\``,
      });
    },
  );

  it('has a token that is mapped to another app', async () => {
    parameters.values.set(`drains/tokens/${fake.addDrain('shop', url(shared))}`, 'blog');

    expect(await only()).toMatchObject({
      status: 'warning',
      summary: expect.stringContaining('its token is mapped to that app'),
    });
  });

  it('is there twice', async () => {
    const tokens = [fake.addDrain('shop', url(bound)), fake.addDrain('shop', url(shared))];

    const { status, summary, remedy } = await only();

    expect({ status, summary }).toEqual({
      status: 'warning',
      summary: '2 drains of shop point here: every message is stored 2 times',
    });
    for (const token of tokens) expect(remedy).toContain(token);
  });

  it('shows nothing of a secret that went astray into the path', async () => {
    fake.addDrain('shop', `https://${host}/${bound}`);

    expect(await only()).toMatchObject({ status: 'critical' });
  });
});

describe('an app in a space', () => {
  beforeEach(() => fake.addApp('shop', { space: 'my-space' }));

  it("may use its own drain or the space's", async () => {
    fake.addDrain('shop', url(shared));
    expect(await only()).toMatchObject({ status: 'ok' });

    fake.removeDrains('shop');
    memory.clear();
    fake.setSpaceDrain('my-space', url(bound));
    expect(await only()).toMatchObject({ status: 'ok' });
  });

  it('has a drain of its own beside the one of the space', async () => {
    fake.addDrain('shop', url(bound));
    fake.setSpaceDrain('my-space', url(shared, '/my-space'));

    expect(await only()).toMatchObject({ status: 'ok' });
  });

  it('lacks a drain', async () => {
    expect(await only()).toMatchObject({
      status: 'critical',
      remedy: expect.stringContaining('heroku drains:set <url> --space my-space'),
    });
  });

  it('is kept under the name of the space', async () => {
    fake.setSpaceDrain('my-space', url(shared, '/my-space'));

    expect(await only()).toMatchObject({
      status: 'warning',
      summary: expect.stringContaining('is kept under my-space: it is the drain of the space my-space'),
    });
  });

  it('sends no drain token, so that mapping it is no help', async () => {
    parameters.values.set(`drains/tokens/${fake.addDrain('shop', url(shared, ''))}`, 'shop');

    const { status, remedy } = await only();

    expect(status).toBe('warning');
    expect(remedy).not.toContain('drain map');
  });

  it('has a space whose drain uses a retired secret', async () => {
    fake.setSpaceDrain('my-space', url(retired, '/shop'));

    expect(await only()).toMatchObject({
      status: 'critical',
      remedy: expect.stringContaining('heroku drains:set <the URL that it prints> --space my-space'),
    });
  });

  it('is judged by its own drain where the token may not see the space', async () => {
    fake.forbiddenSpaces.add('my-space');
    fake.addDrain('shop', url(bound));
    expect(await only()).toMatchObject({ status: 'ok' });

    fake.removeDrains('shop');
    memory.clear();
    expect(await only()).toMatchObject({ status: 'unknown' });
  });

  it('is no reason to ask for the drain of the space twice', async () => {
    fake.addApp('blog', { space: 'my-space' });
    fake.setSpaceDrain('my-space', url(shared, '/my-space'));

    await look([shop, appName('blog')]);

    expect(fake.requests.filter(({ operation }) => operation === 'SpaceLogDrainInfo')).toHaveLength(1);
  });
});

it('a space is looked at that is listed by its name', async () => {
  fake.setSpaceDrain('my-space', url(shared, '/my-space'));

  expect(await only([appName('my-space')])).toMatchObject({ subject: 'my-space', status: 'ok' });
});

describe('what can not be looked at', () => {
  it('is an app that Heroku does not know', async () => {
    fake.removeApp('shop');

    expect(await only()).toMatchObject({
      status: 'warning',
      summary: 'Heroku knows no app, and no space with a drain, called shop',
    });
  });

  it('is skipped without a token', async () => {
    parameters.values.delete('heroku');

    expect(await only()).toMatchObject({ status: 'skipped' });
    expect(fake.requests).toEqual([]);
  });

  it('is unknown while the receiver has no address', async () => {
    parameters.values.delete('receiver_url');

    expect(await only()).toMatchObject({
      status: 'unknown',
      summary: expect.stringContaining('receiver_url'),
    });
  });

  const many = Array.from({ length: 20 }, (_, index) => appName(`shop-${index}`));

  it('is every app, when the token is wrong: Heroku is not asked for each', async () => {
    parameters.values.set('heroku', 'HRKU-wrong');

    const findings = await look(many);

    expect(findings?.map(({ subject, status }) => `${subject} ${status}`)).toEqual(
      many.map((app) => `${app} unknown`),
    );
    expect(findings?.[19]?.remedy).toContain('heroku authorizations:create');
    expect(findings?.[19]?.remedy).toContain('--name /cistern/production/heroku');
    expect(fake.requests.length).toBeLessThan(10);
  });

  it('is the rest, once Heroku wants fewer requests', async () => {
    for (const app of many) {
      fake.addApp(app);
      fake.addDrain(app, url(shared, `/${app}`));
    }
    fake.next(...Array.from({ length: 8 }, () => ({ delay: 1 })));
    fake.always({ status: 429, code: 'rate_limit' });

    const findings = await look(many);

    const statuses = findings?.map(({ status }) => status) ?? [];
    expect(statuses).toHaveLength(20);
    expect(statuses.filter((status) => status === 'ok')).toHaveLength(4);
    expect(statuses.filter((status) => status === 'unknown')).toHaveLength(16);
    expect(fake.requests.length).toBeLessThan(20);
  });

  it('is one app that the token may not see; the others are looked at', async () => {
    fake.addApp('secret', { forbidden: true });
    fake.addDrain('shop', url(bound));

    const findings = await look([appName('secret'), shop]);

    expect(findings?.map(({ status }) => status)).toEqual(['unknown', 'ok']);
    expect(findings?.[0]?.remedy).toContain('heroku access:add');
  });
});

describe('the check is due', () => {
  beforeEach(() => void fake.addDrain('shop', url(bound)));

  it('every 15 minutes, though runs begin a little early', async () => {
    const looks: boolean[] = [];
    for (const after of [0, 5, 10, 14.9, 20, 25, 30]) {
      looks.push((await look([shop], start + after * minute)) !== undefined);
    }

    expect(looks).toEqual([true, false, false, true, false, false, true]);
  });

  it('at once for a new app, and after the clock was set back', async () => {
    fake.addApp('blog');
    await look();

    expect(await look([shop, appName('blog')], start + minute)).toHaveLength(2);
    expect(await look([shop], start - minute)).toHaveLength(1);
  });

  it('as soon as there is a token', async () => {
    parameters.values.delete('heroku');
    await look();
    parameters.values.set('heroku', fake.token);

    expect(await look([shop], start + 5 * minute)).toMatchObject([{ status: 'ok' }]);
  });
});
