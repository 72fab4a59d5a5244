import { assumptions } from '../../lib/cost/assumptions.ts';
import { type CostInput, dominantOf, type Estimate, estimate } from '../../lib/cost/estimate.ts';
import type { Line } from '../../lib/cost/line.ts';
import { type Price, priceList } from '../../lib/cost/prices.ts';
import { bold, formatBytes, print } from '../shared/output.ts';

export interface Month extends Omit<CostInput, 'delivery'> {
  readonly messages: number;
}

/** The estimates side by side, what they rest on, and whether Infrequent Access pays. */
export function printCost(month: Month, estimates: readonly Estimate[]): void {
  const { batches, messages, bytes, apps, retentionDays, infrequentAccessDays } = month;
  const moved = infrequentAccessDays === 'never' ? 'never moved' : `moved after ${infrequentAccessDays}`;
  print(
    `A month of ${whole(batches)} batches, ${whole(messages)} messages, ${formatBytes(bytes)} raw, from ` +
      `${apps === 1 ? '1 app' : `${whole(apps)} apps`}; kept ${retentionDays} days, ${moved}.`,
  );
  print(`List prices of ${priceList.region}, ${priceList.asOf}, without free tiers.\n`);
  printAligned([
    ['', 'UNIT PRICE', ...estimates.flatMap(({ delivery }) => [delivery.toUpperCase(), '$'])],
    ...rowsOf(estimates),
    ['total', '', ...estimates.flatMap(({ total }) => ['', dollars(total)])],
  ]);
  print('');
  for (const each of estimates) print(`${each.delivery}: ${describe(each, messages)}`);
  print(infrequentAccess(month, estimates));
  print(`\n${assumed(month)}`);
}

/** Lines that come to nothing in every estimate are left out. */
function rowsOf(estimates: readonly Estimate[]): string[][] {
  const [first] = estimates;
  return (first?.lines ?? []).flatMap(({ name, price }, index) => {
    const same = estimates.flatMap(({ lines }) => lines[index] ?? []);
    if (same.every(({ sum }) => sum === 0)) return [];
    return [[name, unitPrice(price), ...same.flatMap((line) => [quantity(line), dollars(line.sum)])]];
  });
}

function describe(each: Estimate, messages: number): string {
  const most = dominantOf(each);
  const share = Math.round(((most?.sum ?? 0) / each.total) * 100);
  const size = formatBytes(each.storedBytes / each.objects);
  const perMillion = dollars((each.total / messages) * 1_000_000);
  return `${whole(each.objects)} objects of ${size}; mostly ${most?.name} (${share} %); $${perMillion} a million messages`;
}

/** What moving the objects would save or cost, or does. */
function infrequentAccess(month: Month, estimates: readonly Estimate[]): string {
  const days = month.infrequentAccessDays === 'never' ? 30 : month.infrequentAccessDays;
  const differences = estimates.map(({ delivery }) => {
    const moved = estimate({ ...month, delivery, infrequentAccessDays: days }).total;
    const never = estimate({ ...month, delivery, infrequentAccessDays: 'never' }).total;
    return `${delivery} ${savesOrCosts(moved - never)}`;
  });
  return `Infrequent Access after ${days} days: ${differences.join(', ')}`;
}

/** `saves $1.20`, `costs $3.40 more`, of a difference in US dollars. */
export function savesOrCosts(difference: number): string {
  return difference < 0 ? `saves $${dollars(-difference)}` : `costs $${dollars(difference)} more`;
}

function assumed({ ratio, windowSeconds, concurrency }: Month): string {
  const { receiverSeconds, archiverSeconds, archiverMemberSeconds, functionGigabytes } = assumptions;
  const { memberHeaderBytes, pollers, pollSeconds, receiverLogBytes, watchRuns, watchSeconds } = assumptions;
  const stored =
    ratio === undefined
      ? `${assumptions.ratio} raw bytes to a stored one, and ${memberHeaderBytes} bytes for each batch`
      : `${ratio} raw bytes to a stored one`;
  return [
    'Assumed (docs/cost.md says why):',
    `  ${stored}; batches spread evenly over the month and the apps`,
    `  receiver ${receiverSeconds * 1000} ms a batch; archiver ${archiverSeconds * 1000} ms and ${archiverMemberSeconds * 1000} ms a member; ${functionGigabytes * 1024} MiB each`,
    `  ${Math.min(pollers, concurrency)} pollers, each collecting ${windowSeconds} s or 6 MB; empty polls of ${pollSeconds} s`,
    `  ${receiverLogBytes} bytes of log a request; ${assumptions.stageMetrics} metrics, and ${assumptions.appMetrics} for each app`,
    `  the watch: ${whole(watchRuns)} runs of ${watchSeconds} s`,
  ].join('\n');
}

/** `$0.005 / 1,000 requests`. */
export function unitPrice({ usd, per, unit }: Price): string {
  const amount = usd >= 0.01 ? usd.toFixed(Math.max(2, decimals(usd))) : usd.toFixed(decimals(usd));
  return `$${amount} / ${per === 1 ? '' : `${whole(per)} `}${unit}`;
}

function decimals(usd: number): number {
  return Math.min(10, usd.toFixed(10).replace(/0+$/, '').split('.')[1]?.length ?? 0);
}

/** `1,000,000`, or `112.08` of what is counted in fractions. */
export function quantity({ quantity: amount, price }: Line): string {
  return /^GB/.test(price.unit) ? dollars(amount) : whole(amount);
}

export function whole(number: number): string {
  return Math.round(number).toLocaleString('en');
}

/** `1,234.50`, without a sign. */
export function dollars(sum: number): string {
  return sum.toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}

/** The first two columns to the left, numbers to the right; the first row and the last in bold. */
export function printAligned(rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  for (const [index, row] of rows.entries()) {
    const cells = row.map((cell, i) => (i < 2 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)));
    const text = cells.join('  ').trimEnd();
    print(index === 0 || index === rows.length - 1 ? bold(text) : text);
  }
}
