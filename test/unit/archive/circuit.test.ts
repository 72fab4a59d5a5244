import { beforeEach, describe, expect, test } from 'vitest';
import { Circuit, type CircuitSwitch } from '../../../lib/archive/store/circuit.ts';

const intervalMs = 5_000;
const fast = 3;
const slow = 500;

let now: number;
let switches: CircuitSwitch[];
let circuit: Circuit;
beforeEach(() => {
  now = 1_000;
  switches = [];
  circuit = new Circuit(
    (to) => switches.push(to),
    () => now,
  );
});

function open(): void {
  circuit.failed(slow);
}

describe('a circuit opens', () => {
  test('at the third failure running', () => {
    circuit.failed(fast);
    circuit.failed(fast);
    expect(circuit.admit()).toBe('freely');
    circuit.failed(fast);
    expect(circuit.admit()).toBe('not');
    expect(switches).toEqual(['opened']);
  });

  test('not at failures with successes between them', () => {
    for (let n = 0; n < 10; n += 1) {
      circuit.failed(fast);
      circuit.failed(fast);
      circuit.succeeded();
    }
    expect(circuit.closed).toBe(true);
    expect(switches).toEqual([]);
  });

  test.each([
    [slow, false],
    [slow - 1, true],
  ])('or stays closed, at one failure that took %i ms', (tookMs, closed) => {
    circuit.failed(tookMs);
    expect(circuit.closed).toBe(closed);
  });

  test('once, however many requests that were under way fail after it', () => {
    for (let n = 0; n < 50; n += 1) circuit.failed(slow);
    expect(switches).toEqual(['opened']);
    now += intervalMs;
    expect(circuit.admit(), 'they did not put the probe off').toBe('probe');
  });
});

describe('an open circuit', () => {
  test('gives out one probe an interval', () => {
    open();
    now += intervalMs - 1;
    expect(circuit.admit()).toBe('not');
    now += 1;
    expect([circuit.admit(), circuit.admit(), circuit.admit()]).toEqual(['probe', 'not', 'not']);
    circuit.failed(slow);
    expect(circuit.admit()).toBe('not');
    now += intervalMs;
    expect([circuit.admit(), circuit.admit()]).toEqual(['probe', 'not']);
    expect(switches).toEqual(['opened']);
  });

  test('gives out the next probe also when nobody says how the last one went', () => {
    open();
    now += intervalMs;
    expect(circuit.admit()).toBe('probe');
    now += intervalMs;
    expect(circuit.admit()).toBe('probe');
  });

  test('closes when a probe succeeds, and then takes three failures to open again', () => {
    open();
    now += intervalMs;
    circuit.admit();
    circuit.succeeded();
    expect(circuit.admit()).toBe('freely');
    circuit.failed(fast);
    circuit.failed(fast);
    expect(circuit.closed).toBe(true);
    expect(switches).toEqual(['opened', 'closed']);
  });

  test('closes when a request succeeds that was under way before', () => {
    open();
    circuit.succeeded();
    expect(circuit.admit()).toBe('freely');
    expect(switches).toEqual(['opened', 'closed']);
  });
});

test('a listener that throws changes nothing', () => {
  const deaf = new Circuit(
    () => {
      throw new Error('no listening today');
    },
    () => now,
  );
  deaf.failed(slow);
  expect(deaf.admit()).toBe('not');
  deaf.succeeded();
  expect(deaf.admit()).toBe('freely');
});
