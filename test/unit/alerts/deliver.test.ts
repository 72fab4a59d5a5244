import { describe, expect, it } from 'vitest';
import type { Channel } from '../../../lib/alerts/channels/channel.ts';
import { deliverAll } from '../../../lib/alerts/deliver.ts';
import type { Alert, Delivery } from '../../../lib/incidents/alert.ts';
import { acknowledgement, anAlert, incident, queued, recovery } from '../../support/alerts.ts';

const accepted: Delivery = { outcome: 'accepted' };
const rejected: Delivery = { outcome: 'rejected', error: 'a wrong key' };
const away: Delivery = { outcome: 'retry', error: 'away', mayHaveArrived: false, busy: false };
const busy: Delivery = { ...away, error: 'busy', busy: true };

/** Remembers what it was given, and answers as it is told. */
class FakeChannel implements Channel {
  readonly given: Alert[] = [];
  readonly name: string;
  readonly #answer: (alert: Alert, signal: AbortSignal) => Delivery | Promise<Delivery>;

  constructor(name: string, answer: (alert: Alert, signal: AbortSignal) => Delivery | Promise<Delivery>) {
    this.name = name;
    this.#answer = answer;
  }

  async deliver(alert: Alert, signal: AbortSignal): Promise<Delivery> {
    this.given.push(alert);
    return this.#answer(alert, signal);
  }
}

const limits = { until: 60_000, now: () => 0 };

function channels(...all: FakeChannel[]): ReadonlyMap<string, Channel> {
  return new Map(all.map((channel) => [channel.name, channel]));
}

const [first, second] = [incident('aaaaaa'), incident('bbbbbb')];

