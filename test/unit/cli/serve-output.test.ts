import { PassThrough } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { serveOutput } from '../../../cli/serve/output.ts';
import { RoundTeller } from '../../../cli/serve/report.ts';
import { emptyState, type State } from '../../../lib/incidents/state.ts';
import type { Round } from '../../../lib/jobs/watch-round.ts';
import type { Sample } from '../../../lib/metrics/counters.ts';
import type { DeliveryMode } from '../../../lib/receiver/delivery.ts';
import { anAlert, queued } from '../../support/alerts.ts';

/** What `serve` writes, to a terminal or to anything else. */
function output(isTTY: boolean, delivery: DeliveryMode = 'direct') {
  const stream = Object.assign(new PassThrough(), { isTTY });
  const written = () => String(stream.read() ?? '');
  return { out: serveOutput(delivery, stream as unknown as NodeJS.WriteStream), written };
}

function sample(app: string, counts: Sample['counts']): Sample {
  return { app, counts } as Sample;
}

const stored = { batches: 1, messages: 3, bytes: 322, latency: 2 };

describe('serve on a terminal', () => {
  it("leaves out the watch's own batches as long as all is well with them", () => {
    const { out, written } = output(true);

    out.record(sample('cistern-canary', stored));
    expect(written()).toBe('');

    out.record(sample('cistern-canary', { undelivered: 1 }));
    expect(stripVTControlCharacters(written())).toMatch(/^\d\d:\d\d:\d\dZ {2}cistern-canary +undelivered\n$/);
    out.record(sample('shop', stored));
    expect(written()).toMatch(/shop +3 messages +322 bytes/);
  });

  it('remarks that a batch was spooled where that is not what every batch does', () => {
    const direct = output(true, 'direct');
    const buffered = output(true, 'buffered');
    for (const { out } of [direct, buffered]) {
      out.record(sample('shop', { ...stored, spooled: 1 }));
      out.record(sample('cistern-canary', { ...stored, spooled: 1 }));
    }
    expect(direct.written().match(/spooled/g)).toHaveLength(2);
    expect(buffered.written()).toMatch(/^\S+ {2}shop +3 messages +322 bytes +2 ms\n$/);

    buffered.out.record(sample('shop', stored));
    expect(buffered.written()).toContain('not spooled');
  });

  it('says of an incident what it is and what to do, whatever its title holds', () => {
    const { out, written } = output(true);
    const fields = { incident: 'inc_x', title: 'shop\u001b[2J is silent', severity: 'P1', remedy: 'Run `x`' };

    out.incident({ verb: 'opened', trouble: true, fields });

    const raw = written();
    expect(raw).not.toContain('\u001b[2J');
    const lines = stripVTControlCharacters(raw).split('\n');
    expect(lines[0]).toMatch(/^\S+ {2}P1 opened: shop.*is silent {2}inc_x$/);
    expect(lines[1]).toBe('           → Run `x`');
  });
});

describe('serve for anything but a terminal', () => {
  const lines = (text: string) => text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));

  it("keeps the watch's own batches among the JSON lines", async () => {
    const { out, written } = output(false);

    out.record(sample('cistern-canary', stored));
    await setImmediate();

    expect(lines(written())).toMatchObject([{ message: 'request', app: 'cistern-canary', messages: 3 }]);
  });

  it('says things in the order in which they happened, each request once', async () => {
    const { out, written } = output(false);

    out.record(sample('shop', stored));
    out.record(sample('blog', stored));
    out.warn('the store is slow');
    out.record(sample('shop', stored));
    await setImmediate();
    out.record(sample('blog', stored));
    await setImmediate();

    expect(lines(written()).map(({ app, message }) => app ?? message)).toEqual([
      ...['shop', 'blog', 'the store is slow', 'shop', 'blog'],
    ]);
  });
});

describe('RoundTeller', () => {
  const round = (unsent: State['unsent']): Round => ({
    results: [],
    events: [],
    outcomes: [],
    state: { ...emptyState, unsent },
  });

  it('tells once that a channel takes no alerts, again when the reason changes, and that it is over', () => {
    const { out, written } = output(false);
    const teller = new RoundTeller(out);
    const failing = (id: string, lastError: string) => ({ ...queued('hook', anAlert(), { lastError }), id });
    const messages = () =>
      written()
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line));

    teller.tell(round([failing('a', 'answered 500'), failing('b', 'answered 500')]));
    expect(messages()).toMatchObject([{ level: 'warn', channel: 'hook', alerts: 2, why: 'answered 500' }]);
    teller.tell(round([failing('a', 'answered 500'), failing('b', 'answered 500')]));
    expect(messages()).toEqual([]);
    teller.tell(round([failing('b', 'no answer')]));
    expect(messages()).toMatchObject([{ why: 'no answer' }]);
    teller.tell(round([]));
    expect(messages()).toMatchObject([{ level: 'info', channel: 'hook' }]);
  });
});
