import { expect, test } from 'vitest';
import { assumptions } from '../../../lib/cost/assumptions.ts';
import { gather, messageBytes } from '../../../lib/cost/objects.ts';
import { Random } from '../../support/random.ts';

interface Traffic {
  /** Batches a second, of all apps. */
  readonly rate: number;
  readonly apps: number;
  readonly windowSeconds: number;
  readonly memberBytes: number;
}

/** Objects for each batch, of batches that arrive at random at five pollers, each collecting its own event. */
function simulate({ rate, apps, windowSeconds, memberBytes }: Traffic, batches: number): number {
  const random = new Random(7);
  const most = Math.floor(
    assumptions.eventBytes / (messageBytes(memberBytes) + assumptions.eventRecordBytes),
  );
  const pollers = Array.from({ length: 5 }, () => ({ closesAt: 0, members: 0, objects: new Set<string>() }));
  let now = 0;
  let objects = 0;
  for (let n = 0; n < batches; n += 1) {
    now += -Math.log(1 - random.next()) / rate;
    const poller = pollers[random.between(0, 4)];
    if (poller === undefined) throw new Error('a poller is missing');
    if (poller.members === most || now > poller.closesAt) {
      objects += poller.objects.size;
      poller.members = 0;
      poller.objects.clear();
      poller.closesAt = now + windowSeconds;
    }
    poller.members += 1;
    poller.objects.add(`${random.between(1, apps)} ${Math.floor(now / 3600)}`);
  }
  return (objects + pollers.reduce((sum, each) => sum + each.objects.size, 0)) / batches;
}

test.each<Traffic>([
  { rate: 0.05, apps: 1, windowSeconds: 30, memberBytes: 20_000 },
  { rate: 1, apps: 1, windowSeconds: 30, memberBytes: 20_000 },
  { rate: 0.4, apps: 5, windowSeconds: 30, memberBytes: 20_000 },
  { rate: 0.4, apps: 5, windowSeconds: 300, memberBytes: 20_000 },
  { rate: 20, apps: 20, windowSeconds: 30, memberBytes: 20_000 },
  { rate: 200, apps: 20, windowSeconds: 30, memberBytes: 20_000 },
  { rate: 10, apps: 1, windowSeconds: 30, memberBytes: 20_000 },
  { rate: 2, apps: 3, windowSeconds: 60, memberBytes: 700_000 },
])('the formula for objects agrees with a simulation: $rate/s of $apps apps, $windowSeconds s', (traffic) => {
  const batches = traffic.rate * assumptions.monthSeconds;
  const { objects } = gather({ ...traffic, delivery: 'buffered', batches, concurrency: 5 });
  const simulated = simulate(traffic, 200_000);
  // An event's members vary, which makes a little fewer objects of them than their mean would.
  expect(objects / batches / simulated).toBeGreaterThan(0.97);
  expect(objects / batches / simulated).toBeLessThan(1.12);
});
