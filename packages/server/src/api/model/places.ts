/**
 * Where a part of a document stands in its file. A path is that of the YAML,
 * or of the model's body: what YAML writes more shortly (a single action in
 * its step, one entry in place of a list) is found all the same.
 */
import { isAlias, isCollection, isMap, isScalar, isSeq, type Pair } from 'yaml';

import type { Place } from '../../app/model/model-draft.ts';
import type { Path } from '../../domain/model/ref.ts';
import { ACTION_KEYS } from '../schemas/model/actions.ts';
import { cut, type YamlDocument } from './yaml-files.ts';

/** Fields whose name in YAML is another. */
const WRITTEN: Readonly<Record<string, readonly string[]>> = {
  does: [...ACTION_KEYS, 'deploy', 'runRunbook'],
  reachedBy: ['agent', 'cloudRegion'],
  timeoutMs: ['timeout'],
  waitMs: ['wait'],
};

interface Way {
  node: unknown;
  field: string;
  /** Where it begins. */
  offset: number;
  /** The last word of the path was not written. */
  missing: boolean;
}

export function placeIn(
  of: YamlDocument,
  path: Path,
  options: { key?: boolean; exact?: boolean } = {},
): Place {
  let way: Way = {
    node: of.document.contents,
    field: '',
    offset: startOf(of.document.contents) ?? 0,
    missing: false,
  };
  path.forEach((part, i) => {
    const key = options.key === true && i === path.length - 1;
    way = next({ ...way, node: resolved(of, way.node) }, part, { ...options, key });
  });
  const { line, col } = of.lines.linePos(way.offset);
  return { file: of.file, line: Math.max(line, 1), column: Math.max(col, 1), field: way.field };
}

function next(
  way: Way,
  part: string | number,
  { key, exact = false }: { key: boolean; exact?: boolean },
): Way {
  const { node } = way;
  if (typeof part === 'string') {
    const pair = isMap(node) ? pairOf(node.items, part) : undefined;
    if (pair !== undefined) return into(way, pair, { key });
    return { ...way, field: exact ? dotted(way.field, part) : way.field, missing: true };
  }
  if (way.missing) return way;
  if (isSeq(node)) {
    const item: unknown = node.items[part];
    return {
      node: item,
      field: `${way.field}[${part}]`,
      offset: startOf(item) ?? way.offset,
      missing: false,
    };
  }
  // Variables may be a map; and where a list may be one entry alone, it is that.
  const pair = isMap(node) ? node.items[part] : undefined;
  return pair === undefined || exact ? way : into(way, pair, { key });
}

function into(way: Way, { key: word, value }: Pair, { key }: { key: boolean }): Way {
  const start = startOf(word) ?? way.offset;
  // Of a list or map below its key the key says more.
  const shown = key || (isCollection(value) && value.flow !== true) ? start : (startOf(value) ?? start);
  return { node: value, field: dotted(way.field, textOf(word)), offset: shown, missing: false };
}

function pairOf(items: readonly Pair[], part: string): Pair | undefined {
  const words = [part, ...(Object.hasOwn(WRITTEN, part) ? (WRITTEN[part] ?? []) : [])];
  return items.find(({ key }) => words.includes(textOf(key)));
}

function resolved({ document }: YamlDocument, node: unknown): unknown {
  return isAlias(node) ? node.resolve(document) : node;
}

function textOf(node: unknown): string {
  return isScalar(node) ? String(node.value) : '';
}

function startOf(node: unknown): number | undefined {
  const { range } = (node ?? {}) as { range?: [number, number, number] | null };
  return range?.[0];
}

function dotted(field: string, part: string): string {
  return field === '' ? cut(part) : `${field}.${cut(part)}`;
}