describe('deliverAll', () => {
  it('gives over everything, each incident in order, and says of each what became of it', async () => {
    const chat = new FakeChannel('chat', () => accepted);
    const unsent = [anAlert(), acknowledgement(), recovery()].map((alert) => queued('chat', alert));

    const outcomes = await deliverAll(unsent, channels(chat), { until: 60_000, now: () => 7 });

    expect(chat.given.map(({ kind }) => kind)).toEqual(['trigger', 'acknowledge', 'resolve']);
    expect(outcomes).toEqual(unsent.map(({ id }) => ({ id, delivery: accepted, at: 7 })));
  });

  it.each([
    ['away', away],
    ['rejecting', rejected],
  ])('holds the later alerts of an incident behind one that was not accepted (%s)', async (_, answer) => {
    const chat = new FakeChannel('chat', ({ incident: id }) => (id === first ? answer : accepted));
    const unsent = [
      queued('chat', anAlert({ incident: first })),
      queued('chat', anAlert({ incident: second })),
      queued('chat', recovery({ incident: first })),
      queued('chat', recovery({ incident: second })),
    ];

    const outcomes = await deliverAll(unsent, channels(chat), limits);

    expect(outcomes.map(({ id, delivery }) => [id, delivery.outcome])).toEqual([
      [unsent[0]?.id, answer.outcome],
      [unsent[1]?.id, 'accepted'],
      [unsent[3]?.id, 'accepted'],
    ]);
  });

  it('does not let one channel hold the same incident on another', async () => {
    const dead = new FakeChannel('dead', () => away);
    const chat = new FakeChannel('chat', () => accepted);
    const unsent = ['dead', 'chat'].flatMap((name) => [queued(name, anAlert()), queued(name, recovery())]);

    await deliverAll(unsent, channels(dead, chat), limits);

    expect(dead.given).toHaveLength(1);
    expect(chat.given).toHaveLength(2);
  });

  it('does not wait with one channel for another that hangs', async () => {
    const hanging = Promise.withResolvers<Delivery>();
    const chatDone = Promise.withResolvers<void>();
    const hung = new FakeChannel('hung', () => hanging.promise);
    const chat = new FakeChannel('chat', ({ kind }) => {
      if (kind === 'resolve') chatDone.resolve();
      return accepted;
    });
    const unsent = [queued('hung', anAlert()), queued('chat', anAlert()), queued('chat', recovery())];

    const delivering = deliverAll(unsent, channels(hung, chat), limits);
    await chatDone.promise;
    hanging.resolve(accepted);

    expect(await delivering).toHaveLength(3);
  });

  it('leaves a busy channel alone for the rest of the run', async () => {
    const chat = new FakeChannel('chat', () => busy);
    const unsent = [first, second].map((id) => queued('chat', anAlert({ incident: id })));

    const outcomes = await deliverAll(unsent, channels(chat), limits);

    expect(outcomes.map(({ id }) => id)).toEqual([unsent[0]?.id]);
  });

  it('rejects what is for a channel that is no longer configured, by name', async () => {
    const outcomes = await deliverAll([queued('gone', anAlert())], channels(), limits);

    expect(outcomes).toMatchObject([
      { delivery: { outcome: 'rejected', error: expect.stringContaining('no channel gone') } },
    ]);
  });

  it('starts nothing when the time is nearly up', async () => {
    let now = 0;
    const chat = new FakeChannel('chat', () => {
      now += 2_000;
      return accepted;
    });
    const unsent = Array.from({ length: 10 }, (_, i) =>
      queued('chat', anAlert({ incident: incident(`aaaaa${i}`) })),
    );

    const outcomes = await deliverAll(unsent, channels(chat), { until: 5_000, now: () => now });

    // At 0, 2 and 4 s: a second was left then, and none at 6.
    expect(outcomes).toHaveLength(3);
  });

  it('starts nothing once it is told to stop', async () => {
    const chat = new FakeChannel('chat', () => accepted);

    const outcomes = await deliverAll([queued('chat', anAlert())], channels(chat), {
      ...limits,
      signal: AbortSignal.abort(),
    });

    expect(outcomes).toEqual([]);
    expect(chat.given).toEqual([]);
  });

  it('ends an attempt in time, and goes on with the next incident', async () => {
    const chat = new FakeChannel('chat', async (alert, signal) => {
      if (alert.incident === second) return accepted;
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      return { ...away, error: String(signal.reason.name) };
    });
    const unsent = [first, second].map((id) => queued('chat', anAlert({ incident: id })));

    const outcomes = await deliverAll(unsent, channels(chat), { ...limits, attemptMs: 10 });

    expect(outcomes.map(({ delivery }) => delivery)).toEqual([{ ...away, error: 'TimeoutError' }, accepted]);
  });

  it('leaves a channel behind that does not end when it is told to', async () => {
    const chat = new FakeChannel('chat', () => new Promise<Delivery>(() => undefined));

    const outcomes = await deliverAll([queued('chat', anAlert())], channels(chat), {
      ...limits,
      attemptMs: 10,
    });

    expect(outcomes).toMatchObject([{ delivery: { outcome: 'retry', mayHaveArrived: true, busy: false } }]);
  });

  it('ends attempts that are under way when it is told to stop', async () => {
    const stop = new AbortController();
    const chat = new FakeChannel('chat', (_, signal) => {
      stop.abort();
      return { ...away, error: `aborted: ${signal.aborted}` };
    });
    const unsent = [first, second].map((id) => queued('chat', anAlert({ incident: id })));

    const outcomes = await deliverAll(unsent, channels(chat), { ...limits, signal: stop.signal });

    expect(outcomes.map(({ delivery }) => delivery)).toEqual([{ ...away, error: 'aborted: true' }]);
  });

  it('survives a channel that throws, without its words, which may hold a secret', async () => {
    const chat = new FakeChannel('chat', () => {
      throw new TypeError('Bearer s3cret');
    });

    const outcomes = await deliverAll([queued('chat', anAlert())], channels(chat), limits);

    expect(outcomes).toMatchObject([{ delivery: { outcome: 'retry', mayHaveArrived: true } }]);
    expect(JSON.stringify(outcomes)).not.toContain('s3cret');
  });
});
