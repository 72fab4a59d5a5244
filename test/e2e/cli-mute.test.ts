import { beforeEach, describe, expect, it } from 'vitest';
import { IncidentDirectory } from '../support/incident-directory.ts';

let here: IncidentDirectory;

beforeEach(() => {
  here = new IncidentDirectory();
});

describe('cistern mute', () => {
  it('mutes an app, a check or all for some time, shows it, and ends it', async () => {
    const muted = await here.cistern(['mute', 'shop', '--for', '2h', '--reason', 'moving', '--by', 'ada']);
    expect(muted).toMatchObject({ code: 0, stderr: expect.stringContaining('app:shop is muted until') });
    // Whoever misspells an app should not believe in a silence that covers nothing.
    expect(muted.stderr).toContain('no app shop is configured');
    await here.cistern(['mute', 'drain', '--for', '30m', '--reason', 'the API is down']);

    const { stdout } = await here.cistern(['mute', '--list', '--json']);
    expect(JSON.parse(stdout)).toMatchObject([
      { scope: 'app:shop', reason: 'moving', by: 'ada', until: expect.stringMatching(/Z$/) },
      { scope: 'check:drain' },
    ]);
    expect((await here.cistern(['mute', '--list'])).stdout).toMatch(/^app:shop +\d{4}.* ada +moving$/m);

    expect(await here.cistern(['unmute', 'shop'])).toMatchObject({ code: 0 });
    expect(JSON.parse((await here.cistern(['mute', '--list', '--json'])).stdout)).toHaveLength(1);
    expect(await here.cistern(['unmute', 'shop'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('not muted'),
    });
  });

  it('shows on the timeline of what it mutes', async () => {
    const id = await here.openedByWatch();

    await here.cistern(['mute', 'all', '--for', '1d', '--reason', 'moving']);

    expect((await here.jsonOf(['show', id])).events.map(({ verb }: { verb: string }) => verb)).toContain(
      'muted',
    );
  });

  it.each([
    [['mute'], 'what to mute'],
    [['mute', 'shop', '--reason', 'x'], '--for is missing'],
    [['mute', 'shop', '--for', '2h'], '--reason is missing'],
    [['mute', 'shop', '--for', '2h', '--reason', ' '], '--reason is empty'],
    [['mute', 'shop', '--for', 'soon', '--reason', 'x'], 'such as 30m, 2h or 3d'],
    [['mute', 'shop', '--for', '0m', '--reason', 'x'], 'such as 30m, 2h or 3d'],
    [['mute', 'shop', '--for', '60d', '--reason', 'x'], 'at most 28d'],
    [['mute', 'shop', '--until', 'yesterday', '--reason', 'x'], '--until yesterday is over'],
    [['mute', 'shop', '--until', '2099-01-01', '--reason', 'x'], 'at most 28d'],
    [['mute', 'shop', '--for', '1h', '--until', 'tomorrow', '--reason', 'x'], 'cannot be used with'],
    [['mute', 'No App', '--for', '2h', '--reason', 'x'], 'neither a check nor an app'],
  ])('answers %j with exit code 2', async (args, advice) => {
    const { code, stderr } = await here.cistern(args);

    expect(code).toBe(2);
    expect(stderr).toContain(advice);
  });
});
