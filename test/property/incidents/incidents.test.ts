import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type CheckName, type CheckResult, checkNames } from '../../../lib/findings/finding.ts';
import type { Delivery } from '../../../lib/incidents/alert.ts';
import {
  acknowledge,
  close,
  mute,
  openByHand,
  RefusedError,
  resolve,
  settle,
  unmute,
} from '../../../lib/incidents/commands.ts';
import type { IncidentEvent } from '../../../lib/incidents/incident.ts';
import { isOver, type Step } from '../../../lib/incidents/rules/draft.ts';
import { covers } from '../../../lib/incidents/rules/mutes.ts';
import { reconcile } from '../../../lib/incidents/rules/reconcile.ts';
import { emptyState, type State, state as stateSchema } from '../../../lib/incidents/state.ts';
import {
  accepted,
  channelsNamed,
  finding,
  fresh,
  minute,
  rejected,
  rulesFor,
  start,
  timedOut,
  unreached,
} from '../../support/incident-steps.ts';

const rules = rulesFor({
  alerts: {
    channels: channelsNamed('page', 'backup', 'boss'),
    routes: [
      { severities: ['P0', 'P1'], channels: ['page'], fallback: ['backup'], escalate: ['boss'] },
      { channels: ['backup'] },
    ],
  },
});

const status = fc.constantFrom('ok', 'ok', 'warning', 'critical', 'critical', 'unknown', 'skipped');

/** What one check may say: of some of these subjects something, of the others nothing; or that it can't look. */
function resultOf(check: CheckName, ...subjects: readonly string[]): fc.Arbitrary<CheckResult> {
  const said = fc.array(fc.option(status), { minLength: subjects.length, maxLength: subjects.length });
  const found = said.map((each) => ({
    check,
    findings: subjects.flatMap((subject, index) => {
      const of = each[index] ?? null;
      if (of === null) return [];
      return [apps.includes(subject) ? { ...fresh(subject, of), check } : finding(check, subject, of)];
    }),
  }));
  return fc.oneof(
    { weight: 6, arbitrary: found },
    { weight: 1, arbitrary: fc.constant({ check, failure: 'too slow' }) },
  );
}

const apps = ['shop', 'blog', 'docs', 'mail'];
const everyCheck: Readonly<Record<CheckName, fc.Arbitrary<CheckResult>>> = {
  freshness: resultOf('freshness', ...apps),
  volume: resultOf('volume', 'shop', 'blog'),
  retention: resultOf('retention', 'archive', 'ledger'),
  drain: resultOf('drain', 'shop', 'blog', 'unlisted'),
  canary: resultOf('canary', 'canary'),
  spool: resultOf('spool', 'age', 'dead-letters'),
  loss: resultOf('loss', 'messages', 'set-aside'),
  jobs: resultOf('jobs', 'report'),
  alerts: resultOf('alerts', 'page'),
  records: resultOf('records', 'state'),
};
/** Freshness, canary and loss often, since they are judged together; any other now and then. */
const often: readonly CheckName[] = ['freshness', 'canary', 'loss'];
const results = fc
  .tuple(...checkNames.map((check) => fc.option(everyCheck[check], { freq: often.includes(check) ? 3 : 1 })))
  .map((each) => each.filter((result) => result !== null));

const delivery: fc.Arbitrary<Delivery | undefined> = fc.constantFrom(
  accepted,
  accepted,
  rejected,
  unreached,
  timedOut,
  undefined,
);
const scope = fc.constantFrom(
  'all',
  'check:freshness',
  'check:canary',
  'app:shop',
  'app:blog',
  'check:manual',
);
/** Which of the incidents in the state, by number. */
const which = fc.nat(5);

const action = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      does: fc.constant('run' as const),
      results,
      deliveries: fc.array(delivery, { minLength: 1, maxLength: 6 }),
      /** It dies before it stores what became of its work. */
      dies: fc.boolean(),
    }),
  },
  fc.record({ does: fc.constant('acknowledge' as const), which }),
  fc.record({ does: fc.constant('mute' as const), scope, minutes: fc.integer({ min: 1, max: 300 }) }),
  fc.record({ does: fc.constant('unmute' as const), scope }),
  fc.record({ does: fc.constant('resolve' as const), which }),
  fc.record({ does: fc.constant('close' as const), which }),
  fc.record({ does: fc.constant('open' as const), severity: fc.constantFrom('P0', 'P2', 'P4') }),
);

