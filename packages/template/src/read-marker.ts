/** Reads one construct from its `#{` to its `}`: what stands for a value, and what opens, parts or closes a block. */
import { readCalculation } from './read-calculation.ts';
import { readCondition, readExpression } from './read-expression.ts';
import { readName } from './read-path.ts';
import type { Reader } from './reader.ts';
import type { CalculationNode, Expression, Marker, SubstitutionNode } from './syntax.ts';

export function readMarker(reader: Reader): Marker | undefined {
  return reader.once(() => {
    const at = reader.at;
    reader.at += 2;
    reader.skipWhite();
    const read = readInner(reader);
    if (read === undefined) return undefined;
    reader.skipWhite();
    if (!reader.take('}')) return reader.fail('#{ has no end that fits', '} here');
    const written = { at, source: reader.text.slice(at, reader.at) };
    if (read.kind === 'expression') return { kind: 'substitution', expression: read.expression, ...written };
    if (read.kind === 'sum') return { kind: 'calculation', calculation: read.calculation, ...written };
    return read;
  });
}

type Inner =
  | Exclude<Marker, SubstitutionNode | CalculationNode>
  | { kind: 'expression'; expression: Expression }
  | { kind: 'sum'; calculation: CalculationNode['calculation'] };

function readInner(reader: Reader): Inner | undefined {
  if (reader.take('/')) return readClose(reader);
  for (const kind of ['if', 'unless', 'elseif'] as const) {
    if (!reader.takeKeyword(kind)) continue;
    const condition = readCondition(reader);
    return condition === undefined ? undefined : { kind, condition };
  }
  if (reader.takeKeyword('each')) return readEach(reader);
  if (reader.takeKeyword('calc')) {
    const calculation = readCalculation(reader);
    return calculation === undefined ? undefined : { kind: 'sum', calculation };
  }
  const expression = readExpression(reader);
  if (expression === undefined) return undefined;
  return expression.source.toLowerCase() === 'else' ? { kind: 'else' } : { kind: 'expression', expression };
}

function readClose(reader: Reader): Inner | undefined {
  for (const block of ['if', 'unless', 'each'] as const)
    if (reader.take(block)) return { kind: 'close', of: block };
  return reader.fail('Nothing is closed by this', '#{/if}, #{/unless} or #{/each}');
}

function readEach(reader: Reader): Inner | undefined {
  const variable = readName(reader, { loose: true, until: 'in' });
  if (variable === undefined) return undefined;
  reader.skipWhite();
  if (!reader.takeKeyword('in')) return reader.fail('#{each} has no "in"', '#{each item in Collection}');
  const collection = readExpression(reader);
  if (collection === undefined) return undefined;
  return { kind: 'each', variable: variable.toLowerCase(), collection };
}
