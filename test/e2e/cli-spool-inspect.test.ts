import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeMessage } from '../../lib/spool/message.ts';
import { keep, LocalSpool, now, StageSpool, sealed, secret } from '../support/spool-commands.ts';

describe('cistern spool inspect over a data directory', () => {
  let local: LocalSpool;
  beforeEach(() => {
    local = new LocalSpool();
  });

  it('has nothing to show of a spool that is empty', async () => {
    expect(await local.run(['inspect'])).toMatchObject({
      code: 0,
      stdout: '',
      stderr: expect.stringContaining('nothing waits'),
    });
  });

  it('shows what waits, by app, and nothing of its content', async () => {
    const member = await sealed('one');
    await local.put(member, await sealed('two', now + 1000));

    const { waiting } = await local.json(['inspect', '--limit', '1']);
    expect(waiting).toEqual([
      {
        app: 'my-app',
        key: member.key,
        keyTime: new Date(now).toISOString(),
        bytes: member.member.length,
        waitsSeconds: expect.any(Number),
      },
    ]);
    const { stdout } = await local.run(['inspect']);
    expect(stdout).toContain(member.key);
    expect(stdout).not.toContain(secret);
  });

  it('shows one that was set aside: what it is now, and its bytes only when asked for', async () => {
    const text = encodeMessage(await sealed('kept'));
    const good = await keep(local.ledger, 'good', text);
    const bad = await keep(local.ledger, 'bad', `{"v":9,"x":"${secret}"}`);

    const shown = await local.run(['inspect', good]);
    expect(shown.stdout).toMatch(/Why +it was bad then\nNow +good: .* of my-app, logs\/my-app\//);
    expect(shown.stderr).toContain('cistern spool drain --data');
    const stillBad = await local.run(['inspect', 'bad']);
    expect(stillBad.stdout).toMatch(/Now +still bad: .*version 1/);
    expect(stillBad.stdout + stillBad.stderr).not.toContain(secret);
    expect(await local.json(['inspect', bad])).toMatchObject({
      id: bad,
      isText: true,
      stillBad: expect.any(String),
    });
    expect((await local.run(['inspect', 'good', '--raw'])).stdout).toBe(text);
  });

  it.each([
    [['inspect', 'nothing'], 'cistern spool inspect --all'],
    [['inspect', '../incidents/state'], "can't be an id"],
    [['inspect', '--raw'], '--raw'],
    [['inspect', 'a', '--raw', '--json'], '--json'],
    [['inspect', '--limit', '0'], '--limit 0'],
  ])('refuses %j', async (args, remedy) => {
    expect(await local.run(args)).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining(remedy),
    });
  });
});

describe('cistern spool inspect of a stage', () => {
  let stage: StageSpool;
  beforeEach(async () => {
    stage = await StageSpool.start();
  });
  afterEach(() => stage.close());

  it('looks at dead letters and takes none: what they hold, or why nothing', async () => {
    const member = await sealed('stuck');
    stage.aws.sqs.deadLetters.send(encodeMessage(member));
    stage.aws.sqs.deadLetters.send(`{"v":7,"x":"${secret}"}`);

    const { deadLetters } = await stage.json(['inspect']);

    expect(deadLetters).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          app: 'my-app',
          key: member.key,
          bytes: member.member.length,
          receives: 1,
          why: null,
        }),
        expect.objectContaining({ key: null, why: expect.stringContaining('version 1') }),
      ]),
    );
    expect(stage.aws.sqs.deadLetters.messages).toHaveLength(2);
    stage.aws.sqs.deadLetters.showAll();
    const { stdout } = await stage.run(['inspect']);
    expect(stdout).toContain(member.key);
    expect(stdout).not.toContain(secret);
  });

  it('says that a stage of before has to be deployed again', async () => {
    stage.forgetQueue();

    expect(await stage.run(['inspect'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('npm run deploy'),
    });
  });
});
