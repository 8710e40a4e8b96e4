/** The scripts that a YAML text names. What is wrong in the text is for the server to tell. */
import { isMap, isPair, isScalar, LineCounter, parseAllDocuments, visit } from 'yaml';

export interface NamedScript {
  file: string;
  line: number;
  column: number;
}

export function scriptsNamedIn(text: string): NamedScript[] {
  // Cheaper than the parser, and most files name none.
  if (!text.includes('file')) return [];
  const lines = new LineCounter();
  const found: NamedScript[] = [];
  try {
    for (const document of parseAllDocuments(text, {
      lineCounter: lines,
      logLevel: 'silent',
      uniqueKeys: false,
    }))
      visit(document, {
        Pair(_, { key, value }, path) {
          if (!isScalar(key) || key.value !== 'file' || !isScalar(value) || !inScript(path)) return;
          if (typeof value.value !== 'string') return;
          const { line, col } = lines.linePos(value.range?.[0] ?? 0);
          found.push({ file: value.value, line, column: col });
        },
      });
  } catch {
    return [];
  }
  return found;
}

/** It stands in the map of a `script:` or `cleanUp:`. */
function inScript(path: readonly unknown[]): boolean {
  const [outer, inner] = path.slice(-2);
  if (!isMap(inner) || !isPair(outer) || !isScalar(outer.key)) return false;
  return outer.key.value === 'script' || outer.key.value === 'cleanUp';
}
