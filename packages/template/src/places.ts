/**
 * Where a path leads: from a loop's variable or the root of all variables,
 * step by step, through names, indexes, and the parts of values that are JSON.
 *
 * Nothing is evaluated that the path does not need. A value that is JSON as it
 * is written is taken apart first, and the part that is asked for is evaluated:
 * so parts may refer to each other. Where only the evaluated value is JSON, that
 * is taken apart.
 */
import { isTree, type JsonTree, partOf, readTree, textOf } from './json.ts';
import { Trace } from './trace.ts';
import type { Branching, Variable } from './variables.ts';

export type Place =
  | { readonly kind: 'branching'; readonly branching: Branching }
  | JsonPlace
  /** A field of a JSON object in a loop: `.Key`, `.Value`, and by itself its key. */
  | { readonly kind: 'field'; readonly key: string; readonly value: JsonPlace }
  | TextPlace;

/** Without a text it is broken: a variable on the way has no value. */
export interface TextPlace {
  readonly kind: 'text';
  readonly text: string | undefined;
  readonly trace: Trace;
}

export interface JsonPlace {
  readonly kind: 'json';
  readonly part: unknown;
  /** Of the variable that it is a part of. */
  readonly trace: Trace;
  /** The name of the part, where its texts are templates that are still to be evaluated. */
  readonly live: LivePart | undefined;
}

export interface LivePart {
  readonly variable: Variable;
  readonly name: string;
}

/** A step whose computed index is known. */
export interface KnownStep {
  readonly kind: 'name' | 'index';
  readonly key: string;
  readonly text: string;
}

export interface Value {
  /** Undefined: it is broken. */
  readonly text: string | undefined;
  readonly trace: Trace;
}

/** What the places need evaluated; it notes nothing by itself. */
export interface Evaluator {
  valueOf(variable: Variable): Value;
  /** The trace of the variable alone: of what is written in it. */
  writtenIn(variable: Variable): Trace;
  /** A text that is written in a variable. */
  partValue(text: string, live: LivePart): Value;
}

export class Places {
  readonly #evaluator: Evaluator;
  readonly #trees = new Map<Variable, JsonPlace | TextPlace | undefined>();

  constructor(evaluator: Evaluator) {
    this.#evaluator = evaluator;
  }

  /** Where the steps lead; undefined: nowhere. */
  walk(from: Place, steps: readonly KnownStep[]): Place | undefined {
    let place: Place | undefined = from;
    for (const step of steps) {
      place = this.#step(place, step);
      if (place === undefined) return undefined;
    }
    return place;
  }

  /** The text of a place; undefined where none is. */
  value(place: Place): Value | undefined {
    switch (place.kind) {
      case 'branching': {
        const { variable, index } = place.branching;
        if (variable !== undefined) return this.#evaluator.valueOf(variable);
        return index === undefined ? undefined : { text: index, trace: NOTHING };
      }
      case 'json':
        return this.#jsonValue(place);
      case 'field':
        return this.#key(place.key, place.value);
      case 'text':
        return place;
    }
  }

  /** What a loop goes over; undefined: nothing is there. */
  items(place: Place): { items: Place[]; trace: Trace } | undefined {
    if (place.kind === 'branching' && place.branching.variable === undefined) {
      const { indexes } = place.branching;
      if (indexes.size > 0)
        return {
          items: [...indexes.values()].map((each) => ({ kind: 'branching', branching: each })),
          trace: NOTHING,
        };
    }
    const tree = this.#treeAt(place);
    if (tree?.kind === 'json' && isTree(tree.part))
      return { items: itemsOf(tree, tree.part), trace: tree.trace };
    const value = this.value(place);
    if (value === undefined) return undefined;
    const items = value.text === undefined ? [] : this.listed(value.text, value.trace);
    return { items, trace: value.trace };
  }

  /** The items of a text: those of its JSON, or what stands between its commas. */
  listed(text: string, trace: Trace): Place[] {
    const part = readTree(text);
    if (part !== undefined) return itemsOf({ kind: 'json', part, trace, live: undefined }, part);
    if (text === '') return [];
    return text.split(',').map((each) => ({ kind: 'text', text: each, trace }));
  }

