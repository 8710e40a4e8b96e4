/**
 * What counts as white space: the characters that .NET trims, which differ from
 * JavaScript's in two (U+0085 is white, U+FEFF is not).
 */
const CLASS = '\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const ONE = new RegExp(`^[${CLASS}]$`);

export function isWhite(code: number): boolean {
  if (code < 128) return code === 32 || (code >= 9 && code <= 13);
  return ONE.test(String.fromCharCode(code));
}

/** Both are loops: a regular expression that is anchored at the end takes quadratic time for many spaces. */
export function trimStart(text: string): string {
  let from = 0;
  while (from < text.length && isWhite(text.charCodeAt(from))) from += 1;
  return text.slice(from);
}

export function trimEnd(text: string): string {
  let to = text.length;
  while (to > 0 && isWhite(text.charCodeAt(to - 1))) to -= 1;
  return text.slice(0, to);
}

export function trim(text: string): string {
  return trimEnd(trimStart(text));
}
