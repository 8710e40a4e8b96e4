/** One measured figure. Targets are of issue size: `bar` must be met, `aim` is wished for. */
export interface Figure {
  name: string;
  value: number;
  unit: string;
  /** The machine's own limit in the same run, in the same unit. */
  limit?: number;
  /** value / limit: the judged form where there is a limit. */
  ratio?: number;
  bar?: number;
  aim?: number;
  better: 'lower' | 'higher';
}

export function verdict(figure: Figure): string {
  const judged = figure.ratio ?? figure.value;
  const meets = (target: number | undefined): boolean =>
    target !== undefined && (figure.better === 'lower' ? judged <= target : judged >= target);
  if (figure.bar === undefined) return '';
  return meets(figure.aim) ? 'aim' : meets(figure.bar) ? 'bar' : 'MISSED';
}

export function table(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => [
    figure.name,
    `${round(figure.value)} ${figure.unit}`,
    figure.limit === undefined ? '' : `${round(figure.limit)} ${figure.unit}`,
    figure.ratio === undefined ? '' : `${figure.ratio.toFixed(2)}x`,
    figure.bar === undefined
      ? ''
      : `${figure.better === 'lower' ? '<=' : '>='} ${figure.bar} (${figure.aim ?? ''})`,
    verdict(figure),
  ]);
  const head = ['figure', 'here', "machine's own", 'ratio', 'bar (aim)', ''];
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (row: string[]): string =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

function round(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
