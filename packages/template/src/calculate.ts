/** Computes with the numbers that variables hold: doubles, as .NET has them. */
import { formatNumber } from './dotnet/format-number.ts';
import { numberOf, parseDouble } from './dotnet/numbers.ts';
import type { Calculation, Operator, Path } from './syntax.ts';

/** The number as text; undefined where a variable is none, or nothing finite comes of it. */
export function calculate(
  calculation: Calculation,
  valueOf: (path: Path) => string | undefined,
): string | undefined {
  const result = compute(calculation, valueOf);
  return result === undefined || !Number.isFinite(result) ? undefined : formatNumber(numberOf(result), 'G');
}

/** The variables that it is computed with: they are evaluated before, not within, for a parenthesis takes room on the stack. */
export function pathsOf(calculation: Calculation): Path[] {
  if (calculation.kind === 'variable') return [calculation.path];
  const rights: Calculation[] = [];
  let first: Calculation = calculation;
  for (; first.kind === 'operation'; first = first.left) rights.push(first.right);
  const paths = first.kind === 'variable' ? [first.path] : [];
  for (const right of rights.reverse()) paths.push(...pathsOf(right));
  return paths;
}

function compute(calculation: Calculation, valueOf: (path: Path) => string | undefined): number | undefined {
  switch (calculation.kind) {
    case 'number':
      return calculation.value;
    case 'variable':
      return parseDouble(valueOf(calculation.path) ?? '');
    case 'operation':
      return operate(calculation, valueOf);
  }
}

/** A long sum leans to the left: its left sides are walked, not descended into. */
function operate(
  calculation: Extract<Calculation, { kind: 'operation' }>,
  valueOf: (path: Path) => string | undefined,
): number | undefined {
  const operations = [];
  let first: Calculation = calculation;
  for (; first.kind === 'operation'; first = first.left) operations.push(first);
  let left = compute(first, valueOf);
  for (const { operator, right } of operations.reverse()) {
    const other = compute(right, valueOf);
    left = left === undefined || other === undefined ? undefined : apply(operator, left, other);
  }
  return left;
}

function apply(operator: Operator, left: number, right: number): number | undefined {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return left / right;
    case '%':
      return isWhole(left) && isWhole(right) && right !== 0 ? left % right : undefined;
  }
}

function isWhole(value: number): boolean {
  return Number.isInteger(value) && Math.abs(value) < 2 ** 63;
}
