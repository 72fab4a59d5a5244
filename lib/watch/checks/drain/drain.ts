import { commandLine } from '../../../base/command-line.ts';
import type { AppName } from '../../../drains/app-name.ts';
import { parseReceiverUrl } from '../../../drains/drain-url.ts';
import { type ParameterStore, parameterNames } from '../../../drains/parameters.ts';
import { parseRegistry } from '../../../drains/registry.ts';
import type { Check, Finding, Look } from '../../../findings/finding.ts';
import { type AppDrains, judgeDrains, type Receiving } from './drain-verdict.ts';
import { HerokuError, type HerokuReader } from './heroku-api.ts';

export interface DrainOptions {
  /** Apps on Heroku, and spaces that are listed by their name. */
  readonly apps: readonly AppName[];
  readonly parameters: Pick<ParameterStore, 'get' | 'list'>;
  readonly heroku: (token: string) => HerokuReader;
  /** What names this stage or directory on a command line: `--stage production`. */
  readonly target: string;
}

/** A look every 15 minutes, less what one run of the watch may begin earlier than another. */
const everyMs = 14 * 60 * 1000;
/** Requests under way at once: Heroku allows 4,500 an hour. */
const atOnce = 4;

/**
 * Whether each app has the drain that it should have. Heroku does not tell whether a drain fails: freshness and
 * loss stand in for that.
 */
export function drainCheck(options: DrainOptions): Check {
  return {
    name: 'drain',
    look: async (look) => (isDue(options.apps, look) ? lookAtAll(options, look) : undefined),
  };
}

/** Also as soon as there is a new app, and while nothing could be asked for want of a token. */
function isDue(apps: readonly AppName[], look: Look): boolean {
  return (
    apps.length === 0 ||
    apps.some((app) => {
      const lookedAt = look.remembered(app)?.['lookedAt'];
      const age = typeof lookedAt === 'number' ? look.now - lookedAt : Number.POSITIVE_INFINITY;
      return age >= everyMs || age < 0;
    })
  );
}

async function lookAtAll(options: DrainOptions, look: Look): Promise<readonly Finding[]> {
  const { apps, parameters, heroku, target } = options;
  const token = (await parameters.get(parameterNames.heroku))?.trim();
  if (token === undefined || token === '') {
    return apps.map((app) => ({
      ...about(app),
      status: 'skipped',
      summary: `The drains of ${app} are not looked at: there is no token for Heroku's API`,
      evidence: {},
      remedy: '',
    }));
  }
  const address = await parameters.get(parameterNames.receiverUrl);
  const receiver = address === undefined ? undefined : parseReceiverUrl(address);
  if (receiver === undefined) {
    const summary = `Parameter ${parameterNames.receiverUrl} ${address === undefined ? 'is missing' : 'is no address'}`;
    return apps.map((app) =>
      unknown(app, summary, 'Run `npm run deploy`, or start `cistern serve`: they set it'),
    );
  }
  const receiving: Receiving = {
    receiver,
    registry: parseRegistry(await parameters.list(parameterNames.drains, look.signal)),
    cistern: (command) => commandLine(command, target),
  };
  const findings = await findAll(apps, new AskHeroku(heroku(token), look.signal), receiving, target);
  return findings.map((finding) => ({ ...finding, memory: { lookedAt: look.now } }));
}

