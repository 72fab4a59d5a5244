import { minute } from './incident-steps.ts';
import { Life, lookOf } from './simulation-life.ts';
import { Model, type Outage } from './simulation-model.ts';
import type { Arrival, Outcome } from './simulation-run.ts';
import { isIn } from './simulation-world.ts';

/** Everything in which the incidents and the pages differ from what the model says should be. */
export function problems(outcome: Outcome): string[] {
  const model = new Model(outcome);
  const lives = [...Map.groupBy(outcome.recorded.values(), ({ incident }) => incident).values()].map(
    (events) => new Life(events, outcome.arrivals),
  );
  return [
    ...nothingIsLost(outcome),
    ...everyOutageHasItsIncident(model, lives),
    ...everyIncidentIsTrue(model, lives),
    ...everyIncidentIsPaged(outcome, model, lives),
    ...everyPageIsTrue(outcome, model, lives),
    ...remindersKeepTheirInterval(outcome, model, lives),
    ...everyPageEnds(outcome, lives),
    ...nothingStaysBehind(outcome),
  ];
}

function name(at: number): string {
  return new Date(at).toISOString();
}

function nothingIsLost({ happened, recorded }: Outcome): string[] {
  const ids = new Set(happened.map(({ id }) => id));
  return [
    ...(ids.size === happened.length ? [] : ['two events have the same id']),
    ...happened.flatMap((event) => (recorded.has(event.id) ? [] : [`${event.id} was never recorded`])),
    ...[...recorded.keys()].flatMap((id) => (ids.has(id) ? [] : [`${id} was recorded, yet never stored`])),
  ];
}

function everyOutageHasItsIncident(model: Model, lives: readonly Life[]): string[] {
  return model.outages
    .filter(({ key }) => key.startsWith('canary ') === false)
    .flatMap(({ key, start, end }) => {
      const about = lives.filter((life) => life.isAbout(key, start));
      if (about.length !== 1) return [`${about.length} incidents for ${key} at ${name(start)}`];
      const span = about[0]?.spans.find((each) => isIn([each], start));
      return end !== undefined && span !== undefined && span.until < end
        ? [`${about[0]?.id} ended before ${key} did, ${name(end)}`]
        : [];
    });
}

function everyIncidentIsTrue(model: Model, lives: readonly Life[]): string[] {
  return lives.flatMap((life) => {
    const found: string[] = [];
    if (life.opened.subjects.includes('*')) {
      const at = lookOf(life.opened.at);
      return [0, 5, 10].every((ago) => model.blindLooks.has(at - ago * minute)) || hadGaps(at, model)
        ? []
        : [`${life.id} says that it can't look`];
    }
    for (const [key, since] of life.members) {
      const isCanary = key.startsWith('canary ');
      if (isCanary ? !model.isOutAt(key, since) : model.startsAt(key, since) === undefined) {
        found.push(`${life.id} holds ${key} from ${name(since)}`);
      }
    }
    for (const { from, until } of life.spans) {
      const keys = [...life.members.keys()].filter((key) => (life.members.get(key) ?? 0) <= until);
      if (!keys.some((key) => model.isOutAt(key, from))) found.push(`${life.id} opened at ${name(from)}`);
      if (until === Number.POSITIVE_INFINITY) continue;
      if (keys.some((key) => model.isOutAt(key, until))) found.push(`${life.id} ended early, ${name(until)}`);
      const endsThen = ({ key, end = Number.POSITIVE_INFINITY, latestEnd = end }: Outage) =>
        end <= until && until <= latestEnd && life.members.has(key);
      if (!model.outages.some(endsThen)) {
        found.push(`${life.id} ended late, ${name(until)}`);
      }
    }
    const [only, ...others] = life.members.keys();
    if (only !== undefined && others.length === 0 && !only.startsWith('canary ')) {
      const own = model.outages.filter(
        ({ key, start }) => key === only && life.spans.some(({ from }) => from === start),
      );
      own.forEach(({ continues, start }, index) => {
        if (index > 0 && !continues) found.push(`${life.id} goes on with another outage, ${name(start)}`);
      });
    }
    return found;
  });
}

/** Runs that were missed stretch three looks over more than fifteen minutes. */
function hadGaps(at: number, { blindLooks }: Model): boolean {
  const recent = [...blindLooks].filter((look) => look <= at).slice(-3);
  return recent.length === 3 && at - (recent[0] ?? 0) <= 40 * minute;
}

