import type { AppName } from '../../../drains/app-name.ts';
import { findSecret, type LiveSecret, presentedSecrets } from '../../../drains/credentials.ts';
import type { Registry } from '../../../drains/registry.ts';
import { appOfPath, resolveApp } from '../../../drains/resolve.ts';
import type { Finding } from '../../../findings/finding.ts';
import { parseDrainToken } from '../../../logplex/drain-token.ts';
import type { HerokuDrain } from './heroku-api.ts';

/** What Heroku says of an app, or of a space where the operator listed one by its name. */
export interface AppDrains {
  readonly app: AppName;
  readonly drains: readonly HerokuDrain[];
  /** The space it is in, or is. */
  readonly space?: string;
  /** Whether that is a Shield space; unset where Heroku does not say. */
  readonly shield?: boolean;
  readonly spaceDrain?: HerokuDrain;
}

export interface Receiving {
  readonly receiver: URL;
  readonly registry: Registry;
  /** A command line of Cistern's for this stage or directory. */
  readonly cistern: (command: string) => string;
}

type Verdict = Pick<Finding, 'status' | 'summary' | 'evidence' | 'remedy'>;

interface Problem {
  readonly status: 'warning' | 'critical';
  readonly text: string;
  readonly remedy: string;
}

/** Judges the drains of one app as the receiver would: by secret, then token, then path. Shows no credentials. */
export function judgeDrains(found: AppDrains, receiving: Receiving): Verdict {
  const { app } = found;
  const seen = seenDrains(found, receiving);
  const here = seen.filter(({ place }) => place === 'here');
  const problems = [
    ...missing(found, seen, receiving),
    ...refused(found, here, receiving),
    ...misfiled(found, here, receiving),
    ...oddPaths(found, here, receiving),
    ...several(found, here),
  ].toSorted((a, b) => rank[b.status] - rank[a.status]);
  const [worst, ...others] = problems;
  const evidence = {
    receiver: receiving.receiver.host,
    drainsHere: here.length,
    ...(here.length === 0
      ? {}
      : {
          drains: here
            .slice(0, 5)
            .map(({ shown }) => shown)
            .join(', '),
        }),
    ...(problems.length === 0
      ? {}
      : {
          problems: problems
            .map(({ text }) => text)
            .join('; ')
            .slice(0, 1_500),
        }),
  };
  if (worst === undefined) {
    return { status: 'ok', summary: `${app} drains here`, evidence, remedy: '' };
  }
  const more = others.length === 0 ? '' : `, and ${others.length} more`;
  return {
    status: worst.status,
    summary: `${worst.text}${more}`,
    evidence,
    remedy: [...new Set(problems.map(({ remedy }) => remedy))].slice(0, 3).join('. '),
  };
}

const rank = { warning: 0, critical: 1 } as const;

/**
 * Whether the app's own drains come by way of Logplex, with a drain token that may be mapped: outside of Shield spaces.
 * Undefined where that can't be told. A space's own drain never does: log-shuttle sends it.
 */
function comeByLogplex({ space, shield }: AppDrains): boolean | undefined {
  return space === undefined ? true : shield === undefined ? undefined : !shield;
}

interface SeenDrain {
  readonly drain: HerokuDrain;
  readonly ofSpace: boolean;
  /** `elsewhere`: meant for a Cistern by the look of it, and not for this one. */
  readonly place: 'here' | 'elsewhere';
  /** Undefined: none, or one that is not live. The receiver answers 401. */
  readonly secret: LiveSecret | undefined;
  /** Whether the URL holds anything that could be a secret. */
  readonly presents: boolean;
  /** Where the receiver puts its batches, if the secret is live. */
  readonly stored: ReturnType<typeof resolveApp> | undefined;
  readonly pathApp: AppName | undefined;
  readonly shown: string;
}