  #step(place: Place, step: KnownStep): Place | undefined {
    if (place.kind === 'field') return fieldStep(place, step);
    if (place.kind === 'branching') {
      const next = branch(place.branching, step);
      if (next !== undefined) return { kind: 'branching', branching: next };
    }
    const tree = this.#treeAt(place);
    if (tree?.kind === 'text') return tree;
    if (tree !== undefined && isTree(tree.part)) return this.#jsonStep(tree, tree.part, step);
    if (place.kind === 'branching' && place.branching.index !== undefined && step.key === 'key')
      return { kind: 'text', text: place.branching.index, trace: NOTHING };
    return undefined;
  }

  /** The place as JSON, if it can be taken apart; or broken. */
  #treeAt(place: Place): JsonPlace | TextPlace | undefined {
    if (place.kind === 'text' && place.text === undefined) return place;
    if (place.kind === 'json') return typeof place.part === 'string' ? treeIn(this.#jsonValue(place)) : place;
    const variable = place.kind === 'branching' ? place.branching.variable : undefined;
    if (variable === undefined) return undefined;
    if (!this.#trees.has(variable)) this.#trees.set(variable, this.#treeOf(variable));
    return this.#trees.get(variable);
  }

  #treeOf(variable: Variable): JsonPlace | TextPlace | undefined {
    const isLive = variable.raw.includes('#{');
    const written = readTree(variable.raw);
    if (written !== undefined)
      return {
        ...{ kind: 'json', part: written, trace: this.#evaluator.writtenIn(variable) },
        live: isLive ? { variable, name: variable.name } : undefined,
      };
    return isLive ? treeIn(this.#evaluator.valueOf(variable)) : undefined;
  }

  #jsonStep(place: JsonPlace, tree: JsonTree, step: KnownStep): Place | undefined {
    if (place.live === undefined || Array.isArray(tree) || Object.hasOwn(tree, step.text)) {
      const part = partOf(tree, step.text);
      return part === undefined ? undefined : partPlace(place, part, step.text);
    }
    return this.#namedPart(place, tree, step.text);
  }

  /** A field may be named by a template, `{"#{Name}": 1}`: what is found depends on all of those names. */
  #namedPart(place: JsonPlace, tree: JsonTree, wanted: string): Place {
    const names = Object.keys(tree).filter((key) => key.includes('#{'));
    const values = names.map((key) => this.#key(key, place));
    const broken = values.find(({ text }) => text === undefined);
    if (broken !== undefined) return { kind: 'text', ...broken };
    const found = names[values.findIndex(({ text }) => text === wanted)] ?? wanted;
    const trace = together(place.trace, ...values.map((value) => value.trace));
    return partPlace({ ...place, trace }, partOf(tree, found), wanted);
  }

  #key(key: string, { live, trace }: JsonPlace): Value {
    return live === undefined ? { text: key, trace } : this.#evaluator.partValue(key, live);
  }

  #jsonValue({ part, trace, live }: JsonPlace): Value {
    const text = textOf(part);
    if (live === undefined || !text.includes('#{')) return { text, trace };
    const value = this.#evaluator.partValue(text, live);
    return { text: value.text, trace: together(trace, value.trace) };
  }
}

/** Of what comes of no value: the names of indexes, and the counts of loops over them. */
const NOTHING = new Trace();

/** A value that is JSON; or broken. */
function treeIn({ text, trace }: Value): JsonPlace | TextPlace | undefined {
  if (text === undefined) return { kind: 'text', text, trace };
  const part = readTree(text);
  return part === undefined ? undefined : { kind: 'json', part, trace, live: undefined };
}

function together(...traces: readonly Trace[]): Trace {
  const both = new Trace();
  for (const trace of traces) {
    both.uses.add(trace);
    both.broken ||= trace.broken;
  }
  return both;
}

function branch({ names, indexes }: Branching, { kind, key }: KnownStep): Branching | undefined {
  if (kind === 'name') return names.get(key);
  return indexes.get(key) ?? (key === '*' ? indexes.values().next().value : undefined);
}

function fieldStep(place: Extract<Place, { kind: 'field' }>, { kind, key }: KnownStep): Place | undefined {
  if (kind === 'name' && key === 'key') return place;
  return kind === 'name' && key === 'value' ? place.value : undefined;
}

function partPlace({ trace, live }: JsonPlace, part: unknown, key: string): JsonPlace {
  return { kind: 'json', part, trace, live: live && { ...live, name: `${live.name}.${key}` } };
}

function itemsOf(place: JsonPlace, tree: JsonTree): Place[] {
  if (Array.isArray(tree))
    return (tree as unknown[]).map((part, index) => partPlace(place, part, String(index)));
  return Object.entries(tree).map(([key, part]) => ({
    ...{ kind: 'field', key },
    value: partPlace(place, part, key),
  }));
}
