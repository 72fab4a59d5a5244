import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { objectKey } from '../../lib/archive/format/key.ts';
import { weekOf } from '../../lib/reports/week.ts';
import { IncidentDirectory } from '../support/incident-directory.ts';
import { event, idOf } from '../support/incident-events.ts';
import { appName } from '../support/incident-steps.ts';

const day = 86_400_000;
let here: IncidentDirectory;

beforeEach(() => {
  here = new IncidentDirectory();
});

describe('what is made of incidents', () => {
  it('holds a release in a pipeline', async () => {
    const id = await here.create('--severity', 'P1', '--service', 'shop', '--env', 'production');
    const gate = (...args: string[]) =>
      here.incident(['gate', '--service', 'shop', '--env', 'production', ...args]);

    expect(await gate()).toMatchObject({ code: 0, stderr: expect.stringContaining('--strict would fail') });
    expect(await gate('--strict')).toMatchObject({ code: 1, stdout: expect.stringContaining(id) });
    expect((await here.incident(['gate', '--service', 'blog', '--strict'])).code).toBe(0);
    // A pipeline's variable that is not set.
    expect((await here.incident(['gate', '--service', '', '--strict'])).code).toBe(2);
    expect((await here.incident(['gate', '--env', '', '--strict'])).code).toBe(2);

    await here.outputOf(['resolve', id]);
    await here.outputOf(['followup', id, 'Test it', '--owner', 'ada', '--due', '2026-01-31']);

    const { code, stdout } = await gate('--strict', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ passes: false, open: [], overdue: [{ incident: id }] });
  });

  it('drafts a postmortem with what the archive holds, and keeps each draft', async () => {
    const id = await here.openedByWatch();
    const now = Date.now();
    const key = objectKey({
      app: appName('shop'),
      epochMs: now,
      uuid: '00000000-0123-80bc-8def-0123456789ab',
    });
    await mkdir(join(here.data, 'archive', dirname(key)), { recursive: true });
    await writeFile(join(here.data, 'archive', key), Buffer.alloc(1_234));

    const draft = await here.outputOf(['postmortem', id]);

    expect(draft).toContain(`# ${id}: freshness of shop is critical`);
    expect(draft).toMatch(/\| \d{4}-\d\d-\d\d \d\d:00 \* \| 1 \| 1,234 \|/);
    expect(await here.outputOf(['show', id, '--artifact', 'postmortem.md'])).toBe(draft);
    await here.outputOf(['postmortem', id, '--dry-run']);
    expect((await here.incident(['postmortem', id])).stderr).toContain('postmortem-2.md');
    expect(await here.store.artifacts(idOf(id))).toEqual(['postmortem-2.md', 'postmortem.md']);
  });

  it('finds others that may belong together, and notes them', async () => {
    const first = await here.create('--app', 'shop');
    const second = await here.create('--app', 'shop', '--severity', 'P3');

    expect(await here.jsonOf(['correlate', second])).toMatchObject([
      { incident: { id: first }, shared: ['app shop'] },
    ]);
    await here.outputOf(['correlate', second, '--append-note']);

    expect((await here.jsonOf(['show', second])).notes[0].text).toContain(`${first} (app shop, opened`);
    expect(await here.jsonOf(['recurrence'])).toMatchObject([
      { check: 'manual', subject: 'shop', incidents: [first, second].toSorted() },
    ]);
    for (const then of [
      ['--window-days', '1'],
      ['--since', 'yesterday', '--tz', 'local'],
    ]) {
      expect(await here.jsonOf(['recurrence', ...then])).toHaveLength(1);
    }
    expect(await here.jsonOf(['recurrence', '--until', '1h'])).toEqual([]);
  });

  it('reports the week just ended, and any other', async () => {
    const week = weekOf(Date.now() - 7 * day);
    const id = idOf('inc_20200101_0000_aaaaaa');
    await here.store.append(event('opened', { incident: id, at: week.from + 1 }));

    const text = await here.outputOf(['digest']);

    expect(text).toContain(`# Incidents in ${week.name}`);
    expect(text).toContain(id);
    const reports = join(here.data, 'ledger/reports/incidents/weekly');
    expect((await readdir(reports)).sort()).toEqual([`${week.name}.json`, `${week.name}.md`]);
    expect(await readFile(join(reports, `${week.name}.md`), 'utf8')).toBe(text);
    expect(await here.outputOf(['digest', '--week', week.name])).toBe(text);
    await here.outputOf(['digest', '--week', '2026-W01', '--dry-run']);
    await here.outputOf(['digest', '--week', weekOf(Date.now()).name]);
    expect(await readdir(reports)).toHaveLength(2);
  });
});
