/**
 * Reads a text into a template. It takes any text, in time that is linear in its
 * length: what is malformed stays text as it is written, and is listed.
 *
 * Blocks are kept on a stack of our own. A block without an end becomes text
 * again, and what stood in it belongs to the block around.
 */
import { DEEPEST_NESTING, MOST_PROBLEMS } from './limits.ts';
import { Lines, type Problem } from './problems.ts';
import { readMarker } from './read-marker.ts';
import { type Failure, Reader } from './reader.ts';
import type { BlockKind, Branch, Condition, Marker, Node, Opener, Parter, Template } from './syntax.ts';

/** Never throws. */
export function parse(text: string): Template {
  const lines = new Lines(text);
  const failures: Failure[] = [];
  /** A block as the argument of a filter: `#{A | Append #{if B}c#{/if}}`. */
  const block = (reader: Reader): Node | undefined =>
    reader.nested(() => new Blocks(reader, failures).readOne());
  const nodes = new Blocks(new Reader(text, { marker: readMarker, block }), failures).readAll();
  return { text, nodes, lines, problems: problemsOf(failures, lines) };
}

/** Each once, though its place was read twice: within a construct that failed, and again as text. */
function problemsOf(failures: readonly Failure[], lines: Lines): Problem[] {
  const found = new Map(failures.map((failure) => [failure.at, failure]));
  return [...found.values()]
    .sort((a, b) => a.at - b.at)
    .slice(0, MOST_PROBLEMS)
    .map(({ at, message, expected }) => ({ code: 'syntax', ...lines.at(at), message, expected }));
}

interface Block {
  opener: Opener;
  at: number;
  /** As it is written. */
  source: string;
  /** The parts that are over: the condition of the branch, its nodes, and the marker that ended it as it is written. */
  parts: { nodes: Node[]; endedBy: string; next: Parter }[];
  nodes: Node[];
  /** Nested too deep: a pair of markers that stay text; its nodes are those of the block around. */
  plain: boolean;
}

class Blocks {
  readonly #failures: Failure[];
  readonly #reader: Reader;
  readonly #root: Node[] = [];
  readonly #stack: Block[] = [];
  readonly #open: Record<BlockKind, number> = { if: 0, unless: 0, each: 0 };

  constructor(reader: Reader, failures: Failure[]) {
    this.#reader = reader;
    this.#failures = failures;
  }

