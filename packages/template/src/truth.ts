import { trim } from './white.ts';

const FALSE = new Set(['', '0', 'no', 'false']);

/** What counts as true in a condition: any text but these, whatever white space stands around them. */
export function isTrue(text: string): boolean {
  return !FALSE.has(trim(text).toLowerCase());
}
