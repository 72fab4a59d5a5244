import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { objectKey } from '../../lib/archive/key.ts';
import { LedgerIncidents } from '../../lib/incidents/ledger-incidents.ts';
import { reconcile } from '../../lib/incidents/reconcile.ts';
import { emptyState, type State } from '../../lib/incidents/state.ts';
import { DirectoryLedger } from '../../lib/ledger/directory-ledger.ts';
import { weekOf } from '../../lib/reports/week.ts';
import { startFakeAws } from '../support/fake-aws.ts';
import { event, idOf } from '../support/incident-events.ts';
import { appName, fresh, resultsOf, rulesFor } from '../support/incident-steps.ts';
import { type Run, type RunOptions, runCli } from '../support/run-cli.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const day = 86_400_000;
let data: string;
let store: LedgerIncidents;

beforeEach(async () => {
  data = temporaryDirectory();
  store = new LedgerIncidents(new DirectoryLedger(join(data, 'ledger')));
});

const cistern = (args: readonly string[], options?: RunOptions): Promise<Run> =>
  runCli([...args, '--data', data], options);
const incident = (args: readonly string[], options?: RunOptions): Promise<Run> =>
  cistern(['incident', ...args], options);

/** What the command printed; throws when it failed. */
async function outputOf(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await incident(args);
  if (code !== 0) throw new Error(`cistern incident ${args.join(' ')} ended with ${code}: ${stderr}`);
  return stdout;
}
const jsonOf = async (args: readonly string[]) => JSON.parse(await outputOf([...args, '--json']));
const create = async (...args: readonly string[]) =>
  (await outputOf(['create', 'Checkout answers 500', ...args])).trim();

/** An incident that the watch has opened: shop has just fallen silent. */
async function openedByWatch(): Promise<string> {
  const step = reconcile(emptyState, resultsOf([fresh('shop', 'critical')]), Date.now(), rulesFor());
  await store.replaceState(step.state, undefined);
  for (const each of step.events) await store.append(each);
  const [id] = Object.keys(step.state.incidents);
  if (id === undefined) throw new Error('the watch opened nothing');
  return id;
}

