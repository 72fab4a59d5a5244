import fc from 'fast-check';
import { expect, test } from 'vitest';
import { severities } from '../../../lib/findings/severity.ts';
import type { IncidentEvent } from '../../../lib/incidents/incident.ts';
import { durationsOf } from '../../../lib/incidents/records/durations.ts';
import { foldTimeline, isOverdue, statusAt } from '../../../lib/incidents/records/record.ts';
import { event, oneOfEach, openedAt } from '../../support/incident-events.ts';

/** Any events at all, in any order, some at the same time, some under the same id. */
const anyEvent: fc.Arbitrary<IncidentEvent> = fc
  .record({
    sample: fc.constantFrom(...oneOfEach),
    id: fc.integer({ min: 0, max: 40 }),
    after: fc.integer({ min: 0, max: 20 }),
    severity: fc.constantFrom(...severities),
    name: fc.constantFrom('f1', 'f2', 'f3'),
  })
  .map(({ sample, id, after, severity, name }) => {
    const common = { id: `e-${id}`, at: openedAt + after };
    switch (sample.verb) {
      case 'opened':
      case 'reopened':
        return { ...sample, ...common, severity };
      case 'escalated':
        return { ...sample, ...common, to: severity };
      case 'follow-up-added':
      case 'follow-up-done':
        return { ...sample, ...common, followUp: name };
      case 'artifact-attached':
        return { ...sample, ...common, name: `${name}.txt` };
      case 'widened':
        return { ...sample, ...common, subjects: [name], apps: [name] };
      default:
        return { ...sample, ...common };
    }
  });
const anyTimeline = fc.array(anyEvent, { maxLength: 25 });

test('a record does not depend on the order of events, nor on how often each is there', () => {
  const shuffledToo = anyTimeline.chain((events) =>
    fc.record({
      events: fc.constant(events),
      repeats: fc.subarray(events),
    }),
  );
  fc.assert(
    fc.property(
      shuffledToo.chain(({ events, repeats }) =>
        fc.record({
          events: fc.constant(events),
          shuffled: fc.shuffledSubarray([...events, ...repeats], {
            minLength: events.length + repeats.length,
          }),
        }),
      ),
      ({ events, shuffled }) => {
        expect(foldTimeline(shuffled)).toEqual(foldTimeline(events));
      },
    ),
  );
});

test('a fold never throws, and its record makes sense', () => {
  fc.assert(
    fc.property(anyTimeline, fc.boolean(), (events, opens) => {
      const incident = foldTimeline(opens ? [event('opened', { at: openedAt }), ...events] : events);
      if (incident === undefined) {
        expect(events.some(({ verb }) => verb === 'opened') || opens).toBe(false);
        return;
      }
      expect(severities.indexOf(incident.worst)).toBeLessThanOrEqual(severities.indexOf(incident.severity));
      for (const duration of Object.values(durationsOf(incident))) {
        expect(duration).toBeGreaterThanOrEqual(0);
      }
      const over = [incident.mitigatedAt, incident.resolvedAt, incident.closedAt].some(
        (at) => at !== undefined,
      );
      expect(over).toBe(!['open', 'acknowledged'].includes(incident.status));
      expect(new Set(incident.events.map(({ id, verb }) => `${id} ${verb}`)).size).toBe(
        incident.events.length,
      );
      expect(new Set(incident.followUps.map(({ id }) => id)).size).toBe(incident.followUps.length);
      for (const followUp of incident.followUps) {
        expect(isOverdue(followUp, Date.parse(`${followUp.due}T23:59:59Z`))).toBe(false);
      }
      expect(statusAt(incident, Number.MAX_SAFE_INTEGER)).not.toBe('acknowledged');
    }),
  );
});