/** Two apps and the canary, each bad, good or not looked at for some runs: what they do together takes several. */
const together = fc
  .record({
    shop: fc.constantFrom('ok', 'critical', undefined),
    blog: fc.constantFrom('ok', 'critical', undefined),
    canary: fc.constantFrom('ok', 'critical', 'failure'),
    times: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ shop, blog, canary, times }) => {
    const silent = Object.entries({ shop, blog }).flatMap(([app, of]) =>
      of === undefined ? [] : fresh(app, of),
    );
    const ofCanary: CheckResult =
      canary === 'failure'
        ? { check: 'canary', failure: 'too slow' }
        : { check: 'canary', findings: [finding('canary', 'canary', canary)] };
    const run: Act = {
      does: 'run',
      results: [{ check: 'freshness', findings: silent }, ofCanary],
      deliveries: [accepted],
      dies: false,
    };
    return Array.from({ length: times }, (): [number, Act] => [5, run]);
  });

test('no order in which silence and a lost canary come and go makes a run throw', () => {
  fc.assert(
    fc.property(fc.array(together, { maxLength: 8 }), (parts) => {
      tell(parts.flat());
    }),
    { numRuns: 1_500 },
  );
});

const story = fc.array(fc.tuple(fc.constantFrom(0, 1, 5, 5, 5, 20, 70, 300, 1500), action), {
  maxLength: 40,
});

type Act =
  | {
      readonly does: 'run';
      readonly results: readonly CheckResult[];
      readonly deliveries: readonly (Delivery | undefined)[];
      readonly dies: boolean;
    }
  | { readonly does: 'acknowledge' | 'resolve' | 'close'; readonly which: number }
  | { readonly does: 'mute'; readonly scope: string; readonly minutes: number }
  | { readonly does: 'unmute'; readonly scope: string }
  | { readonly does: 'open'; readonly severity: 'P0' | 'P2' | 'P4' };

/** Undefined where it was refused. */
function apply(state: State, act: Act, now: number): Step | undefined {
  const by = 'ann';
  const ids = Object.values(state.incidents).map(({ id }) => id);
  try {
    switch (act.does) {
      case 'run':
        return reconcile(state, act.results, now, rules);
      case 'mute': {
        const until = Math.max(now, state.ranAt ?? 0) + act.minutes * minute;
        return mute(state, { scope: act.scope, until, reason: 'works', by, now }, rules);
      }
      case 'unmute':
        return unmute(state, act.scope, { by, now }, rules);
      case 'open': {
        const said = { title: 'Red', service: 'shop', environment: 'production', apps: ['shop'], remedy: '' };
        return openByHand(state, { ...said, severity: act.severity, by, now }, rules);
      }
      default: {
        const id = ids[act.which % Math.max(1, ids.length)];
        if (id === undefined) return undefined;
        if (act.does === 'acknowledge') return acknowledge(state, id, { by, now }, rules);
        const end = act.does === 'resolve' ? resolve : close;
        return end(state, id, { by, reason: 'done', now }, rules);
      }
    }
  } catch (error) {
    if (error instanceof RefusedError) return undefined;
    throw error;
  }
}

interface Told {
  readonly state: State;
  readonly steps: readonly {
    readonly step: Step;
    readonly before: State;
    readonly act: Act;
    readonly now: number;
  }[];
  readonly recorded: ReadonlyMap<string, IncidentEvent>;
}

/** Plays a story; events of a run that dies are recorded, and recorded again by the next. */
function tell(acts: readonly (readonly [number, Act])[]): Told {
  let state = emptyState;
  let now = start;
  const steps: Told['steps'][number][] = [];
  const recorded = new Map<string, IncidentEvent>();
  for (const [minutes, act] of acts) {
    now += minutes * minute;
    const before = state;
    const step = apply(state, act, now);
    if (step === undefined) continue;
    steps.push({ step, before, act, now });
    state = step.state;
    if (act.does !== 'run') continue;
    for (const event of state.unrecorded) recorded.set(event.id, event);
    if (act.dies) continue;
    const outcomes = state.unsent.flatMap(({ id }, index) => {
      const answer = act.deliveries[index % act.deliveries.length];
      return answer === undefined ? [] : [{ id, delivery: answer }];
    });
    const ids = state.unrecorded.map(({ id }) => id);
    state = settle(state, { recorded: ids, outcomes, taken: state.unsent });
  }
  return { state, steps, recorded };
}

function holds(check: (told: Told) => void): void {
  fc.assert(
    fc.property(story, (acts) => check(tell(acts))),
    { numRuns: 200 },
  );
}

test('whatever happens, the state is one that can be stored and read back', () => {
  holds(({ steps, state }) => {
    for (const each of [state, ...steps.map(({ step }) => step.state)]) {
      expect(stateSchema.parse(JSON.parse(JSON.stringify(each)))).toEqual(each);
    }
  });
});