function seenDrains(found: AppDrains, { receiver, registry }: Receiving): SeenDrain[] {
  const { app, drains, spaceDrain } = found;
  const byLogplex = comeByLogplex(found);
  const all = [
    ...drains.map((drain) => ({ drain, ofSpace: false })),
    ...(spaceDrain === undefined ? [] : [{ drain: spaceDrain, ofSpace: true }]),
  ];
  return all.flatMap(({ drain, ofSpace }) => {
    const url = URL.parse(drain.url);
    if (drain.addon || url === null) return [];
    const presented = presentedSecrets(`Basic ${btoa(`${url.username}:${url.password}`)}`);
    const secret = findSecret(registry.secrets, presented);
    const place = placeOf(url, receiver, secret);
    if (place === undefined) return [];
    const token = ofSpace ? undefined : parseDrainToken(drain.token);
    const pathApp = appOfPath(url.pathname);
    const resolve = (sent: typeof token) =>
      secret === undefined ? undefined : resolveApp(registry, secret, sent, url.pathname);
    const possible = [
      ...(byLogplex === false ? [] : [resolve(token)]),
      ...(byLogplex === true ? [] : [resolve(undefined)]),
    ];
    // Where it can't be told how the drain sends, what may be right is not called wrong.
    const stored = possible.find((each) => each?.app === app) ?? possible[0];
    // A path that is no app's name may be a secret that went astray.
    const path = pathApp ?? (url.pathname === '/' ? '' : '…');
    const shown = `${drain.token} ${url.protocol}//${url.host}/${place === 'here' ? path : ''}`;
    return [{ drain, ofSpace, place, secret, presents: presented.length > 0, stored, pathApp, shown }];
  });
}

const functionUrl = /\.lambda-url\.[a-z0-9-]+\.on\.aws$/;

/**
 * Undefined: a drain of something else. A drain is meant for a Cistern if it goes to some function URL (that of
 * a stage which is gone, say), or carries a secret that is live here.
 */
function placeOf(url: URL, receiver: URL, secret: LiveSecret | undefined): SeenDrain['place'] | undefined {
  // Heroku may be told http: for an https address, and then delivers nothing.
  if (url.host === receiver.host) return url.protocol === receiver.protocol ? 'here' : 'elsewhere';
  return functionUrl.test(url.hostname) || secret !== undefined ? 'elsewhere' : undefined;
}

/** Critical: of an app without a drain nothing is kept. */
function missing(found: AppDrains, seen: readonly SeenDrain[], { receiver, cistern }: Receiving): Problem[] {
  const { app, space } = found;
  if (seen.some(({ place }) => place === 'here')) {
    // The rest may be another stage's; but a secret of this one is known to whoever answers there.
    return seen
      .filter(({ place, secret }) => place === 'elsewhere' && secret !== undefined)
      .map(({ drain, shown, secret }) => ({
        status: 'warning',
        text: `A drain of ${app} takes a live secret (${secret?.id}) elsewhere: ${shown}`,
        remedy: `Remove that drain (${removal(app, drain)}) and rotate the secret (\`${cistern(`drain rotate ${app}`)}\`)`,
      }));
  }
  const [elsewhere] = seen;
  if (elsewhere !== undefined) {
    return [
      {
        status: 'critical',
        text: `The drain of ${app} points elsewhere: ${elsewhere.shown}, not to ${receiver.origin}`,
        remedy: replacement(found, elsewhere, cistern(`drain add ${app}`)),
      },
    ];
  }
  const inSpace =
    space === undefined ? '' : `, or \`heroku drains:set <url> --space ${space}\` for all of the space`;
  return [
    {
      status: 'critical',
      text: `No drain of ${app} points to ${receiver.host}`,
      remedy: `Run \`${cistern(`drain add ${app}`)}\`, then the \`heroku drains:add\` that it prints${inSpace}`,
    },
  ];
}