describe('cistern incident', () => {
  it('opens one by hand: its id on stdout, what follows on stderr', async () => {
    const { code, stdout, stderr } = await incident(['create', 'Checkout answers 500', '--app', 'shop']);

    expect(code).toBe(0);
    expect(stdout).toMatch(/^inc_\d{8}_\d{4}_[a-z0-9]{6}\n$/);
    expect(stderr).toContain('nobody is told');
    expect(await jsonOf(['show', stdout.trim()])).toMatchObject({
      id: stdout.trim(),
      status: 'open',
      severity: 'P2',
      check: 'manual',
      service: 'production',
      environment: 'production',
      apps: ['shop'],
      events: [{ verb: 'opened', at: expect.stringMatching(/^\d{4}-.*Z$/) }],
    });
  });

  it('queues it for the channels of its route', async () => {
    const config = join(data, 'cistern.json');
    await writeFile(
      config,
      JSON.stringify({ stage: 'test', alerts: { channels: { 'on-call': { type: 'webhook' } } } }),
    );

    const { code, stderr } = await incident(['create', 'Down', '--severity', 'P1', '--config', config]);

    expect(code).toBe(0);
    expect(stderr).toContain('told within 5 minutes, by the watch: on-call');
    expect((await store.readState())?.state.unsent).toMatchObject([
      { channel: 'on-call', alert: { kind: 'trigger', severity: 'P1', title: 'Down', stage: 'test' } },
    ]);
  });

  it('goes the whole way from open to closed', async () => {
    const id = await create('--severity', 'P1');
    const statusNow = async () => (await jsonOf(['show', id])).status;

    await outputOf(['ack', id, '--by', 'ada']);
    expect(await statusNow()).toBe('acknowledged');
    await outputOf(['resolve', id, '--reason', 'rolled back']);
    expect(await statusNow()).toBe('resolved');
    expect(await jsonOf(['close', id])).toMatchObject({ id, status: 'closed' });

    const { stdout } = await incident(['show', id]);
    expect(stdout).toMatch(/acknowledged +ada: until/);
    expect(stdout).toMatch(/resolved +\S+: rolled back/);
    expect(await incident(['close', id])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('closed already'),
    });
  });

  it('refuses to resolve what the watch still finds bad, and says to mute it', async () => {
    const id = await openedByWatch();

    const { code, stderr } = await incident(['resolve', id]);

    expect(code).toBe(1);
    expect(stderr).toContain('cistern mute app:shop');
    expect((await jsonOf(['show', id])).status).toBe('open');
  });

  it('closes one that the watch holds no longer', async () => {
    const id = idOf('inc_20260101_0000_aaaaaa');
    await store.append(event('opened', { incident: id, at: Date.parse('2026-01-01T00:00:00Z') }));

    await outputOf(['close', id, '--reason', 'long over']);

    expect((await jsonOf(['show', id])).status).toBe('closed');
    expect((await incident(['close', id])).code).toBe(1);
    expect((await incident(['resolve', id])).code).toBe(1);
  });

  it('lists the latest first, open ones of any age, and none that is over where it is asked for open', async () => {
    const old = Date.now() - 60 * day;
    const held = await openedByWatch();
    const over = idOf('inc_20200101_0000_aaaaaa');
    await store.append(event('opened', { incident: over, at: old }));
    const state = (await store.readState())?.state;
    const older = idOf('inc_20200102_0000_aaaaaa');
    await store.append(event('opened', { incident: older, at: old }));
    await store.replaceState(withIncident(state, held, older), (await store.readState())?.version);
    const made = await create();
    await outputOf(['resolve', made]);

    const ids = async (...args: string[]) =>
      (await jsonOf(['list', ...args])).incidents.map(({ id }: { id: string }) => id);

    expect((await ids()).toSorted()).toEqual([older, held, made].toSorted());
    expect((await ids('--open')).toSorted()).toEqual([older, held].toSorted());
    expect(await ids('--since', '2019-01-01', '--until', '2020-01-02')).toEqual([]);
    const { stdout } = await incident(['list']);
    expect(stdout).toMatch(new RegExp(`^${made} +P2 +resolved `, 'm'));
  });

  it('writes notes, follow-ups and artifacts onto the timeline', async () => {
    const id = await create();
    const file = join(data, 'status.json');
    await writeFile(file, '{"status":"red"}');

    await outputOf(['note', id, 'Heroku has\nconfirmed it', '--by', 'ada']);
    const followUp = (
      await outputOf(['followup', id, 'Raise it', '--owner', 'ada', '--due', '2026-01-31'])
    ).trim();
    await outputOf(['attach', id, file]);

    expect(await jsonOf(['show', id])).toMatchObject({
      notes: [{ by: 'ada', text: 'Heroku has\nconfirmed it' }],
      followUps: [{ id: followUp, text: 'Raise it', owner: 'ada', due: '2026-01-31' }],
      artifacts: [{ name: 'status.json', bytes: 16 }],
    });
    expect(await outputOf(['show', id, '--artifact', 'status.json'])).toBe('{"status":"red"}');
    expect((await incident(['show', id])).stdout).toContain('ada: Heroku has confirmed it');
    expect(await jsonOf(['followups', '--overdue'])).toMatchObject([{ id: followUp, incident: id }]);

    await outputOf(['done', id, followUp]);

    expect(await jsonOf(['followups'])).toEqual([]);
    expect(await incident(['done', id, followUp])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('already'),
    });
  });

  it('finishes an attachment that broke off, and never overwrites one', async () => {
    const id = await create();
    const file = join(data, 'a.txt');
    await writeFile(file, 'first');
    await store.putArtifact(idOf(id), 'a.txt', Buffer.from('first'));

    await outputOf(['attach', id, file]);
    await writeFile(file, 'second');
    const again = await incident(['attach', id, file]);

    expect((await jsonOf(['show', id])).artifacts).toHaveLength(1);
    expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining('--name') });
    expect(await outputOf(['show', id, '--artifact', 'a.txt'])).toBe('first');
  });

  it('refuses what can be no artifact, and stores nothing', async () => {
    const id = await create();
    await writeFile(join(data, 'core.dump'), 'x');
    await writeFile(join(data, 'big.txt'), Buffer.alloc(2_000_001));
    await writeFile(join(data, 'cut.json'), '{"status":');
    await writeFile(join(data, 'image.md'), Buffer.from([0xff, 0xd8, 0xff]));

    for (const [file, why] of [
      ['core.dump', '.json, .md or .txt'],
      ['big.txt', '2,000,001 bytes'],
      ['cut.json', '--name cut.txt'],
      ['image.md', 'is no text'],
      ['missing.txt', "can't be read"],
    ] as const) {
      const { code, stderr } = await incident(['attach', id, join(data, file)]);
      expect({ file, code }).toEqual({ file, code: 2 });
      expect(stderr).toContain(why);
    }
    expect(await store.artifacts(idOf(id))).toEqual([]);
  });

  it('holds a release in a pipeline', async () => {
    const id = await create('--severity', 'P1', '--service', 'shop', '--env', 'production');
    const gate = (...args: string[]) =>
      incident(['gate', '--service', 'shop', '--env', 'production', ...args]);

    expect(await gate()).toMatchObject({ code: 0, stderr: expect.stringContaining('--strict would fail') });
    expect(await gate('--strict')).toMatchObject({ code: 1, stdout: expect.stringContaining(id) });
    expect((await incident(['gate', '--service', 'blog', '--strict'])).code).toBe(0);
    // A pipeline's variable that is not set.
    expect((await incident(['gate', '--service', '', '--strict'])).code).toBe(2);
    expect((await incident(['gate', '--env', '', '--strict'])).code).toBe(2);

    await outputOf(['resolve', id]);
    await outputOf(['followup', id, 'Test it', '--owner', 'ada', '--due', '2026-01-31']);

    const { code, stdout } = await gate('--strict', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ passes: false, open: [], overdue: [{ incident: id }] });
  });

  it('drafts a postmortem with what the archive holds, and keeps each draft', async () => {
    const id = await openedByWatch();
    const now = Date.now();
    const key = objectKey({
      app: appName('shop'),
      epochMs: now,
      uuid: '00000000-0123-8abc-8def-0123456789ab',
    });
    await mkdir(join(data, 'archive', dirname(key)), { recursive: true });
    await writeFile(join(data, 'archive', key), Buffer.alloc(1_234));

    const draft = await outputOf(['postmortem', id]);

    expect(draft).toContain(`# ${id}: freshness of shop is critical`);
    expect(draft).toMatch(/\| \d{4}-\d\d-\d\d \d\d:00 \* \| 1 \| 1,234 \|/);
    expect(await outputOf(['show', id, '--artifact', 'postmortem.md'])).toBe(draft);
    await outputOf(['postmortem', id, '--dry-run']);
    expect((await incident(['postmortem', id])).stderr).toContain('postmortem-2.md');
    expect(await store.artifacts(idOf(id))).toEqual(['postmortem-2.md', 'postmortem.md']);
  });

  it('finds others that may belong together, and notes them', async () => {
    const first = await create('--app', 'shop');
    const second = await create('--app', 'shop', '--severity', 'P3');

    expect(await jsonOf(['correlate', second])).toMatchObject([
      { incident: { id: first }, shared: ['app shop'] },
    ]);
    await outputOf(['correlate', second, '--append-note']);

    expect((await jsonOf(['show', second])).notes[0].text).toContain(`${first} (app shop, opened`);
    expect(await jsonOf(['recurrence'])).toMatchObject([
      { check: 'manual', subject: 'shop', incidents: [first, second].toSorted() },
    ]);
  });

  it('reports the week just ended, and any other', async () => {
    const week = weekOf(Date.now() - 7 * day);
    const id = idOf('inc_20200101_0000_aaaaaa');
    await store.append(event('opened', { incident: id, at: week.from + 1 }));

    const text = await outputOf(['digest']);

    expect(text).toContain(`# Incidents in ${week.name}`);
    expect(text).toContain(id);
    const reports = join(data, 'ledger/reports/incidents/weekly');
    expect((await readdir(reports)).sort()).toEqual([`${week.name}.json`, `${week.name}.md`]);
    expect(await readFile(join(reports, `${week.name}.md`), 'utf8')).toBe(text);
    expect(await outputOf(['digest', '--week', week.name])).toBe(text);
    await outputOf(['digest', '--week', '2026-W01', '--dry-run']);
    await outputOf(['digest', '--week', weekOf(Date.now()).name]);
    expect(await readdir(reports)).toHaveLength(2);
  });

  it('tells of records that it cannot understand, and goes on with the rest', async () => {
    const id = await create();
    const damaged = join(data, 'ledger/incidents', id, 'events/1-a.json');
    await writeFile(damaged, 'half');

    const { code, stdout, stderr } = await incident(['list', '--json']);

    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ incidents: [{ id }], unreadable: [{ id }] });
    expect(stderr).toContain(`incidents/${id}/events/1-a.json can't be understood`);
    expect((await incident(['gate', '--strict'])).code).toBe(1);
  });

  it('does not touch a state that it cannot understand', async () => {
    const id = await create();
    const path = join(data, 'ledger/incidents/state.json');
    await writeFile(path, '{"half');

    const { code, stderr } = await incident(['ack', id]);

    expect(code).toBe(1);
    expect(stderr).toContain('incidents/state.json');
    expect(await readFile(path, 'utf8')).toBe('{"half');
    expect((await incident(['list'])).stdout).toContain(id);
  });

  it.each([
    [['show', 'inc_1'], "'inc_1' is no incident"],
    [['show', 'inc_20260131_0915_k3f9qa'], 'there is no incident inc_20260131_0915_k3f9qa'],
    [['ack', 'inc_20260131_0915_k3f9qa'], 'there is no incident'],
    [['note', 'inc_20260131_0915_k3f9qa', ' '], '<text> is empty'],
    [['create', 'x', '--severity', 'P9'], 'P0, P1, P2, P3, P4'],
    [['create', 'x', '--app', 'Not_An_App'], 'no Heroku app name'],
    [['followup', 'inc_20260131_0915_k3f9qa', 'x', '--owner', 'ada'], '--due'],
    [
      ['followup', 'inc_20260131_0915_k3f9qa', 'x', '--owner', 'ada', '--due', '2026-02-30'],
      "--due '2026-02-30' is no day",
    ],
    [['done', 'inc_20260131_0915_k3f9qa', 'f-1'], 'there is no incident'],
    [['digest', '--week', '2026-47'], 'such as 2026-W05'],
    [['digest', '--week', '2025-W53'], '2025-W52'],
    [['digest', '--week', '2199-W01'], 'has not begun'],
    [['recurrence', '--window-days', '0'], 'a whole number from 1'],
    [['list', '--since', 'yesterday'], 'is no time'],
    [['nope'], "unknown command 'nope'"],
  ])('answers %j with exit code 2 and what to do', async (args, advice) => {
    const { code, stdout, stderr } = await incident(args);

    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(advice);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });
});

