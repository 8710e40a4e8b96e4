/** Reads what a construct computes with: heads, filters with their arguments, conditions. */
import { readPath } from './read-path.ts';
import { isNameCharacter, type Reader } from './reader.ts';
import type { Condition, Expression, FilterCall, Head, Node } from './syntax.ts';
import { trim } from './white.ts';

const DOT = 46;

export function readExpression(reader: Reader): Expression | undefined {
  reader.skipWhite();
  const at = reader.at;
  const head = readHead(reader);
  if (head === undefined) return undefined;
  reader.skipWhite();
  const filters: FilterCall[] = [];
  while (reader.take('|')) {
    const filter = readFilter(reader);
    if (filter === undefined) return undefined;
    filters.push(filter);
  }
  return { head, filters, at, source: trim(reader.text.slice(at, reader.at)) };
}

function readHead(reader: Reader): Head | undefined {
  if (reader.sees('|')) return { kind: 'nothing' };
  if (atQuote(reader)) {
    const text = readQuoted(reader);
    return text === undefined ? undefined : { kind: 'literal', text };
  }
  const path = readPath(reader);
  return path === undefined ? undefined : { kind: 'path', path };
}

/** After the bar; white space after it is taken too. */
function readFilter(reader: Reader): FilterCall | undefined {
  reader.skipWhite();
  const at = reader.at;
  const name = reader.takeWhile(isNameCharacter);
  if (name === '') return reader.fail('A filter has no name', 'the name of a filter after |');
  const args: Node[] = [];
  for (;;) {
    reader.skipWhite();
    const arg = readArgument(reader);
    if (arg === 'none') return { name, at, args };
    if (arg === undefined) return undefined;
    args.push(arg);
  }
}

function readArgument(reader: Reader): Node | 'none' | undefined {
  if (reader.sees('#{')) return readArgumentConstruct(reader);
  if (atQuote(reader)) {
    const text = readQuoted(reader);
    return text === undefined ? undefined : { kind: 'text', text };
  }
  const text = reader.takeWhile((code) => code === DOT || isNameCharacter(code));
  return text === '' ? 'none' : { kind: 'text', text };
}

function readArgumentConstruct(reader: Reader): Node | undefined {
  const start = reader.at;
  const marker = reader.within.marker(reader);
  if (marker === undefined) return undefined;
  if (marker.kind === 'substitution' || marker.kind === 'calculation') return marker;
  reader.at = start;
  return reader.within.block(reader);
}

function atQuote(reader: Reader): boolean {
  return reader.sees('"') || reader.sees('\\"');
}

/** `"text"`, or `\"text\"` as it stands in a template that is within a JSON string itself. */
function readQuoted(reader: Reader): string | undefined {
  const quote = reader.sees('"') ? '"' : '\\"';
  const start = reader.at + quote.length;
  const end = reader.text.indexOf(quote, start);
  if (end < 0) return reader.fail('A quoted text has no end', `${quote} after it`);
  const text = reader.text.slice(start, end);
  if (text.includes('#{'))
    return reader.fail(
      'A quoted text holds no variables',
      'the variable as an argument of its own: #{Name}, without quotes',
    );
  reader.at = end + quote.length;
  return text;
}

/** White space after it is taken too. */
export function readCondition(reader: Reader): Condition | undefined {
  const left = readExpression(reader);
  if (left === undefined) return undefined;
  reader.skipWhite();
  const equal = reader.sees('==');
  if (!equal && !reader.sees('!=')) return { left };
  reader.at += 2;
  const right = readExpression(reader);
  if (right === undefined) return undefined;
  reader.skipWhite();
  return { left, comparison: { equal, right } };
}