test('no step touches the state that it was given', () => {
  fc.assert(
    fc.property(story, fc.nat(), (acts, later) => {
      const { state } = tell(acts);
      const copy = structuredClone(state);
      for (const [, act] of acts) apply(state, act, start + later);
      expect(state).toEqual(copy);
    }),
    { numRuns: 50 },
  );
});

test('a subject is in one open incident at most, and what is open holds a subject', () => {
  holds(({ steps }) => {
    for (const { step } of steps) {
      const { subjects, incidents } = step.state;
      for (const { incident } of Object.values(subjects)) {
        if (incident !== undefined) expect(incidents).toHaveProperty([incident]);
      }
      const held = new Set(Object.values(subjects).map(({ incident }) => incident));
      for (const incident of Object.values(incidents)) {
        if (!isOver(incident) && incident.check !== 'manual') expect(held).toContain(incident.id);
      }
      const named = Object.values(incidents)
        .filter((incident) => !isOver(incident) && incident.check !== 'manual')
        .flatMap(({ check, subjects: of, apps }) =>
          of.map((subject) => `${apps.includes(subject) ? 'freshness' : check} ${subject}`),
        );
      expect(new Set(named).size).toBe(named.length);
    }
  });
});

test('nobody is paged of what is muted', () => {
  holds(({ steps }) => {
    for (const { step, act, now } of steps) {
      const at = Math.max(now, step.state.ranAt ?? 0);
      const scopes = step.state.mutes.filter(({ until }) => until > at).map((each) => each.scope);
      if (scopes.length === 0 || act.does === 'unmute') continue;
      for (const { alert } of step.sends) {
        if (alert.kind !== 'trigger') continue;
        const covered = alert.subjects.every((subject) => {
          const isApp = alert.apps.includes(subject);
          const check = alert.check === 'canary' && isApp ? 'freshness' : alert.check;
          return scopes.some((each) => covers(each, { check, app: isApp ? subject : undefined }));
        });
        expect(covered).toBe(false);
      }
    }
  });
});

test('the same step twice gives the same, and a run on its own result nothing', () => {
  holds(({ steps }) => {
    for (const { before, act, now, step } of steps) {
      expect(apply(before, act, now)).toEqual(step);
      if (act.does !== 'run') continue;
      const again = apply(step.state, act, now);
      expect([again?.events, again?.sends]).toEqual([[], []]);
    }
  });
});

test('whoever dies where, no event is lost, doubled or out of order', () => {
  holds(({ steps, state, recorded }) => {
    const events = steps.flatMap(({ step }) => step.events);
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
    const kept = new Map([...recorded, ...state.unrecorded.map((event) => [event.id, event] as const)]);
    expect([...kept.keys()].sort()).toEqual(events.map(({ id }) => id).sort());
    for (const timeline of Map.groupBy(events, ({ incident }) => incident).values()) {
      expect(timeline[0]?.verb).toBe('opened');
      const inOrder = timeline.toSorted((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
      expect(inOrder).toEqual(timeline);
    }
  });
});

test('an alert is queued once, and waits until it is accepted or taken back', () => {
  holds(({ steps }) => {
    const queued = steps.flatMap(({ step }) => step.sends.map(({ id }) => id));
    expect(new Set(queued).size).toBe(queued.length);
  });
});

test('in the end, with all well and every channel there, nothing is left and nobody believes it bad', () => {
  fc.assert(
    fc.property(story, (acts) => {
      const calm = [
        ['shop', 'blog', 'docs', 'mail'].map((app) => fresh(app, 'ok')),
        [finding('canary', 'canary', 'ok')],
        [],
      ];
      const well: Act = {
        does: 'run',
        results: (['freshness', 'canary', 'loss'] as const).map((check, index) => ({
          check,
          findings: calm[index] ?? [],
        })),
        deliveries: [accepted],
        dies: false,
      };
      const end = Array.from({ length: 40 }, () => [5, well] as const);
      const { state, steps } = tell([...acts, ...end]);
      const open = Object.values(state.incidents).filter(({ check }) => check !== 'manual');
      expect([open, state.unsent, state.unrecorded]).toEqual([[], [], []]);
      const last = new Map(
        steps.flatMap(({ step }) =>
          step.sends.map(({ alert, channel }) => [`${channel} ${alert.incident}`, alert] as const),
        ),
      );
      for (const { check, kind, incident } of last.values()) {
        // A trigger that is last was taken back before anybody can have heard of it.
        if (check !== 'manual' && kind === 'trigger') expect(state.incidents).not.toHaveProperty([incident]);
      }
    }),
    { numRuns: 200 },
  );
});
