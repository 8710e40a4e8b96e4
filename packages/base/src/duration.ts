import { invalid } from './errors.ts';

const UNIT_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export const A_DURATION = 'a duration such as 90s, 10m or 1h30m';

const DURATION = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/;

/**
 * `90s`, `10m`, `1h30m`, `250ms` as milliseconds.
 *
 * @param field names the input in the error
 * @throws AppError `invalid`
 */
export function parseDuration(text: string, field: string): number {
  const trimmed = text.trim();
  const parts = DURATION.test(trimmed) ? [...trimmed.matchAll(/([\d.]+)([a-z]+)/g)] : [];
  const ms = Math.round(parts.reduce((sum, [, n, unit]) => sum + Number(n) * (UNIT_MS[unit ?? ''] ?? 0), 0));
  if (parts.length === 0 || !Number.isSafeInteger(ms)) throw invalid(field, text, A_DURATION);
  return ms;
}

/** Milliseconds in the largest two units that fit: `1h 30m`, `12s`, `250ms`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`;
  let left = Math.round(ms / 1000);
  const shown: string[] = [];
  for (const [unit, seconds] of [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
    ['s', 1],
  ] as const) {
    const n = Math.floor(left / seconds);
    if (n > 0) shown.push(`${n}${unit}`);
    left -= n * seconds;
  }
  return shown.slice(0, 2).join(' ');
}
