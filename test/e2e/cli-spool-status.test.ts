import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LocalSpool, now, StageSpool, sealed } from '../support/spool-commands.ts';

describe('cistern spool status over a data directory', () => {
  let local: LocalSpool;
  beforeEach(() => {
    local = new LocalSpool();
  });

  it('has nothing to say of a spool that is empty', async () => {
    const status = await local.run(['status']);

    expect(status.code).toBe(0);
    expect(status.stdout).toMatch(
      /Delivery +direct\nWaiting +0, 0 more under way\nOldest +-\nSet aside +0\n/,
    );
  });

  it('shows what waits', async () => {
    await local.put(await sealed('one'), await sealed('two', now + 1000));

    expect(await local.json(['status'])).toMatchObject({
      delivery: 'direct',
      waiting: 2,
      oldestSeconds: expect.any(Number),
      deadLetters: null,
      setAside: 0,
      wantsSomebody: [],
    });
  });

  it('does not stand in for a command that nobody knows', async () => {
    expect(await local.run(['empty'])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('unknown command'),
    });
  });
});

describe('cistern spool status of a stage', () => {
  let stage: StageSpool;
  beforeEach(async () => {
    stage = await StageSpool.start();
  });
  afterEach(() => stage.close());

  it('tells how much waits, and that dead letters want somebody', async () => {
    expect(await stage.json(['status'])).toMatchObject({
      delivery: 'buffered',
      waiting: 0,
      deadLetters: 0,
      wantsSomebody: [],
    });

    stage.aws.sqs.deadLetters.send('anything');
    const status = await stage.run(['status']);

    expect(status.code).toBe(1);
    expect(status.stdout).toMatch(/Dead letters +1\n/);
    expect(status.stderr).toContain('cistern spool drain --stage test');
  });

  it('names the permission without which the age is not known', async () => {
    stage.aws.sqs.queue.send('anything');

    expect(await stage.run(['status'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('cloudwatch:GetMetricData'),
    });
  });

  it('says that a stage of before has to be deployed again', async () => {
    stage.forgetQueue();

    expect(await stage.run(['status'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('npm run deploy'),
    });
  });
});
