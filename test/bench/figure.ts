/** How long a run may take: `quick` is for every check, `full` for the numbers in docs/performance.md. */
export type Effort = 'quick' | 'full';

/** One measured number. Without a limit it is there to be looked at. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  /** `x` for a ratio. */
  readonly unit: string;
  readonly limit: number | null;
  readonly ok: boolean;
  /** Which way the limit points. */
  readonly limitIs?: 'most' | 'least';
  /** What the table says beside it: quartiles, absolute times. */
  readonly remark: string;
}

export interface Benchmark {
  /** The names of its figures, known before it runs. */
  readonly figures: readonly string[];
  run(effort: Effort): Promise<readonly Figure[]>;
}

type Measured = Pick<Figure, 'name' | 'value' | 'unit' | 'remark'>;

export function atMost(limit: number, measured: Measured): Figure {
  return { ...measured, limit, limitIs: 'most', ok: measured.value <= limit };
}

export function atLeast(limit: number, measured: Measured): Figure {
  return { ...measured, limit, limitIs: 'least', ok: measured.value >= limit };
}

export function unlimited(measured: Measured): Figure {
  return { ...measured, limit: null, ok: true };
}

/** Columns for a person; one row a figure. */
export function formatTable(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => [
    figure.name,
    `${format(figure.value)} ${figure.unit}`,
    formatLimit(figure),
    figure.ok ? 'ok' : 'MISSED',
    figure.remark,
  ]);
  const table = [['figure', 'value', 'limit', '', ''], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  return table
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function formatLimit({ limit, limitIs }: Figure): string {
  if (limit === null) return '';
  return `${limitIs === 'least' ? '>=' : '<='} ${limit}`;
}

/** Three digits that count. */
export function format(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
