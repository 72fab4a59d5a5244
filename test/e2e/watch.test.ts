import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { openWatch } from '../../cli/shared/watching.ts';
import { objectKey } from '../../lib/archive/format/key.ts';
import type { IncidentCheck } from '../../lib/findings/severity.ts';
import { foldTimeline } from '../../lib/incidents/records/record.ts';
import { LedgerIncidents } from '../../lib/incidents/store/ledger-incidents.ts';
import { runWatchJob } from '../../lib/jobs/watch-job.ts';
import { DirectoryLedger } from '../../lib/ledger/directory/directory-ledger.ts';
import { type FakeWebhookReceiver, startFakeWebhookReceiver } from '../support/fake-webhook-receiver.ts';
import { appName, minute, unreached } from '../support/incident-steps.ts';
import { loopbackCertificate, loopbackTls } from '../support/loopback-tls.ts';
import { type Run, runCli } from '../support/run-cli.ts';
import { type ServeProcess, startServe } from '../support/serve-process.ts';
import { storedBatches } from '../support/stored-batches.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const signingSecret = `whsec_${btoa('a signing secret of 32 bytes, ok')}`;
const configuration = {
  apps: [{ name: 'shop', contact: '#team-shop' }],
  alerts: { channels: { hook: { type: 'webhook' } } },
};

/** A directory of its own, with a configuration beside the data. */
function newPlace(config: unknown = configuration): { readonly data: string; readonly config: string } {
  const root = temporaryDirectory();
  const file = join(root, 'cistern.json');
  writeFileSync(file, JSON.stringify(config));
  return { data: join(root, 'data'), config: file };
}

/** Incidents as they are in the ledger. Throws for a timeline or a state that can't be understood. */
async function incidentsIn(data: string, check: IncidentCheck) {
  const store = new LedgerIncidents(new DirectoryLedger(join(data, 'ledger')));
  await store.readState();
  const found = [];
  for await (const id of store.ids()) {
    const { events, unreadable } = await store.timeline(id);
    expect(unreadable).toEqual([]);
    const record = foldTimeline(events);
    if (record?.check === check) found.push({ id, record, verbs: events.map(({ verb }) => verb) });
  }
  return found;
}

/** A key as the receiver would have made it, over nothing: the watch reads no contents. */
function addKey(data: string, epochMs: number): string {
  const key = objectKey({ app: appName('shop'), epochMs, uuid: '00000000-0123-80bc-8def-0123456789ab' });
  const path = join(data, 'archive', key);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, '');
  return key;
}

/** A watching serve, which is gone with the test. Its rounds follow one another at once. */
async function startWatching(data: string, config: string): Promise<ServeProcess> {
  const serve = await startServe({ data, args: ['--watch', '0.005', '--config', config] });
  onTestFinished(() => serve.kill());
  return serve;
}

describe('serve watches what it keeps', () => {
  it('stores its canary, and tells of an incident in its lines and in the ledger', async () => {
    const { data, config } = newPlace();
    const serve = await startWatching(data, config);

    const opened = await serve.child.until(
      () => serve.lines().find(({ message: text }) => text.startsWith('incident opened')),
      'an incident',
    );
    await serve.counted('cistern-canary');

    expect(opened).toMatchObject({ level: 'error', severity: expect.stringMatching(/^P\d$/) });
    expect(opened['title']).toContain('hook');
    expect(storedBatches(data, 'cistern-canary').length).toBeGreaterThan(0);
    const incidents = await incidentsIn(data, 'alerts');
    expect(incidents).toMatchObject([
      { id: opened['incident'], record: { status: 'open' }, verbs: ['opened'] },
    ]);
  });

  it('killed again and again in the middle of rounds, it opens one incident, and its state stays readable', async () => {
    const { data, config } = newPlace();
    for (let life = 1; life <= 4; life += 1) {
      const serve = await startWatching(data, config);
      if (life === 1) chmodSync(data, 0o755);
      // The canary is posted in the middle of a round: what it leads to is not stored yet.
      await serve.counted('cistern-canary', life);
      await serve.kill();
    }
    const serve = await startWatching(data, config);
    await serve.counted('cistern-canary', 2);

    const incidents = await incidentsIn(data, 'retention');
    expect(incidents).toMatchObject([{ record: { status: 'open' }, verbs: ['opened'] }]);
    const setAside = new DirectoryLedger(join(data, 'ledger')).list('incidents/set-aside/');
    expect(await Array.fromAsync(setAside)).toEqual([]);
    // Five servers one after the other, each until its canary has arrived.
  }, 60_000);

  it('two over one directory open one incident between them', async () => {
    const { data, config } = newPlace();
    const first = await startWatching(data, config);
    chmodSync(data, 0o755);
    const second = await startWatching(data, config);
    // The drain URL is the second one's by now: the canaries of both arrive there.
    await second.counted('cistern-canary', 8);
    await Promise.all([first.stop(), second.stop()]);

    expect(await incidentsIn(data, 'retention')).toMatchObject([{ verbs: ['opened'] }]);
    expect(await incidentsIn(data, 'alerts')).toMatchObject([{ verbs: ['opened'] }]);
    for (const { child } of [first, second]) expect(child.stdout).not.toContain('the watch failed');
  });
});

