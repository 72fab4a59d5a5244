import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { State } from '../../lib/incidents/state.ts';
import { startFakeAws } from '../support/fake-aws.ts';
import { IncidentDirectory } from '../support/incident-directory.ts';
import { event, idOf } from '../support/incident-events.ts';
import { runCli } from '../support/run-cli.ts';

const day = 86_400_000;
let here: IncidentDirectory;

beforeEach(() => {
  here = new IncidentDirectory();
});

describe('cistern incident', () => {
  it('opens one by hand: its id on stdout, what follows on stderr', async () => {
    const { code, stdout, stderr } = await here.incident(['create', 'Checkout answers 500', '--app', 'shop']);

    expect(code).toBe(0);
    expect(stdout).toMatch(/^inc_\d{8}_\d{4}_[a-z0-9]{6}\n$/);
    expect(stderr).toContain('nobody is told');
    expect(await here.jsonOf(['show', stdout.trim()])).toMatchObject({
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
    const config = join(here.data, 'cistern.json');
    await writeFile(
      config,
      JSON.stringify({ stage: 'test', alerts: { channels: { 'on-call': { type: 'webhook' } } } }),
    );

    const { code, stderr } = await here.incident(['create', 'Down', '--severity', 'P1', '--config', config]);

    expect(code).toBe(0);
    expect(stderr).toContain('told within 5 minutes, by the watch: on-call');
    expect((await here.store.readState())?.state.unsent).toMatchObject([
      { channel: 'on-call', alert: { kind: 'trigger', severity: 'P1', title: 'Down', stage: 'test' } },
    ]);
  });

  it('goes the whole way from open to closed', async () => {
    const id = await here.create('--severity', 'P1');
    const statusNow = async () => (await here.jsonOf(['show', id])).status;

    await here.outputOf(['ack', id, '--by', 'ada']);
    expect(await statusNow()).toBe('acknowledged');
    await here.outputOf(['resolve', id, '--reason', 'rolled back']);
    expect(await statusNow()).toBe('resolved');
    expect(await here.jsonOf(['close', id])).toMatchObject({ id, status: 'closed' });

    const { stdout } = await here.incident(['show', id]);
    expect(stdout).toMatch(/acknowledged +ada: until/);
    expect(stdout).toMatch(/resolved +\S+: rolled back/);
    expect(await here.incident(['close', id])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('closed already'),
    });
  });

  it('refuses to resolve what the watch still finds bad, and says to mute it', async () => {
    const id = await here.openedByWatch();

    const { code, stderr } = await here.incident(['resolve', id]);

    expect(code).toBe(1);
    expect(stderr).toContain('cistern mute app:shop');
    expect((await here.jsonOf(['show', id])).status).toBe('open');
  });

  it('closes one that the watch holds no longer', async () => {
    const id = idOf('inc_20260101_0000_aaaaaa');
    await here.store.append(event('opened', { incident: id, at: Date.parse('2026-01-01T00:00:00Z') }));

    await here.outputOf(['close', id, '--reason', 'long over']);

    expect((await here.jsonOf(['show', id])).status).toBe('closed');
    expect((await here.incident(['close', id])).code).toBe(1);
    expect((await here.incident(['resolve', id])).code).toBe(1);
  });

  it('lists the latest first, open ones of any age, and none that is over where it is asked for open', async () => {
    const old = Date.now() - 60 * day;
    const held = await here.openedByWatch();
    const over = idOf('inc_20200101_0000_aaaaaa');
    await here.store.append(event('opened', { incident: over, at: old }));
    const state = (await here.store.readState())?.state;
    const older = idOf('inc_20200102_0000_aaaaaa');
    await here.store.append(event('opened', { incident: older, at: old }));
    await here.store.replaceState(withIncident(state, held, older), (await here.store.readState())?.version);
    const made = await here.create();
    await here.outputOf(['resolve', made]);

    const ids = async (...args: string[]) =>
      (await here.jsonOf(['list', ...args])).incidents.map(({ id }: { id: string }) => id);

    expect((await ids()).toSorted()).toEqual([older, held, made].toSorted());
    expect((await ids('--open')).toSorted()).toEqual([older, held].toSorted());
    expect(await ids('--since', '2019-01-01', '--until', '2020-01-02')).toEqual([]);
    const { stdout } = await here.incident(['list']);
    expect(stdout).toMatch(new RegExp(`^${made} +P2 +resolved `, 'm'));
  });

  it('tells of records that it cannot understand, and goes on with the rest', async () => {
    const id = await here.create();
    const damaged = join(here.data, 'ledger/incidents', id, 'events/1-a.json');
    await writeFile(damaged, 'half');

    const { code, stdout, stderr } = await here.incident(['list', '--json']);

    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ incidents: [{ id }], unreadable: [{ id }] });
    expect(stderr).toContain(`incidents/${id}/events/1-a.json can't be understood`);
    expect((await here.incident(['gate', '--strict'])).code).toBe(1);
  });

  it('does not touch a state that it cannot understand', async () => {
    const id = await here.create();
    const path = join(here.data, 'ledger/incidents/state.json');
    await writeFile(path, '{"half');

    const { code, stderr } = await here.incident(['ack', id]);

    expect(code).toBe(1);
    expect(stderr).toContain('incidents/state.json');
    expect(await readFile(path, 'utf8')).toBe('{"half');
    expect((await here.incident(['list'])).stdout).toContain(id);
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
    [['list', '--since', 'last week'], 'is no time'],
    [['nope'], "unknown command 'nope'"],
  ])('answers %j with exit code 2 and what to do', async (args, advice) => {
    const { code, stdout, stderr } = await here.incident(args);

    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(advice);
    expect(stderr.trim().split('\n')).toHaveLength(1);
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
