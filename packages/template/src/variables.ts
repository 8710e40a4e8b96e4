/**
 * The variables of an evaluation: a tree of their names' parts, built once, so
 * that looking one up costs its own length, however many there are. Names are
 * the same in any case; of two that are the same the later counts.
 */
import { parse } from './parse.ts';
import { pathOf } from './read-path.ts';
import type { Template } from './syntax.ts';

export type VariableList =
  Iterable<readonly [name: string, value: string]> | Readonly<Record<string, string>>;

export class Variable {
  /** As it was given. */
  readonly name: string;
  /** Lower case: how `used` names it. */
  readonly key: string;
  readonly raw: string;
  #template: Template | undefined;

  constructor(name: string, raw: string) {
    this.name = name;
    this.key = name.toLowerCase();
    this.raw = raw;
  }

  /** Read when it is asked for first, and kept. */
  get template(): Template {
    return (this.#template ??= parse(this.raw));
  }
}

/** All variables whose names begin with the same parts. */
export interface Branching {
  /** What has this very name. */
  variable?: Variable;
  /** Of a part in brackets: what stands there, as in the name that came first. */
  readonly index?: string;
  /** By the part after a dot, lower case. */
  readonly names: Map<string, Branching>;
  /** By the part in brackets, lower case, in the order of the list. */
  readonly indexes: Map<string, Branching>;
}

export class Variables {
  readonly root: Branching = branching();
  readonly #byName = new Map<string, Variable>();

  private constructor(list: VariableList) {
    const pairs =
      Symbol.iterator in list ? (list as Iterable<readonly [string, string]>) : Object.entries(list);
    for (const [name, value] of pairs) this.#add(new Variable(name, value));
  }

  /** Variables that were built before are taken as they are. */
  static from(list: VariableList | Variables): Variables {
    return list instanceof Variables ? list : new Variables(list);
  }

  /** In any case; names that no template can write are found too. */
  get(name: string): Variable | undefined {
    return this.#byName.get(name.toLowerCase());
  }

  /** As they were given. */
  get names(): string[] {
    return [...this.#byName.values()].map(({ name }) => name);
  }

  #add(variable: Variable): void {
    this.#byName.set(variable.key, variable);
    const steps = pathOf(variable.name);
    if (steps === undefined) return;
    let at = this.root;
    for (const step of steps) {
      if (step.kind === 'computed') return;
      const parts = step.kind === 'name' ? at.names : at.indexes;
      let next = parts.get(step.key);
      if (next === undefined)
        parts.set(step.key, (next = branching(step.kind === 'index' ? step.text : undefined)));
      at = next;
    }
    at.variable = variable;
  }
}

function branching(index?: string): Branching {
  return { ...(index === undefined ? {} : { index }), names: new Map(), indexes: new Map() };
}
