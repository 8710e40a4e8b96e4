/** Sizes in bytes as people write them: `500MB`, `10GiB`, `4096`. */
import { invalid } from './errors.ts';

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

export const A_SIZE = 'a size, such as 500MB, 10GiB or a count of bytes';

/** @throws AppError `invalid` */
export function parseSize(text: string, field: string): number {
  const [, digits = '', unit = ''] = /^(\d+)\s*([A-Za-z]*)$/.exec(text.trim()) ?? [];
  const bytes = Number(digits) * (UNITS[unit.toLowerCase()] ?? Number.NaN);
  if (digits === '' || !Number.isSafeInteger(bytes)) throw invalid(field, text, A_SIZE);
  return bytes;
}

/** As `parseSize` reads it, in the largest unit of 1024 that leaves nothing over. */
export function formatSize(bytes: number): string {
  const fits = ['tib', 'gib', 'mib', 'kib'].find((unit) => bytes > 0 && bytes % (UNITS[unit] ?? 1) === 0);
  if (fits === undefined) return String(bytes);
  return `${bytes / (UNITS[fits] ?? 1)}${fits.charAt(0).toUpperCase()}iB`;
}
