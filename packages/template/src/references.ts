/**
 * The variables that a text refers to, without evaluating it: for checks before
 * anything runs. Whatever branch may be taken, its names are listed.
 */
import { pathsOf } from './calculate.ts';
import { parse } from './parse.ts';
import type { Condition, Expression, Node, Path, Template } from './syntax.ts';

/**
 * Each name once, as it is written first, whatever its case. Of a path with a computed index the part
 * before it is listed, and what the index is computed with. What a loop names is not listed, its collection is.
 * A name that is listed may be a part of a variable that is JSON, or a collection.
 */
export function referencesIn(template: Template | string): string[] {
  const read = typeof template === 'string' ? parse(template) : template;
  const names = new Names();
  names.ofNodes(read.nodes, NONE);
  return names.found;
}

const NONE: ReadonlySet<string> = new Set();
const OF_LOOPS = /^octopus\.template\.each\.(?:index|first|last)$/;

class Names {
  readonly #found = new Map<string, string>();

  get found(): string[] {
    return [...this.#found.values()];
  }

  /** @param loops the variables of the loops around */
  ofNodes(nodes: readonly Node[], loops: ReadonlySet<string>): void {
    for (const node of nodes) this.#ofNode(node, loops);
  }

  #ofNode(node: Node, loops: ReadonlySet<string>): void {
    switch (node.kind) {
      case 'text':
        return;
      case 'substitution':
        this.#ofExpression(node.expression, loops);
        return;
      case 'calculation':
        for (const path of pathsOf(node.calculation)) this.#ofPath(path, loops);
        return;
      case 'if':
        for (const { condition, body } of node.branches) {
          this.#ofCondition(condition, loops);
          this.ofNodes(body, loops);
        }
        this.ofNodes(node.otherwise, loops);
        return;
      case 'each':
        this.#ofExpression(node.collection, loops);
        this.ofNodes(node.body, new Set([...loops, node.variable]));
    }
  }

  #ofCondition({ left, comparison }: Condition, loops: ReadonlySet<string>): void {
    this.#ofExpression(left, loops);
    if (comparison !== undefined) this.#ofExpression(comparison.right, loops);
  }

  #ofExpression({ head, filters }: Expression, loops: ReadonlySet<string>): void {
    if (head.kind === 'path') this.#ofPath(head.path, loops);
    for (const { args } of filters) this.ofNodes(args, loops);
  }

  #ofPath({ steps }: Path, loops: ReadonlySet<string>): void {
    for (const step of steps) if (step.kind === 'computed') this.#ofExpression(step.expression, loops);
    const [first] = steps;
    if (first?.kind === 'name' && loops.has(first.key)) return;
    const name = nameOf(steps);
    const key = name.toLowerCase();
    if (loops.size > 0 && OF_LOOPS.test(key)) return;
    if (!this.#found.has(key)) this.#found.set(key, name);
  }
}

function nameOf(steps: Path['steps']): string {
  let name = '';
  for (const step of steps) {
    if (step.kind === 'computed') return name;
    if (step.kind === 'index') name += `[${step.text}]`;
    else name += name === '' ? step.text : `.${step.text}`;
  }
  return name;
}
