/**
 * One evaluation: a template, the variables, and what it came of. Values are
 * evaluated once each, where no loop's variables are seen; all that an
 * evaluation does is counted against its budget, and every descent against the
 * depth that the stack has room for.
 */
import { Budget, Output } from './budget.ts';
import { calculate, pathsOf } from './calculate.ts';
import { FILTERS } from './filters/filters.ts';
import { type Around, isRefusal } from './filters/filter.ts';
import { DEEPEST_EVALUATION } from './limits.ts';
import type { EvaluateOptions } from './options.ts';
import { parse } from './parse.ts';
import { type KnownStep, type LivePart, type Place, Places, type Value } from './places.ts';
import type { ProblemCode } from './problems.ts';
import type {
  CalculationNode,
  Condition,
  EachNode,
  Expression,
  FilterCall,
  IfNode,
  Node,
  Path,
  SubstitutionNode,
  Template,
} from './syntax.ts';
import { Trace } from './trace.ts';
import { isTrue } from './truth.ts';
import type { Variable, Variables } from './variables.ts';

/** What a loop makes known to its body. */
interface Loop {
  readonly variable: string;
  readonly item: Place;
  readonly index: number;
  readonly count: number;
  /** Of the collection. */
  readonly trace: Trace;
  readonly around: Loop | undefined;
}

/** Where something is evaluated. */
interface Frame {
  readonly template: Template;
  /** In whose value; none: in the text that was given. */
  readonly variable: string | undefined;
  readonly trace: Trace;
  readonly loop: Loop | undefined;
  /** What gives nothing is left out. */
  readonly drops: boolean;
}

export class Evaluation {
  readonly #variables: Variables;
  readonly #options: EvaluateOptions;
  readonly #budget: Budget;
  readonly #around: Around;
  readonly #places: Places;
  readonly #values = new Map<string, Value>();
  readonly #written = new Map<Variable, Trace>();
  /** The names of the values that are being evaluated, by their keys, outermost first. */
  readonly #open = new Map<string, string>();
  #depth = 0;
  /** For what is told of the whole. */
  here: { frame: Frame; at: number } | undefined;