function isQuiet(outcome: Outcome, { alert, at }: Arrival): boolean {
  return alert.subjects.every((subject) =>
    isMutedAt(outcome, `${alert.apps.includes(subject) ? 'freshness' : alert.check} ${subject}`, at),
  );
}

function isMutedAt({ world }: Outcome, key: string, at: number): boolean {
  const [check = '', ...subject] = key.split(' ');
  const app = subject.at(-1);
  return world.mutes.some(
    ({ scope, ...span }) => isIn([span], at) && ['all', `check:${check}`, `app:${app}`].includes(scope),
  );
}

/** By the first run that could, unless it was over by then; by the fallback when the channel is away, in its hours. */
function everyIncidentIsPaged(outcome: Outcome, model: Model, lives: readonly Life[]): string[] {
  const { world, completed } = outcome;
  const works = (channel: string, at: number) => !isIn(world.channelFaults.get(channel) ?? [], at);
  return lives.flatMap((life) =>
    life.spans.flatMap(({ from, until }) => {
      const isMuted = (at: number) =>
        world.mutes.some((mute) => isIn([mute], at + 1) && mute.from <= at) &&
        life.events.some(({ verb }) => verb === 'muted');
      if (isMuted(from) || life.events.some((event) => event.verb === 'muted' && lookOf(event.at) >= from)) {
        return [];
      }
      const told = (channel: string, by: number) =>
        life.arrivals.some(
          (each) =>
            each.channel === channel && each.alert.kind === 'trigger' && from <= each.at && each.at <= by,
        );
      const found: string[] = [];
      const first = completed.find((at) => at >= from && works('page', at));
      if (first !== undefined && first < until && !told('page', first)) {
        found.push(`${life.id} was not told by ${name(first)}`);
      }
      const isExpected = (at: number) =>
        [...life.members.keys()].some((key) => model.statusAt(key, lookOf(at)) !== 'skipped');
      const late = completed.find((at) => at >= from + 12 * minute && works('backup', at) && isExpected(at));
      if (late !== undefined && late < until && !told('page', late) && !told('backup', late)) {
        if (!life.events.some(({ verb }) => verb === 'acknowledged')) {
          found.push(`${life.id} did not fall back by ${name(late)}`);
        }
      }
      return found;
    }),
  );
}

function everyPageIsTrue(outcome: Outcome, model: Model, lives: readonly Life[]): string[] {
  const keysOf = ({ alert }: Arrival) =>
    alert.subjects.map((subject) => `${alert.apps.includes(subject) ? 'freshness' : alert.check} ${subject}`);
  const seen = new Map<string, Arrival>();
  return outcome.arrivals.flatMap((arrival) => {
    const { alert, unsent, at } = arrival;
    if (alert.subjects.includes('*')) return [];
    const said = lookOf(alert.at);
    const found: string[] = [];
    const earlier = seen.get(unsent);
    if (earlier === undefined) seen.set(unsent, arrival);
    else if (JSON.stringify(earlier.alert) !== JSON.stringify(alert)) found.push(`${unsent} changed`);
    const out = keysOf(arrival).filter((key) => model.isOutAt(key, said));
    const what = `${arrival.channel} was told ${alert.kind} ${alert.reason} of ${alert.incident}`;
    const life = lives.find(({ id }) => id === alert.incident);
    if (alert.kind === 'trigger') {
      if (out.length === 0) found.push(`${what}, which was not bad at ${name(said)}`);
      if (out.every((key) => model.statusAt(key, said) === 'skipped')) found.push(`${what} outside hours`);
      if (isQuiet(outcome, arrival)) found.push(`${what} while muted, ${name(at)}`);
      if (life === undefined || !isIn(life.spans, lookOf(at))) {
        found.push(`${what}, which was over at ${name(at)}`);
      }
    }
    if (alert.kind === 'resolve' && (life === undefined || isIn(life.spans, said))) {
      found.push(`${what}, which was open at ${name(said)}`);
    }
    if (alert.kind === 'resolve' && alert.reason !== 'repeated' && out.length > 0) {
      found.push(`${what}, yet ${out} was bad`);
    }
    return found;
  });
}

const news: ReadonlySet<string> = new Set(['opened', 'reopened', 'escalated', 'unmuted', 'reminder']);

const endsOrBeginsAcknowledgement: ReadonlySet<string> = new Set(['acknowledged', 'escalated', 'resolved']);

