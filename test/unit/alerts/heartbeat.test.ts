import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { healthy, ping } from '../../../lib/alerts/heartbeat.ts';
import { anAlert, at, queued } from '../../support/alerts.ts';
import { type FakeService, startFakeService } from '../../support/fake-service.ts';

const minute = 60_000;

describe('healthy', () => {
  const unsentSince = (queuedAt: number) => ({ unsent: [queued('chat', anAlert(), { queuedAt })] });

  it('is a state that was stored, with nothing unsent for more than ten minutes', () => {
    expect(healthy({ unsent: [] }, at)).toBe(true);
    expect(healthy(unsentSince(at - 10 * minute), at)).toBe(true);
    expect(healthy(unsentSince(at - 10 * minute - 1), at)).toBe(false);
  });

  it('is not a state that was not stored', () => {
    expect(healthy(undefined, at)).toBe(false);
  });
});

describe('ping', () => {
  const loopback = { loopbackHttp: true } as const;
  let service: FakeService<'ping'>;
  const paths = () => service.requests.map(({ method, path, query }) => `${method} ${path}?${query}`);

  beforeEach(async () => {
    service = await startFakeService<'ping'>({
      identify: () => ({ operation: 'ping', key: '' }),
      perform: () => ({ status: 200, body: 'OK' }),
      error: (status) => ({ status, headers: { location: '/elsewhere' } }),
    });
  });
  afterEach(() => service.close());

  it('asks for the address when all is well, and for its /fail otherwise', async () => {
    const address = `${service.url}/ping/secret-id?create=1`;

    expect(await ping(address, true, soon(), loopback)).toBeUndefined();
    expect(await ping(address, false, soon(), loopback)).toBeUndefined();
    expect(await ping(`${service.url}/slash/`, false, soon(), loopback)).toBeUndefined();

    expect(paths()).toEqual([
      'GET /ping/secret-id?create=1',
      'GET /ping/secret-id/fail?create=1',
      'GET /slash/fail?',
    ]);
  });

  it.each([302, 404, 500])(
    'says without the address that it was answered %i, and follows nothing',
    async (status) => {
      service.always({ status });

      const problem = await ping(`${service.url}/ping/secret-id`, true, soon(), loopback);

      expect(problem).toContain(String(status));
      expect(problem).not.toContain('secret-id');
      expect(service.requests).toHaveLength(1);
    },
  );

  it('never rejects: not when nobody listens, nor when nobody answers', async () => {
    service.always({ hang: true });
    const controller = new AbortController();
    const pinging = ping(`${service.url}/secret-id`, true, controller.signal, loopback);
    await service.arrived(1);
    controller.abort(new DOMException('time is up', 'TimeoutError'));
    expect(await pinging).toMatch(/did not answer in time/);

    await service.close();
    expect(await ping(`${service.url}/secret-id`, true, soon(), loopback)).toMatch(/not reached/);
  });

  it.each(['http://hc.example.com/x', 'not an address', ''])('asks nothing of %j', async (address) => {
    expect(await ping(address, true, soon())).toMatch(/no https address/);
  });
});

function soon(): AbortSignal {
  return AbortSignal.timeout(10_000);
}