describe('cistern watch', () => {
  let place: ReturnType<typeof newPlace>;
  let receiver: FakeWebhookReceiver;
  let serve: ServeProcess;
  const env = { NODE_EXTRA_CA_CERTS: loopbackCertificate };
  const cistern = (args: readonly string[], input = ''): Promise<Run> =>
    runCli([...args, '--data', place.data, '--config', place.config], { env, input });
  const watch = (...args: readonly string[]) => cistern(['watch', '--once', ...args]);
  const told = (kind: string) =>
    receiver.events.filter(({ type, data }) => type === `incident.${kind}` && data['check'] === 'freshness');

  beforeEach(async () => {
    place = newPlace();
    receiver = await startFakeWebhookReceiver(signingSecret, { tls: loopbackTls });
    // It watches nothing by itself, and takes the canary in: where that is lost, silence is a part of its incident.
    serve = await startServe({ data: place.data });
    expect((await cistern(['alert', 'set', 'hook'], `${receiver.address}\n${signingSecret}\n`)).code).toBe(0);
  });
  afterEach(() => Promise.all([serve.kill(), receiver.close()]));

  it('says by its exit code how things are, and leaves all as it is', async () => {
    const codes: Record<string, number | null> = {};
    addKey(place.data, Date.now() - minute);
    codes['well'] = (await watch()).code;
    chmodSync(place.data, 0o755);
    codes['a warning'] = (await watch()).code;
    chmodSync(place.data, 0o700);
    const other = newPlace();
    place = { ...place, config: other.config };
    writeFileSync(other.config, JSON.stringify({ ...configuration, apps: [{ name: 'billing' }] }));
    writeFileSync(join(place.data, 'archive', 'logs', 'billing'), 'no folder');
    codes['nobody can look'] = (await watch()).code;
    writeFileSync(
      other.config,
      JSON.stringify({ ...configuration, apps: [{ name: 'shop', silenceMinutes: 10 }] }),
    );
    addKey(place.data, Date.now());
    codes['well again'] = (await watch()).code;

    expect(codes).toEqual({ well: 0, 'a warning': 1, 'nobody can look': 3, 'well again': 0 });
    expect(receiver.requests).toEqual([]);
    expect(await Array.fromAsync(new DirectoryLedger(join(place.data, 'ledger')).list(''))).toEqual([]);
  });

  it('--page: a stopped drain pages, signed and over https; back again, the page is resolved', async () => {
    const now = Date.now();
    const old = addKey(place.data, now - 60 * minute);

    const looked = await watch();
    const paged = await watch('--page');

    expect({ looked: looked.code, paged: paged.code }).toEqual({ looked: 2, paged: 2 });
    expect(paged.stdout).toMatch(/^critical +freshness shop/m);
    const [page, ...more] = told('trigger');
    expect(more).toEqual([]);
    expect(page?.data).toMatchObject({
      severity: 'P1',
      apps: ['shop'],
      contact: '#team-shop',
      lastObject: old,
    });

    // Looks less than a minute apart are one look: the next two are those of later clocks, and tell nobody.
    addKey(place.data, now + 4 * minute);
    for (const later of [6, 12]) await runWatchAt(now + later * minute);
    expect(told('resolve')).toEqual([]);

    await watch('--page');
    const [resolve] = told('resolve');
    expect(resolve?.data).toMatchObject({ incident: page?.data['incident'], reason: 'resolved' });
    expect(await incidentsIn(place.data, 'freshness')).toMatchObject([{ verbs: ['opened', 'resolved'] }]);
    expect(receiver.repeats).toBe(0);
  });

  async function runWatchAt(at: number): Promise<void> {
    const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
    const job = await openWatch(place, { log, canary: false });
    const channels = new Map([['hook', { name: 'hook', deliver: async () => unreached }]]);
    await runWatchJob({ ...job, channels, now: () => at });
  }
});