  readAll(): Node[] {
    while (this.#reader.at < this.#reader.text.length) this.#readNext();
    while (this.#stack.length > 0) this.#becomesText();
    return this.#root;
  }

  /** The block that begins here; undefined if it has no end. */
  readOne(): Node | undefined {
    const reader = this.#reader;
    const at = reader.at;
    do this.#readNext();
    while (this.#stack.length > 0 && reader.at < reader.text.length);
    const [node] = this.#root;
    if (this.#stack.length === 0 && node !== undefined && node.kind !== 'text') return node;
    while (this.#stack.length > 0) this.#pop();
    return reader.fail('A block has no end', 'a block that is closed, as an argument', at);
  }

  get #nodes(): Node[] {
    return this.#stack.at(-1)?.nodes ?? this.#root;
  }

  /** Text up to the next construct, and that construct. */
  #readNext(): void {
    const reader = this.#reader;
    const { text, at: start } = reader;
    const at = text.indexOf('#{', start);
    if (at < 0) {
      this.#addText(text.slice(start));
      reader.at = text.length;
      return;
    }
    let first = at;
    while (first > start && text[first - 1] === '#') first -= 1;
    this.#addText(text.slice(start, first));
    this.#readHashes(first, at - first + 1);
  }

  /**
   * So many hashes before a brace: an even number is an escape, and loses one;
   * of an odd number the last begins a construct, and the others lose one.
   */
  #readHashes(first: number, count: number): void {
    const reader = this.#reader;
    if (count % 2 === 0) {
      this.#addText('#'.repeat(count - 1) + '{');
      reader.at = first + count + 1;
      return;
    }
    reader.at = first + count - 1;
    const at = reader.at;
    const marker = readMarker(reader);
    if (marker === undefined) this.#failures.push(reader.failure);
    if (marker !== undefined && count > 1) this.#addText('#'.repeat(count - 2));
    if (marker !== undefined && this.#place(marker, at)) return;
    if (marker === undefined) reader.at = at + 2;
    this.#addText(reader.text.slice(marker === undefined ? first : at, reader.at));
  }

  /** @returns false: it belongs nowhere, and is text */
  #place(marker: Marker, at: number): boolean {
    switch (marker.kind) {
      case 'substitution':
      case 'calculation':
        this.#nodes.push(marker);
        return true;
      case 'if':
      case 'unless':
      case 'each':
        return this.#opens(marker, at);
      case 'elseif':
      case 'else':
        return this.#parts(marker, at);
      case 'close':
        return this.#closes(marker.of, at);
    }
  }

  #opens(opener: Opener, at: number): boolean {
    const reader = this.#reader;
    const plain = reader.blocks >= DEEPEST_NESTING;
    if (plain) this.#failed(at, `More than ${DEEPEST_NESTING} blocks stand within one another`, 'fewer');
    const nodes = plain ? this.#nodes : [];
    const source = reader.text.slice(at, reader.at);
    this.#stack.push({ opener, at, source, parts: [], nodes, plain });
    this.#open[opener.kind] += 1;
    if (!plain) reader.blocks += 1;
    return !plain;
  }

  #parts(marker: Parter, at: number): boolean {
    const block = this.#stack.at(-1);
    const name = `#{${marker.kind}}`;
    if (block === undefined || block.opener.kind === 'each')
      return this.#failed(at, `${name} stands in no #{if}`, 'an #{if} that is open');
    if (block.opener.kind === 'unless' && marker.kind === 'elseif')
      return this.#failed(at, 'An #{unless} has no #{elseif}', '#{else}, or an #{if}');
    if (block.parts.at(-1)?.next.kind === 'else')
      return this.#failed(at, `${name} comes after #{else}`, '#{else} as the last part');
    if (block.plain) return false;
    block.parts.push({
      nodes: block.nodes,
      endedBy: this.#reader.text.slice(at, this.#reader.at),
      next: marker,
    });
    block.nodes = [];
    return true;
  }

  #closes(of: BlockKind, at: number): boolean {
    if (this.#open[of] === 0) return this.#failed(at, `#{/${of}} closes nothing`, `#{${of} …} before it`);
    while (this.#stack.at(-1)?.opener.kind !== of) this.#becomesText();
    const block = this.#pop();
    if (block === undefined || block.plain) return false;
    this.#nodes.push(nodeOf(block));
    return true;
  }

  #pop(): Block | undefined {
    const block = this.#stack.pop();
    if (block === undefined) return undefined;
    this.#open[block.opener.kind] -= 1;
    if (!block.plain) this.#reader.blocks -= 1;
    return block;
  }

  /** The innermost block has no end: its markers are text. */
  #becomesText(): void {
    const block = this.#pop();
    if (block === undefined) return;
    const { kind } = block.opener;
    this.#failed(block.at, `#{${kind}} has no end`, `#{/${kind}} after it`);
    if (block.plain) return;
    this.#addText(block.source);
    for (const { nodes, endedBy } of block.parts) {
      this.#addAll(nodes);
      this.#addText(endedBy);
    }
    this.#addAll(block.nodes);
  }

  #failed(at: number, message: string, expected: string): false {
    this.#failures.push({ at, message, expected });
    return false;
  }

  #addAll(nodes: readonly Node[]): void {
    for (const node of nodes) this.#nodes.push(node);
  }

  #addText(text: string): void {
    if (text !== '') this.#nodes.push({ kind: 'text', text });
  }
}

function nodeOf({ opener, parts, nodes }: Block): Node {
  if (opener.kind === 'each')
    return { kind: 'each', variable: opener.variable, collection: opener.collection, body: nodes };
  const branches: Branch[] = [];
  let condition: Condition | undefined = opener.condition;
  for (const part of [...parts, { nodes, next: undefined }]) {
    if (condition === undefined) return { kind: 'if', branches, otherwise: part.nodes };
    branches.push({ condition, negated: opener.kind === 'unless', body: part.nodes });
    condition = part.next?.kind === 'elseif' ? part.next.condition : undefined;
  }
  return { kind: 'if', branches, otherwise: [] };
}