/** Some at once, and none any more once Heroku refuses the token or asks for fewer requests. */
async function findAll(
  apps: readonly AppName[],
  heroku: AskHeroku,
  receiving: Receiving,
  target: string,
): Promise<readonly Finding[]> {
  const findings = new Map<AppName, Finding>();
  const waiting = [...apps];
  let stopped: HerokuError | undefined;
  const worker = async (): Promise<void> => {
    for (let app = waiting.shift(); app !== undefined; app = waiting.shift()) {
      try {
        findings.set(
          app,
          stopped === undefined ? await find(app, heroku, receiving) : blind(app, stopped, target),
        );
      } catch (error) {
        if (!(error instanceof HerokuError)) throw error;
        if (error.code === 'unauthorised' || error.code === 'limited') stopped ??= error;
        findings.set(app, blind(app, error, target));
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return apps.flatMap((app) => findings.get(app) ?? []);
}

async function find(app: AppName, heroku: AskHeroku, receiving: Receiving): Promise<Finding> {
  const found = await heroku.drainsOf(app);
  if (found !== undefined) {
    const verdict = judgeDrains(found, receiving);
    // What is missing here may be the space's.
    if (found.unseen !== undefined && verdict.status === 'critical') throw found.unseen;
    return { ...about(app), ...verdict };
  }
  // No page: a renamed app drains on, under its old name, and freshness tells if nothing comes any more.
  return {
    ...about(app),
    status: 'warning',
    summary: `Heroku knows no app, and no space with a drain, called ${app}`,
    evidence: {},
    remedy: `See \`heroku apps --all\`: it may have been renamed or deleted, or not be visible to the token. Correct apps in the configuration, or let the token's owner see it`,
  };
}

interface Found extends AppDrains {
  /** The token may see the app and not its space. */
  readonly unseen?: HerokuError;
}

/** Asks for all that concerns one app; of each space's drain once. */
class AskHeroku {
  readonly #heroku: HerokuReader;
  readonly #signal: AbortSignal;
  readonly #spaces = new Map<string, ReturnType<HerokuReader['spaceDrain']>>();

  constructor(heroku: HerokuReader, signal: AbortSignal) {
    this.#heroku = heroku;
    this.#signal = signal;
  }

  /** Undefined when there is neither such an app nor a space of this name that has a drain. */
  async drainsOf(name: AppName): Promise<Found | undefined> {
    const app = await this.#heroku.app(name, this.#signal);
    if (app === undefined) {
      const spaceDrain = await this.#spaceDrain(name);
      return spaceDrain === undefined ? undefined : { app: name, drains: [], space: name, spaceDrain };
    }
    const drains = await this.#heroku.drains(name, this.#signal);
    if (app.space === undefined) return { app: name, drains };
    const { space, shield } = app;
    const found = { app: name, drains, space, ...(shield === undefined ? {} : { shield }) };
    try {
      const spaceDrain = await this.#spaceDrain(app.space);
      return { ...found, ...(spaceDrain === undefined ? {} : { spaceDrain }) };
    } catch (error) {
      if (!(error instanceof HerokuError) || error.code !== 'forbidden') throw error;
      return { ...found, unseen: error };
    }
  }

  #spaceDrain(space: string): ReturnType<HerokuReader['spaceDrain']> {
    const known = this.#spaces.get(space) ?? this.#heroku.spaceDrain(space, this.#signal);
    this.#spaces.set(space, known);
    return known;
  }
}

function blind(app: AppName, error: HerokuError, target: string): Finding {
  const summary = `Could not look at the drains of ${app}: ${error.message}`;
  return unknown(app, summary, error.code === 'unauthorised' ? newToken(target) : remedies[error.code]);
}

function newToken(target: string): string {
  const stage = /^--stage (\S+)/.exec(target)?.[1];
  const store =
    stage === undefined
      ? 'put it into registry.json of the data directory, as "heroku"'
      : `store it: \`aws ssm put-parameter --overwrite --type SecureString --name /cistern/${stage}/heroku --value <token>\``;
  return `Make a new token (\`heroku authorizations:create --description Cistern --scope read-protected\`) and ${store}`;
}

const remedies: Readonly<Record<Exclude<HerokuError['code'], 'unauthorised'>, string>> = {
  forbidden:
    "Let the token's owner see the app (`heroku access:add`), or take a token with the scope read-protected",
  limited:
    'Wait: Heroku allows an account 4,500 requests an hour. See what else uses up those of this account',
  unavailable: 'Wait, and look at https://status.heroku.com',
};

function unknown(app: AppName, summary: string, remedy: string): Finding {
  return { ...about(app), status: 'unknown', summary, evidence: {}, remedy };
}

function about(app: AppName) {
  return { check: 'drain', subject: app, app } as const;
}