function remindersKeepTheirInterval(outcome: Outcome, model: Model, lives: readonly Life[]): string[] {
  const { world, completed } = outcome;
  return lives.flatMap((life) => {
    const first = new Map(life.arrivals.map((each) => [each.unsent, each]));
    const told = [...first.values()].filter(
      ({ channel, alert }) => channel === 'page' && news.has(alert.reason),
    );
    const times = [...new Set(told.map(({ alert }) => alert.at))].sort((a, b) => a - b);
    const found: string[] = [];
    for (const { alert } of told) {
      if (alert.reason !== 'reminder') continue;
      const before = times.filter((at) => at < alert.at).at(-1);
      if (before !== undefined && alert.at - before < 4 * 60 * minute) {
        found.push(`${life.id} was reminded of after ${(alert.at - before) / minute} min`);
      }
      const acked = life.events.findLast(
        ({ verb, at }) => endsOrBeginsAcknowledgement.has(verb) && at <= alert.at,
      );
      if (acked?.verb === 'acknowledged' && alert.at - acked.at < 24 * 60 * minute) {
        found.push(`${life.id} was reminded of although acknowledged, ${name(alert.at)}`);
      }
    }
    const undisturbed = life.events.every(({ verb }) => verb !== 'muted' && verb !== 'acknowledged');
    // Of events the row alone decides how bad they are, and no look says that they still are.
    if (!undisturbed || life.opened.subjects.includes('*') || life.opened.check === 'loss') return found;
    for (const { from, until } of life.spans) {
      const due = completed.find(
        (at) =>
          // The first word of it may have come from a second watcher, a little late.
          at >= from + 4 * 60 * minute + 2000 &&
          at < until &&
          [...life.members.keys()].some(
            (key) => model.statusAt(key, lookOf(at)) === 'critical' && !isMutedAt(outcome, key, at),
          ),
      );
      const working = !isIn(world.channelFaults.get('page') ?? [], due ?? 0);
      const faulty = (world.channelFaults.get('page') ?? []).some(
        (fault) => fault.from < (due ?? 0) && fault.until > from,
      );
      if (due === undefined || !working || faulty) continue;
      if (!told.some(({ alert }) => alert.reason === 'reminder' && from < alert.at && alert.at <= due)) {
        found.push(`${life.id} was not reminded of by ${name(due)}`);
      }
    }
    return found;
  });
}

/** The last word that each channel has of an incident is that it is over. */
function everyPageEnds({ arrivals, world, doubtful }: Outcome, lives: readonly Life[]): string[] {
  return lives
    .flatMap((life) => {
      const channels = Map.groupBy(life.arrivals, ({ channel }) => channel);
      const isClosed = life.spans.every(({ until }) => until < world.until);
      return [
        ...(isClosed ? [] : [`${life.id} never ended`]),
        ...[...channels].flatMap(([channel, of]) => {
          const found: string[] = [];
          if (of.at(-1)?.alert.kind !== 'resolve') found.push(`${life.id} stays open at ${channel}`);
          if (of.at(-1)?.alert.reason !== 'repeated')
            found.push(`${channel} was told once of the end of ${life.id}`);
          // Only a run that died, or met another, leaves doubt whether a trigger has arrived.
          if (
            of[0]?.alert.kind === 'resolve' &&
            !doubtful.some((at) => at >= lookOf(life.opened.at) && at <= (of[0]?.at ?? 0))
          ) {
            found.push(`${channel} was told the end of ${life.id} and not its beginning`);
          }
          return found;
        }),
      ];
    })
    .concat(arrivals.length === 0 ? ['nothing was ever told'] : []);
}

/** The canary, the bucket, and what the check of losses remembers. */
const alwaysThere = 3;

function nothingStaysBehind({ state, world }: Outcome): string[] {
  const watched = world.apps.filter(({ removedAt = Number.POSITIVE_INFINITY }) => removedAt > world.until);
  const subjects = Object.keys(state.subjects).length;
  return [
    ...(subjects === watched.length + alwaysThere ? [] : [`${subjects} subjects stay in the state`]),
    ...(Object.keys(state.incidents).length === 0 ? [] : ['incidents stay in the state']),
    ...(state.unsent.length + state.unrecorded.length === 0 ? [] : ['something is still owed']),
    ...(state.mutes.length === 0 ? [] : ['mutes stay in the state']),
  ];
}
