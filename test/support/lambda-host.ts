/**
 * A process that holds one Lambda execution environment: it imports a bundle, then hands it the events that
 * its parent sends, one after the other.
 */
import { pathToFileURL } from 'node:url';

/** What the parent sends: an event for the handler, or for how long the environment is as if frozen. */
export interface HostOrder {
  readonly event?: unknown;
  readonly frozenMs?: number;
  /** Time that is skipped by every clock, the steady one too, which stands still in a frozen environment. */
  readonly skippedMs?: number;
  /** What the function may take, in milliseconds; left out, ten seconds. */
  readonly timeoutMs?: number;
}

/** What it gets back when that is done; at first, when the bundle has been imported. */
export interface HostReport {
  readonly result?: unknown;
  /** Milliseconds since 1970, frozen time apart. */
  readonly at: number;
}

const realNow = Date.now;
const realSteadyNow = performance.now.bind(performance);
let frozenMs = 0;
let skippedMs = 0;
Date.now = () => realNow() + frozenMs + skippedMs;
performance.now = () => realSteadyNow() + skippedMs;

/** As much of Lambda's context as handlers use. */
interface HostContext {
  getRemainingTimeInMillis(): number;
}

const bundle: { handler(event: unknown, context: HostContext): Promise<unknown> } = await import(
  pathToFileURL(process.argv[2] ?? '').href
);

process.on('message', async (order: HostOrder) => {
  const { event, timeoutMs = 10_000 } = order;
  frozenMs += order.frozenMs ?? 0;
  skippedMs += order.skippedMs ?? 0;
  const deadline = performance.now() + timeoutMs;
  const context = { getRemainingTimeInMillis: () => Math.max(0, deadline - performance.now()) };
  report({ result: event === undefined ? undefined : await bundle.handler(event, context), at: realNow() });
});
report({ at: realNow() });

function report(done: HostReport): void {
  process.send?.(done);
}