describe('cistern mute', () => {
  it('mutes an app, a check or all for some time, shows it, and ends it', async () => {
    const muted = await cistern(['mute', 'shop', '--for', '2h', '--reason', 'moving', '--by', 'ada']);
    expect(muted).toMatchObject({ code: 0, stderr: expect.stringContaining('app:shop is muted until') });
    // Whoever misspells an app should not believe in a silence that covers nothing.
    expect(muted.stderr).toContain('no app shop is configured');
    await cistern(['mute', 'drain', '--for', '30m', '--reason', 'the API is down']);

    const { stdout } = await cistern(['mute', '--list', '--json']);
    expect(JSON.parse(stdout)).toMatchObject([
      { scope: 'app:shop', reason: 'moving', by: 'ada', until: expect.stringMatching(/Z$/) },
      { scope: 'check:drain' },
    ]);
    expect((await cistern(['mute', '--list'])).stdout).toMatch(/^app:shop +\d{4}.* ada +moving$/m);

    expect(await cistern(['unmute', 'shop'])).toMatchObject({ code: 0 });
    expect(JSON.parse((await cistern(['mute', '--list', '--json'])).stdout)).toHaveLength(1);
    expect(await cistern(['unmute', 'shop'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('not muted'),
    });
  });

  it('shows on the timeline of what it mutes', async () => {
    const id = await openedByWatch();

    await cistern(['mute', 'all', '--for', '1d', '--reason', 'moving']);

    expect((await jsonOf(['show', id])).events.map(({ verb }: { verb: string }) => verb)).toContain('muted');
  });

  it.each([
    [['mute'], 'what to mute'],
    [['mute', 'shop', '--reason', 'x'], '--for is missing'],
    [['mute', 'shop', '--for', '2h'], '--reason is missing'],
    [['mute', 'shop', '--for', '2h', '--reason', ' '], '--reason is empty'],
    [['mute', 'shop', '--for', 'soon', '--reason', 'x'], 'such as 30m, 2h or 3d'],
    [['mute', 'shop', '--for', '0m', '--reason', 'x'], 'such as 30m, 2h or 3d'],
    [['mute', 'shop', '--for', '60d', '--reason', 'x'], 'at most 28d'],
    [['mute', 'No App', '--for', '2h', '--reason', 'x'], 'neither a check nor an app'],
  ])('answers %j with exit code 2', async (args, advice) => {
    const { code, stderr } = await cistern(args);

    expect(code).toBe(2);
    expect(stderr).toContain(advice);
  });
});

describe('on a stage', () => {
  it('does the same in its ledger bucket, by its own configuration', async () => {
    const aws = await startFakeAws();
    try {
      const config = {
        stage: 'prod',
        environment: 'staging',
        alerts: { channels: { ops: { type: 'sns' } } },
      };
      aws.ssm.parameters.set('/cistern/prod/ledger_bucket', { value: aws.s3.bucket, type: 'String' });
      aws.ssm.parameters.set('/cistern/prod/config/0', { value: JSON.stringify(config), type: 'String' });
      const run = (...args: string[]) => runCli([...args, '--stage', 'prod'], { env: aws.env() });

      const created = await run('incident', 'create', 'Down', '--app', 'shop');
      const id = created.stdout.trim();

      expect(created).toMatchObject({ code: 0, stderr: expect.stringContaining('ops') });
      expect((await run('incident', 'ack', id)).code).toBe(0);
      expect(JSON.parse((await run('incident', 'show', id, '--json')).stdout)).toMatchObject({
        status: 'acknowledged',
        service: 'prod',
        environment: 'staging',
      });
      expect((await run('incident', 'note', id, 'hello')).code).toBe(0);
      expect(
        [...aws.s3.objects.keys()].filter((key) => key.startsWith(`incidents/${id}/events/`)),
      ).toHaveLength(3);
    } finally {
      await aws.close();
    }
  });

  it('says of one without a ledger that it wants to be deployed', async () => {
    const aws = await startFakeAws();
    try {
      const { code, stderr } = await runCli(['incident', 'list', '--stage', 'prod'], { env: aws.env() });

      expect(code).toBe(2);
      expect(stderr).toContain('stage prod names no ledger');
    } finally {
      await aws.close();
    }
  });
});

/** The state as if the watch held `added` too, just as it holds `held`. */
function withIncident(state: State | undefined, held: string, added: ReturnType<typeof idOf>): State {
  const like = state?.incidents[held];
  if (state === undefined || like === undefined) throw new Error(`the state holds no ${held}`);
  return { ...state, incidents: { ...state.incidents, [added]: { ...like, id: added } } };
}
