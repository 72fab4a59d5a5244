import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Channel } from '../../../lib/alerts/channels/channel.ts';
import type { Alert, Delivery } from '../../../lib/incidents/alert.ts';
import { acknowledgement, anAlert, recovery } from '../../support/alerts.ts';
import type { FakeService } from '../../support/fake-service.ts';

export interface ChannelRig {
  readonly channel: Channel;
  readonly service: FakeService<string>;
  /** Alerts that the service has taken, each time it was given one. */
  taken(): number;
  /** What must not be in an error. */
  readonly secrets: readonly string[];
}

/** What every channel must do. `make` opens one to a service that takes alerts. */
export function channelContract(name: string, make: () => Promise<ChannelRig>): void {
  describe(`${name} keeps the contract of a channel`, () => {
    let rig: ChannelRig;
    const deliver = (alert = anAlert(), signal = AbortSignal.timeout(10_000)) =>
      rig.channel.deliver(alert, signal);

    beforeEach(async () => {
      rig = await make();
    });
    afterEach(() => rig.service.close());

    /** Errors are stored, shown and sent to other channels. */
    function expectNoSecret(delivery: Delivery): void {
      const text = JSON.stringify(delivery);
      for (const secret of rig.secrets) expect(text).not.toContain(secret);
    }

    it('gives over a trigger, an acknowledgement and a resolve', async () => {
      for (const alert of [anAlert(), acknowledgement(), recovery()]) {
        expect(await deliver(alert)).toEqual({ outcome: 'accepted' });
      }

      expect(rig.taken()).toBe(3);
    });

    it('may give over the same alert again', async () => {
      expect(await deliver()).toEqual({ outcome: 'accepted' });
      expect(await deliver()).toEqual({ outcome: 'accepted' });
    });

    it('tells that nothing arrived where nobody listens', async () => {
      await rig.service.close();

      const delivery = await deliver();

      expect(delivery).toMatchObject({ outcome: 'retry', mayHaveArrived: false, busy: false });
      expectNoSecret(delivery);
    });

    it('ends when it is told to, and does not know whether the alert arrived', async () => {
      rig.service.always({ hang: true });
      const controller = new AbortController();

      const delivering = deliver(anAlert(), controller.signal);
      await rig.service.arrived(1);
      controller.abort(new DOMException('time is up', 'TimeoutError'));

      const delivery = await delivering;
      expect(delivery).toMatchObject({ outcome: 'retry', mayHaveArrived: true, busy: false });
      expectNoSecret(delivery);
    });

    it('does not know whether the alert arrived when the answer is lost', async () => {
      rig.service.always({ loseResponse: true });

      const delivery = await deliver();

      expect(delivery).toMatchObject({ outcome: 'retry', mayHaveArrived: true, busy: false });
      expect(rig.taken()).toBeGreaterThan(0);
      expectNoSecret(delivery);
    });

    it.each([500, 502, 503, 504])('tries again after %i', async (status) => {
      rig.service.always({ status, code: rig.secrets[0] ?? 'InternalError' });

      const delivery = await deliver();

      expect(delivery).toMatchObject({ outcome: 'retry', mayHaveArrived: true, busy: false });
      expect(JSON.stringify(delivery)).toContain(String(status));
      expectNoSecret(delivery);
    });

    it('leaves the service alone when that asks for it', async () => {
      rig.service.always({ status: 429, code: rig.secrets[0] ?? 'Throttled' });

      const delivery = await deliver();

      expect(delivery).toMatchObject({ outcome: 'retry', mayHaveArrived: false, busy: true });
      expectNoSecret(delivery);
    });

    it.each([400, 401, 403, 404, 410])('is rejected by %i', async (status) => {
      rig.service.always({ status, code: rig.secrets[0] ?? 'Refused' });

      const delivery = await deliver();

      expect(delivery.outcome).toBe('rejected');
      expect(JSON.stringify(delivery)).toContain(String(status));
      expectNoSecret(delivery);
    });

    it.each([301, 302, 303, 307, 308])('follows no redirect (%i)', async (status) => {
      rig.service.always({ status });

      const delivery = await deliver();

      expect(delivery.outcome).toBe('rejected');
      expect(rig.service.requests.map(({ method }) => method)).toEqual(['POST']);
      expectNoSecret(delivery);
    });

    it('reads no more of an answer than it needs', async () => {
      rig.service.next({ status: 400, code: 'x'.repeat(5_000_000) });

      const delivery = await deliver();

      expect(JSON.stringify(delivery).length).toBeLessThan(1_000);
    });

    it.each(hostile)('gives over %s', async (_, alert) => {
      expect(await deliver(alert)).toEqual({ outcome: 'accepted' });
    });
  });
}

const hostileText = 'a\r\nBcc: x\u0000\u001b[31m\u202e <!channel> & "quoted" `code` *bold* ünï 🔥 \ud800';

const hostile: [string, Alert][] = [
  [
    'control characters and markup',
    anAlert({ title: hostileText, remedy: hostileText, contact: hostileText }),
  ],
  ['nothing but emoji', anAlert({ title: '🔥'.repeat(3_000), command: '🔥'.repeat(3_000) })],
  ['very long texts', anAlert({ title: '&'.repeat(100_000), remedy: '<'.repeat(100_000) })],
  [
    'a thousand subjects',
    anAlert({
      subjects: Array.from({ length: 1_000 }, (_, i) => `app-${i}-${'x'.repeat(200)}`),
      apps: Array.from({ length: 1_000 }, (_, i) => `app-${i}`),
    }),
  ],
  ['an alert about nothing', anAlert({ title: '', remedy: '', command: '', subjects: [], apps: [] })],
];
