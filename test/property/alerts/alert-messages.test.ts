import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { snsMessage } from '../../../lib/alerts/aws/sns-channel.ts';
import { pagerDutyEvent } from '../../../lib/alerts/channels/pagerduty-channel.ts';
import { slackMessage } from '../../../lib/alerts/channels/slack-channel.ts';
import { messageId, webhookPayload } from '../../../lib/alerts/channels/webhook-channel.ts';
import { cut, duration, oneLine } from '../../../lib/base/text.ts';
import { incidentChecks, severities } from '../../../lib/findings/severity.ts';
import { type Alert, alert as alertSchema } from '../../../lib/incidents/alert.ts';
import { incident } from '../../support/alerts.ts';
import { pagerDutyProblem } from '../../support/fake-pagerduty.ts';
import { markupOf, slackProblem } from '../../support/fake-slack.ts';
import { snsProblem } from '../../support/fake-sns.ts';

/** Anything that could stand in a text: long, empty, control characters, markup, half characters. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.constantFrom('', '<!channel>', '&amp;', '\ud800', '`*_~`', '\r\n\u2028', '🔥'),
  fc
    .tuple(
      fc.constantFrom('x', '&', '<', '🔥', '\u0000', '"', '\\', '*', 'é'),
      fc.integer({ min: 1, max: 50_000 }),
    )
    .map(([unit, times]) => unit.repeat(times)),
);
const names = fc.oneof(
  fc.array(text, { maxLength: 5 }),
  fc.constant(Array.from({ length: 500 }, () => '🔥'.repeat(300))),
);
const when = fc.integer({ min: 0, max: 4e12 });

const anyAlert: fc.Arbitrary<Alert> = fc
  .record(
    {
      kind: fc.constantFrom('trigger', 'acknowledge', 'resolve'),
      reason: fc.constantFrom('opened', 'escalated', 'reminder', 'fallback', 'repeated', 'resolved', 'test'),
      incident: fc.constant(incident()),
      severity: fc.constantFrom(...severities),
      check: fc.constantFrom(...incidentChecks),
      subjects: names,
      apps: names,
      stage: fc.constantFrom('prod', 'a-stage-of-20-letters'),
      environment: fc.constant('production'),
      title: text,
      remedy: text,
      since: when,
      at: when,
      lastObject: text,
      command: text,
      contact: text,
      runbookUrl: fc.constant('https://wiki.example.com/cistern/freshness'),
      lastedMs: fc.integer({ min: 0, max: 1e10 }),
      test: fc.constant(true),
    },
    {
      requiredKeys: [
        'kind',
        'reason',
        'incident',
        'severity',
        'check',
        'subjects',
        'apps',
        'stage',
        'environment',
        'title',
        'remedy',
        'since',
        'at',
        'command',
      ],
    },
  )
  .map((input) => alertSchema.parse(input));

describe('whatever an alert says', () => {
  it('PagerDuty takes it', () => {
    fc.assert(
      fc.property(anyAlert, (alert) => {
        expect(pagerDutyProblem(JSON.stringify(pagerDutyEvent(alert, 'R'.repeat(32))))).toBeUndefined();
      }),
    );
  });

  it('Slack takes it, and finds no markup of an outsider in it', () => {
    fc.assert(
      fc.property(anyAlert, (alert) => {
        const body = JSON.stringify(slackMessage(alert));
        expect(slackProblem(body)).toBeUndefined();
        expect(markupOf(body)).toEqual([]);
      }),
    );
  });

  it('SNS takes it', () => {
    fc.assert(
      fc.property(anyAlert, (alert) => {
        const { Subject, Message, MessageAttributes = {} } = snsMessage(alert);
        const attributes = Object.entries(MessageAttributes).map(([name, { DataType, StringValue }]) => [
          name,
          { type: DataType ?? '', value: StringValue ?? '' },
        ]);
        const message: Record<string, string> = JSON.parse(Message ?? '');
        const sent = { subject: Subject ?? '', message, attributes: Object.fromEntries(attributes) };
        expect(snsProblem(sent)).toBeUndefined();
        expect(message['sms']?.length).toBeLessThanOrEqual(140);
        expect(() => JSON.parse(message['sqs'] ?? '')).not.toThrow();
      }),
    );
  });

  it('a webhook stays below the size that receivers expect, and its id without a full stop', () => {
    fc.assert(
      fc.property(anyAlert, (alert) => {
        expect(Buffer.byteLength(JSON.stringify(webhookPayload(alert)))).toBeLessThan(20_000);
        expect(messageId(alert)).toMatch(/^msg_[0-9a-f]{32}$/);
      }),
    );
  });
});

describe('texts', () => {
  it('are cut to their length and never inside a character', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 40 }),
        fc.integer({ min: 1, max: 40 }),
        (whole, max) => {
          const shown = cut(whole, max);
          expect(shown.length).toBeLessThanOrEqual(max);
          expect(shown.isWellFormed()).toBe(true);
          if (shown !== whole) expect(shown.endsWith('…')).toBe(true);
        },
      ),
    );
  });

  it('are one line without control characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (any) => {
        expect(oneLine(any)).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u);
      }),
    );
  });

  it.each([
    [0, '0 s'],
    [999, '1 s'],
    [61_000, '1 min 1 s'],
    [3_600_000, '1 h'],
    [3_605_000, '1 h'],
    [90_060_000, '1 d 1 h'],
    [-5, '0 s'],
  ])('say how long %i ms are: %s', (ms, words) => {
    expect(duration(ms)).toBe(words);
  });
});
