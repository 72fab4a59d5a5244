import { describe, expect, test } from 'vitest';
import { bytesArgument, countArgument } from '../../../cli/shared/quantity.ts';
import { assumptions } from '../../../lib/cost/assumptions.ts';
import { type CostInput, dominantOf, estimate } from '../../../lib/cost/estimate.ts';
import { billing, priceList } from '../../../lib/cost/prices.ts';
import { archiveCost } from '../../../lib/cost/usage.ts';
import { documents, tableAfter } from '../../support/documents.ts';

function page(path: string) {
  const found = documents().find((each) => each.path === path);
  if (found === undefined) throw new Error(`there is no page ${path}`);
  return found;
}

const month = {
  retentionDays: 90,
  infrequentAccessDays: 'never',
  windowSeconds: 30,
  concurrency: 5,
} as const satisfies Partial<CostInput>;

describe('README.md', () => {
  const readme = page('README.md');
  const rows = tableAfter(readme, '## What it costs');

  test('has three sizes of team', () => {
    expect(rows).toHaveLength(3);
  });

  test.each(rows)('%s: what the model gives', (_, apps = '', batches = '', bytes = '', ...deliveries) => {
    const size = {
      ...month,
      apps: Number(apps),
      batches: countArgument('')(batches),
      bytes: bytesArgument('')(bytes),
    };
    const cells = (['direct', 'buffered'] as const).map((delivery) => {
      const { total, lines } = estimate({ ...size, delivery });
      const most = dominantOf({ lines });
      return `$${total.toFixed(2)}: ${most?.name} ${Math.round(((most?.sum ?? 0) / total) * 100)} %`;
    });
    expect(deliveries).toEqual(cells);
  });

  test('says of when the prices are', () => {
    expect(readme.text).toContain(`list prices of ${priceList.asOf}`);
  });
});

describe('docs/cost.md', () => {
  const cost = page('docs/cost.md');

  test('lists every assumption with its value', () => {
    const said = tableAfter(cost, '## Assumptions').map(([name = '', value = '']) => [
      name.replaceAll('`', ''),
      Number(value.replaceAll(',', '')),
    ]);
    expect(Object.fromEntries(said)).toEqual(assumptions);
  });

  test('says from when on buffered delivery is cheaper', () => {
    const rows = tableAfter(cost, '## When buffered delivery pays');
    expect(rows).toHaveLength(3);
    for (const [apps, ...cells] of rows) {
      for (const [index, cell] of cells.entries()) {
        const windowSeconds = [30, 300][index] ?? 0;
        const millions = Number(/^[\d.]+/.exec(cell)?.[0]);
        const isCheaper = (batches: number) => {
          const each = { ...month, windowSeconds, apps: Number(apps), batches, bytes: batches * 100_000 };
          return (
            estimate({ ...each, delivery: 'buffered' }).total <
            estimate({ ...each, delivery: 'direct' }).total
          );
        };
        expect([apps, cell, isCheaper((millions - 0.1) * 1e6), isCheaper((millions + 0.1) * 1e6)]).toEqual([
          apps,
          cell,
          false,
          true,
        ]);
      }
    }
  });

  test('says from what size of an object on Infrequent Access pays', () => {
    const rows = tableAfter(cost, '## When Infrequent Access pays');
    expect(rows).toHaveLength(4);
    for (const [days = '', size = ''] of rows) {
      const bytes = bytesArgument('')(size);
      expect([days, pays(bytes - 1000, days), pays(bytes + 1000, days)]).toEqual([days, false, true]);
    }
  });

  function pays(size: number, days: string): boolean {
    const objects = { objects: 1e6, storedBytes: size * 1e6, infrequentBytes: 0 };
    const archived = { ...objects, infrequentBytes: Math.max(size, billing.leastInfrequentBytes) * 1e6 };
    const retentionDays = Number(days.split(' ')[0]);
    const moved = archiveCost(archived, { retentionDays, infrequentAccessDays: 30 }).total;
    return moved < archiveCost(archived, { retentionDays, infrequentAccessDays: 'never' }).total;
  }
});

describe('docs/configuration.md', () => {
  test('says what Infrequent Access saves and costs', () => {
    const rows = tableAfter(page('docs/configuration.md'), '## Infrequent Access');
    expect(rows.length).toBeGreaterThan(2);
    for (const [size = '', stay, move] of rows) {
      const bytes = bytesArgument('')(size);
      const gigabytes = (each: number) => (each * 1e6) / billing.gigabyte;
      const standard = gigabytes(bytes) * 0.023 * 5;
      const infrequent = gigabytes(Math.max(bytes, billing.leastInfrequentBytes)) * 0.0125 * 5 + 10;
      expect([size, stay, move]).toEqual([size, `$${standard.toFixed(2)}`, `$${infrequent.toFixed(2)}`]);
    }
  });
});