/** Critical unless another drain delivers: Heroku drops for good what is answered 401. */
function refused(found: AppDrains, here: readonly SeenDrain[], { cistern }: Receiving): Problem[] {
  const { app } = found;
  const delivers = here.some(({ secret }) => secret !== undefined);
  return here
    .filter(({ secret }) => secret === undefined)
    .map((seen) => {
      const { drain, ofSpace, presents } = seen;
      const what = presents ? 'uses a retired or unknown secret' : 'has no secret in its URL';
      const replace = replacement(found, seen, cistern(`drain rotate ${app}`));
      if (!delivers) {
        const text = `The drain of ${app} (${drain.token}) ${what}: Heroku drops every batch`;
        return { status: 'critical', text, remedy: replace };
      }
      const text = `A further drain of ${app} (${drain.token}) ${what}`;
      return { status: 'warning', text, remedy: ofSpace ? replace : `Run ${removal(app, drain)}` };
    });
}

/** A warning: nothing is lost, but it is not where anybody looks for it. */
function misfiled(found: AppDrains, here: readonly SeenDrain[], { registry, cistern }: Receiving): Problem[] {
  const { app, space } = found;
  const byLogplex = comeByLogplex(found);
  const served = here.some(({ stored }) => stored?.app === app);
  return here.flatMap((seen) => {
    const { drain, ofSpace, secret, stored, pathApp } = seen;
    // A space's drain beside the app's own is kept under the space's name, as it should be.
    if (stored === undefined || stored.app === app || (ofSpace && served)) return [];
    const kept = `What the drain of ${app} (${drain.token}) sends is kept under ${stored.app}`;
    const token = parseDrainToken(drain.token);
    if (ofSpace) {
      return warn(
        `${kept}: it is the drain of the space ${space}`,
        `List ${stored.app} in the configuration instead of ${app}, or give ${app} a drain of its own (\`${cistern(`drain add ${app}`)}\`)`,
      );
    }
    const replace = replacement(found, seen, cistern(`drain add ${app}`));
    if (secret?.app !== undefined) {
      return warn(`${kept}: its secret (${secret.id}) is bound to that app`, replace);
    }
    const mapped = byLogplex === true && token !== undefined ? registry.tokens.get(token) : undefined;
    const map = `Run \`${cistern(`drain map ${drain.token} ${app}`)}\``;
    if (mapped !== undefined) return warn(`${kept}: its token is mapped to that app`, map);
    if (pathApp !== undefined) return warn(`${kept}: the path of its URL names that app`, replace);
    const unmapped = `${kept}: its URL names no app and its token is not mapped`;
    return byLogplex === true && token !== undefined ? warn(unmapped, map) : warn(unmapped, replace);
  });
}

/** Stored where it belongs, since the secret decides; the receiver counts every such batch as mismatched. */
function oddPaths(found: AppDrains, here: readonly SeenDrain[], { cistern }: Receiving): Problem[] {
  const { app } = found;
  return here.flatMap((seen) =>
    seen.stored?.app === app && seen.stored.mismatched
      ? warn(
          `The path of the drain of ${app} (${seen.drain.token}) does not name ${app}`,
          replacement(found, seen, cistern(`drain url ${app}`)),
        )
      : [],
  );
}

/** Right for the minutes of a rotation, and a bill afterwards. */
function several({ app }: AppDrains, here: readonly SeenDrain[]): Problem[] {
  const same = here.filter(({ stored }) => stored?.app === app);
  if (same.length < 2) return [];
  const tokens = same.map(({ drain }) => drain.token).slice(0, 5);
  return warn(
    `${same.length} drains of ${app} point here: every message is stored ${same.length} times`,
    `Keep one of ${tokens.join(', ')} and remove the others: \`heroku drains:remove <token> --app ${app}\``,
  );
}

/** How another URL takes a drain's place. A space has one drain, which is set and not added. */
function replacement({ app, space }: AppDrains, { drain, ofSpace }: SeenDrain, command: string): string {
  return ofSpace
    ? `Run \`${command}\`, then \`heroku drains:set <the URL that it prints> --space ${space}\``
    : `Run \`${command}\` and the \`heroku drains:add\` that it prints, then ${removal(app, drain)}`;
}

function removal(app: AppName, { token }: HerokuDrain): string {
  return `\`heroku drains:remove ${token} --app ${app}\``;
}

function warn(text: string, remedy: string): Problem[] {
  return [{ status: 'warning', text, remedy }];
}
