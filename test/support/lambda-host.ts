/**
 * A process that holds one Lambda execution environment: it imports a bundle, then hands it the events that
 * its parent sends, one after the other.
 */
import { pathToFileURL } from 'node:url';
import * as z from 'zod';

const bundle = z.object({ handler: z.function({ input: [z.unknown()], output: z.promise(z.unknown()) }) });

const order = z.union([
  /** Invokes the handler. */
  z.object({ event: z.unknown() }),
  /** Sets the clock forward, as if the environment had been frozen so long. */
  z.object({ frozenMs: z.number() }),
]);

const realNow = Date.now;
let frozenMs = 0;
Date.now = () => realNow() + frozenMs;
const { handler } = bundle.parse({ ...(await import(pathToFileURL(process.argv[2] ?? '').href)) });

process.on('message', async (message) => {
  const received = order.parse(message);
  if ('frozenMs' in received) frozenMs += received.frozenMs;
  const result = 'event' in received ? await handler(received.event) : undefined;
  process.send?.({ result, at: realNow() });
});
process.send?.({ result: 'ready', at: realNow() });
