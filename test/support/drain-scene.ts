import { expect } from 'vitest';
import { type AppName, parseUsableAppName } from '../../lib/drains/app-name.ts';
import { hashSecret } from '../../lib/drains/credentials.ts';
import { formatSecret } from '../../lib/drains/registry.ts';
import type { Finding, Memory } from '../../lib/findings/finding.ts';
import { drainCheck } from '../../lib/watch/checks/drain/drain.ts';
import { Heroku } from '../../lib/watch/checks/drain/heroku.ts';
import { type FakeHeroku, startFakeHeroku } from './fake-heroku.ts';
import { MemoryParameters } from './memory-parameters.ts';

/** The receiver's. */
export const host = 'abcdefghij.lambda-url.eu-west-1.on.aws';
export const shared = 'sharedSecretOfEverybody';
export const bound = 'secretThatIsBoundToShop';
export const others = 'secretThatIsBoundToBlog';
export const retired = 'secretThatIsRetired';
export const start = Date.UTC(2026, 10, 22, 12);

export function appName(text: string): AppName {
  const app = parseUsableAppName(text);
  if (app === undefined) throw new Error(`${text} is no app's name`);
  return app;
}

export const shop = appName('shop');

/** A drain URL that points to the receiver. */
export function url(secret: string, path = '/shop'): string {
  return `https://drain:${secret}@${host}${path}`;
}

/** A stage whose receiver knows three secrets, and Heroku, which knows the app `shop`; no drain yet. */
export class DrainScene {
  readonly fake: FakeHeroku;
  readonly parameters: MemoryParameters;
  readonly #memory = new Map<string, Memory>();

  private constructor(fake: FakeHeroku) {
    this.fake = fake;
    this.parameters = new MemoryParameters({
      heroku: fake.token,
      receiver_url: `https://${host}/`,
      'drains/secrets/shared-1': formatSecret({ sha256: hashSecret(shared) }),
      'drains/secrets/shop-1': formatSecret({ sha256: hashSecret(bound), app: shop }),
      'drains/secrets/blog-1': formatSecret({ sha256: hashSecret(others), app: appName('blog') }),
    });
  }

  static async open(): Promise<DrainScene> {
    const fake = await startFakeHeroku();
    fake.addApp('shop');
    return new DrainScene(fake);
  }

  close(): Promise<void> {
    return this.fake.close();
  }

  /** What the check finds now; undefined when it is not due. */
  async look(apps: readonly AppName[] = [shop], now = start): Promise<readonly Finding[] | undefined> {
    const check = drainCheck({
      apps,
      parameters: this.parameters,
      heroku: (token) => new Heroku(token, { origin: this.fake.url, allowHttp: true }),
      target: '--stage production',
    });
    const findings = await check.look({
      now,
      signal: AbortSignal.timeout(10_000),
      remembered: (subject) => this.#memory.get(subject),
      rememberedSubjects: () => [...this.#memory.keys()],
    });
    for (const { subject, memory } of findings ?? []) {
      if (memory !== undefined) this.#memory.set(subject, memory);
    }
    return findings;
  }

  /** The only finding of a check that has to be due, and that gives away no secret. */
  async only(apps?: readonly AppName[]): Promise<Finding> {
    const [finding, ...more] = (await this.look(apps)) ?? [];
    if (finding === undefined || more.length > 0) throw new Error('expected one finding');
    for (const secret of [shared, bound, others, retired, this.fake.token]) {
      expect(JSON.stringify(finding)).not.toContain(secret);
    }
    return finding;
  }

  /** Makes the check due at once. */
  forget(): void {
    this.#memory.clear();
  }
}