  constructor(variables: Variables, options: EvaluateOptions) {
    this.#variables = variables;
    this.#options = options;
    this.#budget = new Budget(options.maxOutput, options.maxSteps);
    this.#around = { ...options, makes: (characters) => this.#budget.length(characters) };
    this.#places = new Places({
      valueOf: (variable) => this.valueOf(variable),
      writtenIn: (variable) => this.#writtenIn(variable),
      partValue: (text, live) => this.#partValue(text, live),
    });
  }

  /** @throws OverBudget */
  text(template: Template, { drops }: { drops: boolean }): { text: string; trace: Trace } {
    const trace = new Trace();
    trace.problems.push(...template.problems);
    const output = new Output(this.#budget);
    this.#nodes(template.nodes, { template, variable: undefined, trace, loop: undefined, drops }, output);
    return { text: output.text, trace };
  }

  /** @throws OverBudget */
  valueOf(variable: Variable): Value {
    if (!variable.raw.includes('#{')) return { text: variable.raw, trace: this.#writtenIn(variable) };
    const part = { variable, name: variable.name };
    return this.#evaluated(`whole ${variable.key}`, part, () => variable.template);
  }

  #writtenIn(variable: Variable): Trace {
    let trace = this.#written.get(variable);
    if (trace === undefined) this.#written.set(variable, (trace = new Trace(variable.key)));
    return trace;
  }

  #partValue(text: string, live: LivePart): Value {
    const { key } = live.variable;
    return this.#evaluated(`part ${key.length} ${key} ${text}`, live, () => parse(text));
  }

  #evaluated(key: string, { variable, name }: LivePart, template: () => Template): Value {
    const known = this.#values.get(key);
    if (known !== undefined) return known;
    const trace = new Trace();
    trace.uses.add(this.#writtenIn(variable));
    const frame: Frame = {
      ...{ template: template(), variable: name, trace, loop: undefined },
      drops: this.#options.unresolvedInValues !== 'keep',
    };
    if (this.#open.has(key)) {
      trace.broken = true;
      this.#recursion(key, name, trace);
      return { text: undefined, trace };
    }
    this.#open.set(key, name);
    trace.problems.push(...frame.template.problems.map((problem) => ({ ...problem, variable: name })));
    const output = new Output(this.#budget);
    this.#nodes(frame.template.nodes, frame, output);
    this.#open.delete(key);
    const value = { text: trace.broken ? undefined : output.text, trace };
    this.#values.set(key, value);
    return value;
  }

  #recursion(key: string, name: string, trace: Trace): void {
    const keys = [...this.#open.keys()];
    const chain = keys.slice(keys.indexOf(key)).map((each) => this.#open.get(each) ?? '');
    trace.problems.push({
      ...{ code: 'recursion', line: 1, column: 1, variable: name },
      message: `The value of ${name} leads back to itself: ${[...chain, name].join(' → ')}`,
      expected: 'values that do not refer to each other in a circle',
    });
  }

  #nodes(nodes: readonly Node[], frame: Frame, output: Output): void {
    this.#descend(frame, () => {
      for (const node of nodes) this.#node(node, frame, output);
    });
  }

  /** Whatever leads back to here in the end: so far, and no farther. */
  #descend<T>(frame: Frame, work: () => T): T | undefined {
    if (this.#depth >= DEEPEST_EVALUATION) {
      frame.trace.broken = true;
      this.#problem(frame, 0, 'tooDeep', {
        message: `Variables and constructs lead more than ${DEEPEST_EVALUATION} deep`,
        expected: 'fewer variables that refer to each other',
      });
      return undefined;
    }
    this.#depth += 1;
    const result = work();
    this.#depth -= 1;
    return result;
  }

  #node(node: Node, frame: Frame, output: Output): void {
    switch (node.kind) {
      case 'text':
        output.add(node.text);
        return;
      case 'substitution':
        this.#substitute(node, frame, output);
        return;
      case 'calculation':
        this.#calculate(node, frame, output);
        return;
      case 'if':
        this.#branch(node, frame, output);
        return;
      case 'each':
        this.#repeat(node, frame, output);
    }
  }

  #substitute(node: SubstitutionNode, frame: Frame, output: Output): void {
    this.here = { frame, at: node.at };
    const text = this.#expression(node.expression, frame);
    if (text !== undefined) output.add(text);
    else if (node.expression.filters.at(-1)?.name.toLowerCase() !== 'null')
      this.#missing(node, frame, output);
  }

  #missing({ source }: { source: string }, frame: Frame, output: Output): void {
    frame.trace.missing.add(source);
    output.add(frame.drops ? '' : source);
  }

  #calculate(node: CalculationNode, frame: Frame, output: Output): void {
    this.here = { frame, at: node.at };
    const known = new Map(pathsOf(node.calculation).map((path) => [path, this.#pathText(path, frame)]));
    const text = calculate(node.calculation, (path) => known.get(path));
    if (text !== undefined) {
      output.add(text);
      return;
    }
    if (![...known.values()].includes(undefined))
      this.#problem(frame, node.at, 'calculation', {
        message: `No number comes of ${node.source}`,
        expected: 'variables that are numbers, and no division by 0',
      });
    this.#missing(node, frame, output);
  }

  #branch({ branches, otherwise }: IfNode, frame: Frame, output: Output): void {
    const chosen = branches.find(({ condition, negated }) => this.#holds(condition, frame) !== negated);
    this.#nodes(chosen?.body ?? otherwise, frame, output);
  }

  #holds({ left, comparison }: Condition, frame: Frame): boolean {
    const text = this.#expression(left, frame) ?? '';
    if (comparison === undefined) return isTrue(text);
    return (text === (this.#expression(comparison.right, frame) ?? '')) === comparison.equal;
  }

  #repeat(node: EachNode, frame: Frame, output: Output): void {
    this.here = { frame, at: node.collection.at };
    const found = this.#items(node.collection, frame);
    if (found === undefined) return;
    const { items, trace } = found;
    frame.trace.uses.add(trace);
    for (const [index, item] of items.entries()) {
      this.#budget.step();
      const loop = { variable: node.variable, item, index, count: items.length, trace, around: frame.loop };
      this.#nodes(node.body, { ...frame, loop }, output);
    }
  }

  #items(
    { head, filters, ...written }: Expression,
    frame: Frame,
  ): { items: Place[]; trace: Trace } | undefined {
    if (filters.length === 0 && head.kind === 'path') {
      const place = this.#place(head.path, frame);
      const found = place === undefined ? undefined : this.#places.items(place);
      if (found?.trace.broken === true) frame.trace.broken = true;
      return found;
    }
    const text = this.#expression({ head, filters, ...written }, frame);
    return text === undefined
      ? undefined
      : { items: this.#places.listed(text, frame.trace), trace: frame.trace };
  }

  #expression({ head, filters }: Expression, frame: Frame): string | undefined {
    this.#budget.step();
    let text =
      head.kind === 'path'
        ? this.#pathText(head.path, frame)
        : head.kind === 'literal'
          ? head.text
          : undefined;
    for (const call of filters) text = this.#filter(text, call, frame);
    return text;
  }

  #filter(text: string | undefined, { name, at, args }: FilterCall, frame: Frame): string | undefined {
    const filter = FILTERS.get(name.toLowerCase());
    if (filter === undefined) {
      const expected = 'one of the filters of docs/templates.md';
      this.#problem(frame, at, 'filter', { message: `There is no filter ${name}`, expected });
      return undefined;
    }
    const given = args.map((arg) => this.#argument(arg, frame));
    this.#budget.step((text?.length ?? 0) + given.reduce((sum, each) => sum + each.length, 0));
    const result = filter(text, given, this.#around);
    if (typeof result === 'string') {
      this.#budget.length(result.length);
      return result;
    }
    if (isRefusal(result)) this.#problem(frame, at, 'filter', result);
    else if (text !== undefined && name.toLowerCase() !== 'null')
      this.#problem(frame, at, 'filter', {
        message: `${name} gives nothing for what it is given`,
        expected: 'a value and arguments that fit it',
      });
    return undefined;
  }

  #argument(node: Node, frame: Frame): string {
    if (node.kind === 'text') return node.text;
    const output = new Output(this.#budget);
    this.#nodes([node], frame, output);
    return output.text;
  }

  #pathText(path: Path, frame: Frame): string | undefined {
    const place = this.#place(path, frame);
    const value = place === undefined ? undefined : this.#places.value(place);
    if (value === undefined) return undefined;
    frame.trace.uses.add(value.trace);
    if (value.trace.broken) frame.trace.broken = true;
    return value.text;
  }

  /** Where the path leads: the innermost loop that knows it, or else the variables. */
  #place(path: Path, frame: Frame): Place | undefined {
    const steps = this.#known(path, frame);
    const [first, ...rest] = steps ?? [];
    if (first === undefined || steps === undefined) return undefined;
    for (let loop = frame.loop; loop !== undefined; loop = loop.around) {
      if (loop.variable !== first.key) continue;
      const place = this.#places.walk(loop.item, rest);
      if (place !== undefined) return place;
    }
    return (
      ofLoop(steps, frame.loop) ??
      this.#places.walk({ kind: 'branching', branching: this.#variables.root }, steps)
    );
  }

  #known({ steps }: Path, frame: Frame): readonly KnownStep[] | undefined {
    const known: KnownStep[] = [];
    for (const step of steps) {
      if (step.kind !== 'computed') known.push(step);
      else {
        const text = this.#descend(frame, () => this.#expression(step.expression, frame));
        if (text === undefined) return undefined;
        known.push({ kind: 'index', key: text.toLowerCase(), text });
      }
    }
    return known;
  }

  #problem(frame: Frame, at: number, code: ProblemCode, said: { message: string; expected: string }): void {
    const { message, expected } = said;
    const place = frame.template.lines.at(at);
    const { variable } = frame;
    frame.trace.problems.push({
      code,
      ...place,
      message,
      expected,
      ...(variable === undefined ? {} : { variable }),
    });
  }
}

/** `Octopus.Template.Each.Index` and its like, of the innermost loop. */
function ofLoop(steps: readonly KnownStep[], loop: Loop | undefined): Place | undefined {
  if (loop === undefined || steps.length !== 4) return undefined;
  const { index, count, trace } = loop;
  const texts: Record<string, string> = {
    'octopus.template.each.index': String(index),
    'octopus.template.each.first': index === 0 ? 'True' : 'False',
    'octopus.template.each.last': index === count - 1 ? 'True' : 'False',
  };
  const text = texts[steps.map(({ key }) => key).join('.')];
  return text === undefined ? undefined : { kind: 'text', text, trace };
}
