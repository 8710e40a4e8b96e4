/**
 * Reads what follows `calc`: numbers, variables, + - * / % and parentheses.
 * A name may hold - / : ~ and so a sign that stands directly after a name
 * belongs to it (`a-1` is the name "a-1"); white space or braces end the name.
 */
import { readPath } from './read-path.ts';
import type { Reader } from './reader.ts';
import type { Calculation, Operator } from './syntax.ts';

const NUMBER = /\d+(?:\.\d+)?/y;

/** Sums; white space after it is taken too. */
export function readCalculation(reader: Reader): Calculation | undefined {
  return readOperations(reader, ['+', '-'], () =>
    readOperations(reader, ['*', '/', '%'], () => readOperand(reader)),
  );
}

function readOperations(
  reader: Reader,
  operators: readonly Operator[],
  readPart: () => Calculation | undefined,
): Calculation | undefined {
  let left = readPart();
  while (left !== undefined) {
    reader.skipWhite();
    const operator = operators.find((sign) => reader.take(sign));
    if (operator === undefined) return left;
    const right = readPart();
    if (right === undefined) return undefined;
    left = { kind: 'operation', operator, left, right };
  }
  return undefined;
}

function readOperand(reader: Reader): Calculation | undefined {
  reader.skipWhite();
  const at = reader.at;
  if (reader.take('(')) {
    const inner = reader.nested(() => readCalculation(reader));
    if (inner === undefined) return undefined;
    return reader.take(')') ? inner : reader.fail('A parenthesis has no end', ')');
  }
  if (reader.take('{')) {
    const path = readPath(reader);
    if (path === undefined) return undefined;
    return reader.take('}') ? { kind: 'variable', path, at } : reader.fail('A name has no end', '}');
  }
  const value = readNumber(reader);
  if (value !== undefined) return { kind: 'number', value };
  const path = readPath(reader, { loose: false });
  if (path !== undefined) return { kind: 'variable', path, at };
  return reader.fail('A number or a variable is missing', 'a number, a name, or {a name with spaces}', at);
}

/** A sign before a number is part of it. */
function readNumber(reader: Reader): number | undefined {
  const start = reader.at;
  const negative = reader.take('-');
  NUMBER.lastIndex = reader.at;
  const digits = NUMBER.exec(reader.text)?.[0];
  if (digits === undefined) {
    reader.at = start;
    return undefined;
  }
  reader.at += digits.length;
  return negative ? -Number(digits) : Number(digits);
}
