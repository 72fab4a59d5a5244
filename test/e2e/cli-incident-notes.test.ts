import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { IncidentDirectory } from '../support/incident-directory.ts';
import { idOf } from '../support/incident-events.ts';

let here: IncidentDirectory;

beforeEach(() => {
  here = new IncidentDirectory();
});

describe('what people add to an incident', () => {
  it('writes notes, follow-ups and artifacts onto the timeline', async () => {
    const id = await here.create();
    const file = join(here.data, 'status.json');
    await writeFile(file, '{"status":"red"}');

    await here.outputOf(['note', id, 'Heroku has\nconfirmed it', '--by', 'ada']);
    const followUp = (
      await here.outputOf(['followup', id, 'Raise it', '--owner', 'ada', '--due', '2026-01-31'])
    ).trim();
    await here.outputOf(['attach', id, file]);

    expect(await here.jsonOf(['show', id])).toMatchObject({
      notes: [{ by: 'ada', text: 'Heroku has\nconfirmed it' }],
      followUps: [{ id: followUp, text: 'Raise it', owner: 'ada', due: '2026-01-31' }],
      artifacts: [{ name: 'status.json', bytes: 16 }],
    });
    expect(await here.outputOf(['show', id, '--artifact', 'status.json'])).toBe('{"status":"red"}');
    expect((await here.incident(['show', id])).stdout).toContain('ada: Heroku has confirmed it');
    expect(await here.jsonOf(['followups', '--overdue'])).toMatchObject([{ id: followUp, incident: id }]);
    expect(await here.jsonOf(['followups', '--since', '1h'])).toHaveLength(1);
    expect(await here.jsonOf(['followups', '--until', '1h'])).toEqual([]);

    await here.outputOf(['done', id, followUp]);

    expect(await here.jsonOf(['followups'])).toEqual([]);
    expect(await here.incident(['done', id, followUp])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('already'),
    });
  });

  it('finishes an attachment that broke off, and never overwrites one', async () => {
    const id = await here.create();
    const file = join(here.data, 'a.txt');
    await writeFile(file, 'first');
    await here.store.putArtifact(idOf(id), 'a.txt', Buffer.from('first'));

    await here.outputOf(['attach', id, file]);
    await writeFile(file, 'second');
    const again = await here.incident(['attach', id, file]);

    expect((await here.jsonOf(['show', id])).artifacts).toHaveLength(1);
    expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining('--name') });
    expect(await here.outputOf(['show', id, '--artifact', 'a.txt'])).toBe('first');
  });

  it('refuses what can be no artifact, and stores nothing', async () => {
    const id = await here.create();
    await writeFile(join(here.data, 'core.dump'), 'x');
    await writeFile(join(here.data, 'big.txt'), Buffer.alloc(2_000_001));
    await writeFile(join(here.data, 'cut.json'), '{"status":');
    await writeFile(join(here.data, 'image.md'), Buffer.from([0xff, 0xd8, 0xff]));

    for (const [file, why] of [
      ['core.dump', '.json, .md or .txt'],
      ['big.txt', '2,000,001 bytes'],
      ['cut.json', '--name cut.txt'],
      ['image.md', 'is no text'],
      ['missing.txt', "can't be read"],
    ] as const) {
      const { code, stderr } = await here.incident(['attach', id, join(here.data, file)]);
      expect({ file, code }).toEqual({ file, code: 2 });
      expect(stderr).toContain(why);
    }
    expect(await here.store.artifacts(idOf(id))).toEqual([]);
  });
});
