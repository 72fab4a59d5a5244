import { describe, expect, it } from 'vitest';
import { objectKey } from '../../../lib/archive/format/key.ts';
import { type AppName, parseAppName } from '../../../lib/drains/app-name.ts';
import { ArchiveImpact } from '../../../lib/incidents/records/archive-impact.ts';
import { impactWindow, postmortem } from '../../../lib/incidents/records/postmortem.ts';
import { archiveOf, seal, testApp } from '../../support/batches.ts';
import { event, openedAt } from '../../support/incident-events.ts';
import { recordOf } from '../../support/incident-records.ts';
import { MemoryArchive } from '../../support/memory-archive.ts';
import { batch, message, overflow } from '../../support/messages.ts';

const minute = 60_000;
const hour = 60 * minute;
const after = (minutes: number) => ({ at: openedAt + minutes * minute });
const now = openedAt + 20 * 24 * hour;
const resolved = recordOf(
  event('opened'),
  event('acknowledged', after(4)),
  event('noted', { ...after(5), text: 'Looks like *theirs*\n# not ours' }),
  event('resolved', after(130)),
  event('follow-up-added', { ...after(140), due: '2026-11-30' }),
  event('follow-up-added', { ...after(141), id: 'x', followUp: 'f2', text: 'Say thanks' }),
  event('follow-up-done', { ...after(150), followUp: 'f2' }),
);

describe('postmortem', () => {
  const text = postmortem(resolved, new Map(), now);

  it('begins with what it is about', () => {
    expect(text).toMatch(/^# inc_20261120_0915_k3f9qa: shop has been silent for 16 min\n/);
    expect(text).toContain('- Severity: P1\n');
    expect(text).toContain('- Service: production (production)\n');
  });

  it('says how long everything took', () => {
    expect(text).toContain('- Began: 2026-11-20 08:59 UTC\n');
    expect(text).toContain('- Opened: 2026-11-20 09:15 UTC, 16 min after it began\n');
    expect(text).toContain('- First acknowledged after: 4 min\n');
    expect(text).toContain('- Resolved after: 2 h 10 min\n');
    expect(text).toContain('- Lasted: 2 h 26 min\n');
  });

  it('tells the timeline, each event on a line, whatever a note holds', () => {
    expect(text).toContain(
      '- 2026-11-20 09:15 UTC **opened** by watch: P1, shop has been silent for 16 min\n',
    );
    expect(text).toContain('- 2026-11-20 09:20 UTC **noted** by ada: Looks like \\*theirs\\* # not ours\n');
    expect(text).not.toContain('\n# not ours');
  });

  it('lists what is still to be done, and what is overdue', () => {
    expect(text).toContain('- [ ] Raise the threshold (ada, due 2026-11-30, **overdue**) `f1`\n- 1 done\n');
    expect(text).not.toContain('- [ ] Say thanks');
  });

  it('says of an open incident that it is not over yet', () => {
    expect(postmortem(recordOf(event('opened')), new Map(), now)).toMatch(
      /Ended: not yet\n.*\n- Lasted: not yet/,
    );
  });

  it('shows what the archive holds of the hours around it', () => {
    const hours = [
      { at: openedAt - 75 * minute, objects: 60, bytes: 123_456 },
      { at: openedAt - 15 * minute, objects: 0, bytes: 0 },
      { at: openedAt + 45 * minute, objects: 0, bytes: 0 },
      { at: openedAt + 105 * minute, objects: 12, bytes: 999 },
      { at: openedAt + 165 * minute, objects: 61, bytes: 1_000 },
    ];

    const shown = postmortem(resolved, new Map([['shop', hours]]), now);

    expect(shown).toContain('**shop**: of 4 h during the incident, 2 h with nothing stored.');
    expect(shown).toContain('| 2026-11-20 08:00 * | 60 | 123,456 |');
    expect(shown).toContain('| 2026-11-20 09:00 * | 0 | 0 |');
    expect(shown).toContain('| 2026-11-20 12:00 | 61 | 1,000 |');
  });

  it('shows messages, and what Heroku says it lost, where they were counted', () => {
    const hours = [{ at: openedAt, objects: 1, bytes: 2, counted: { messages: 3, lost: 4 } }];

    expect(postmortem(resolved, new Map([['shop', hours]]), now)).toContain('| 1 | 2 | 3 | 4 |');
  });
});

describe('impactWindow', () => {
  it('goes from two hours before the trouble to two after it, but not into the future', () => {
    const from = resolved.since - 2 * hour;

    expect(impactWindow(resolved, now)).toEqual({ from, to: openedAt + 250 * minute });
    expect(impactWindow(resolved, openedAt + 200 * minute).to).toBe(openedAt + 200 * minute);
  });

  it('is a week at most', () => {
    const open = recordOf(event('opened'));

    expect(impactWindow(open, now).to - impactWindow(open, now).from).toBe(7 * 24 * hour);
  });
});

describe('ArchiveImpact', () => {
  it('counts objects and bytes by the hour, of the app and the window only', async () => {
    const archive = new MemoryArchive();
    const put = (app: string, at: number, size: number) => {
      const uuid = `${String(archive.objects.size).padStart(8, '0')}-0123-80bc-8def-0123456789ab`;
      archive.objects.set(objectKey({ app: appNamed(app), epochMs: at, uuid }), Buffer.alloc(size));
    };
    const nine = openedAt - 15 * minute;
    put('shop', nine - 1, 1);
    put('shop', nine, 10);
    put('shop', nine + hour - 1, 20);
    put('shop', nine + 2 * hour, 40);
    put('shop', nine + 3 * hour, 80);
    put('blog', nine, 160);
    archive.objects.set(`logs/shop/2026/11/20/notes.txt`, Buffer.alloc(5));

    const hours = await new ArchiveImpact(archive).hours(appNamed('shop'), {
      from: nine + 5 * minute,
      to: nine + 2 * hour + minute,
    });

    expect(hours).toEqual([
      { at: nine, objects: 2, bytes: 30 },
      { at: nine + hour, objects: 0, bytes: 0 },
      { at: nine + 2 * hour, objects: 1, bytes: 40 },
    ]);
  });

  it('counts messages and declared losses where every object can be read', async () => {
    const nine = openedAt - 15 * minute;
    const first = await seal(batch(overflow(7, nine), message('one', nine), message('two', nine)));
    const second = await seal(batch(message('three', nine + hour)));
    const early = await seal(batch(message('an hour before', nine - 1)));

    const hours = await new ArchiveImpact(archiveOf(first, second, early)).hours(testApp, {
      from: nine,
      to: nine + hour + 1,
    });

    expect(hours.map(({ at, counted }) => [at, counted])).toEqual([
      [nine, { messages: 3, lost: 7 }],
      [nine + hour, { messages: 1, lost: 0 }],
    ]);
  });
});

function appNamed(text: string): AppName {
  const app = parseAppName(text);
  if (app === undefined) throw new Error(`no app name: ${text}`);
  return app;
}
