import { expect } from 'vitest';
import { canaryApp } from '../../lib/drains/canary-app.ts';
import type { Finding } from '../../lib/findings/finding.ts';
import { ReceiverServer } from '../../lib/receiver/http-server.ts';
import { type CanaryOptions, canaryCheck, canarySubject } from '../../lib/watch/checks/canary/canary.ts';
import { type ReceiverHarness, sharedSecret } from './receiver.ts';

/** The one finding of a canary that is let out now, checked for what every one has to be. */
export async function lookOnce(
  options: CanaryOptions,
  signal: AbortSignal = new AbortController().signal,
): Promise<Finding> {
  const findings = await canaryCheck(options).look({
    now: Date.now(),
    signal,
    remembered: () => undefined,
    rememberedSubjects: () => [],
  });
  const [finding] = findings ?? [];
  if (finding === undefined || findings?.length !== 1) throw new Error('the canary says one thing');
  expect(finding).toMatchObject({ check: 'canary', subject: canarySubject });
  expect(JSON.stringify(finding)).not.toContain(sharedSecret);
  return finding;
}

/** The canary's drain URL at an origin such as `127.0.0.1:8080`. */
export function canaryUrl(origin: string): string {
  return `http://drain:${sharedSecret}@${origin}/${canaryApp}`;
}

/** A receiver on a port of its own, for a canary to be sent to. */
export async function listen(
  receiver: ReceiverHarness,
): Promise<{ readonly url: string; readonly server: ReceiverServer }> {
  const server = new ReceiverServer(receiver);
  const port = await server.listen(0, '127.0.0.1');
  return { url: canaryUrl(`127.0.0.1:${port}`), server };
}
