/**
 * Match and Replace, by an engine whose time is linear in the text (RE2): users
 * write these patterns, and JavaScript's own can be driven into hours. What such
 * an engine lacks (looking around, backreferences, atomic groups) is refused.
 */
import { RE2JS } from 're2js';

import { LARGEST_SEARCH, LONGEST_PATTERN } from '../limits.ts';
import { type Around, type Filter, ofText, type Refusal } from './filter.ts';

const EXPECTED = 'a pattern without lookaround, backreferences and atomic groups';

function compiled(pattern: string, text: string): RE2JS | Refusal {
  if (pattern.length > LONGEST_PATTERN)
    return {
      message: `The pattern is longer than ${LONGEST_PATTERN} characters`,
      expected: 'a shorter pattern',
    };
  if (pattern.length * text.length > LARGEST_SEARCH)
    return { message: 'The pattern and the text are too long for each other', expected: 'a shorter one' };
  try {
    return RE2JS.compile(pattern);
  } catch {
    // The engine's own words repeat a part of the pattern, which may come from a variable.
    return { message: 'The pattern can not be used', expected: EXPECTED };
  }
}

export const match: Filter = ofText((text, args) => {
  const [pattern] = args;
  if (pattern === undefined || args.length > 1) return undefined;
  const found = compiled(pattern, text);
  return found instanceof RE2JS ? String(found.matcher(text).find()) : found;
});

export const replace: Filter = ofText((text, args, around) => {
  const [pattern, replacement = ''] = args;
  if (pattern === undefined) return undefined;
  const found = compiled(pattern, text);
  return found instanceof RE2JS ? replaced(found, { text, replacement }, around) : found;
});

interface Replacing {
  text: string;
  replacement: string;
}

function replaced(expression: RE2JS, { text, replacement }: Replacing, { makes }: Around): string {
  const parts = partsOf(replacement, expression);
  const matcher = expression.matcher(text);
  let result = '';
  let at = 0;
  while (matcher.find()) {
    const [start, end] = [matcher.start(), matcher.end()];
    const group = (number: number): string => matcher.group(number) ?? '';
    result += text.slice(at, start);
    for (const part of parts) result += typeof part === 'string' ? part : part({ text, start, end, group });
    at = end;
    makes(result.length);
  }
  return result + text.slice(at);
}

interface Matched {
  text: string;
  start: number;
  end: number;
  group: (number: number) => string;
}

type Part = string | ((matched: Matched) => string);

const SUBSTITUTION = /\$(?:(\d{1,9})|\{(\w{1,100})\}|([$&`'+_]))/g;

/** `$1`, `${1}`, `${name}`, `$$`, `$&`, `` $` ``, `$'`, `$+`, `$_`; what names no group is text. */
function partsOf(replacement: string, expression: RE2JS): Part[] {
  const parts: Part[] = [];
  let at = 0;
  for (const found of replacement.matchAll(SUBSTITUTION)) {
    const [all, digits, name, sign = ''] = found;
    const number = groupOf(digits ?? name, expression);
    const part = number === undefined ? SIGNS[sign]?.(expression) : groupPart(number);
    parts.push(replacement.slice(at, found.index), part ?? all);
    at = found.index + all.length;
  }
  return [...parts, replacement.slice(at)];
}

function groupPart(number: number): Part {
  return ({ group }) => group(number);
}

function groupOf(name: string | undefined, expression: RE2JS): number | undefined {
  if (name === undefined) return undefined;
  const names = expression.namedGroups();
  const number = /^\d+$/.test(name) ? Number(name) : Object.hasOwn(names, name) ? names[name] : undefined;
  return number !== undefined && number <= expression.groupCount() ? number : undefined;
}

const SIGNS: Readonly<Record<string, (expression: RE2JS) => Part>> = {
  $: () => '$',
  '&': () => groupPart(0),
  '`': () => (matched) => matched.text.slice(0, matched.start),
  "'": () => (matched) => matched.text.slice(matched.end),
  '+': (expression) => groupPart(expression.groupCount()),
  _: () => (matched) => matched.text,
};
