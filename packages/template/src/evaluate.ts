/** Texts, values and conditions, evaluated with variables. */
import { OverBudget } from './budget.ts';
import { Evaluation } from './evaluation.ts';
import type { EvaluateOptions } from './options.ts';
import { parse } from './parse.ts';
import { type Problem, TemplateError } from './problems.ts';
import type { Template } from './syntax.ts';
import { type Summary, summarize, type Trace } from './trace.ts';
import { isTrue } from './truth.ts';
import { type VariableList, Variables } from './variables.ts';

export interface Evaluated {
  text: string;
  /** Constructs that gave nothing, as they are written, each once: here and in the values that were used. */
  missing: string[];
  /**
   * The variables that had a part in the text, lower case: their values stand in it, or decided
   * a condition, a loop, an index or a filter's argument. What was made with a sensitive one is sensitive.
   */
  used: Set<string>;
  problems: Problem[];
}

/**
 * The text with everything replaced that can be; the rest stays as it is written. No text and no variables make it throw.
 * Of a text that passes a limit nothing is evaluated: it comes back as it is, with a problem `tooLarge`.
 */
export function evaluate(
  template: Template | string,
  variables: VariableList | Variables,
  options: EvaluateOptions = {},
): Evaluated {
  const read = typeof template === 'string' ? parse(template) : template;
  try {
    return run(variables, options, (evaluation) => evaluation.text(read, { drops: false })).evaluated;
  } catch (thrown) {
    if (!(thrown instanceof TemplateError)) throw thrown;
    return { text: read.text, missing: [], used: new Set(), problems: [...read.problems, thrown.problem] };
  }
}

/**
 * The value of a variable with everything in it resolved; undefined: there is no such variable.
 *
 * @throws TemplateError `recursion`, with the chain of names; `tooDeep`; `tooLarge`
 */
export function evaluateVariable(
  name: string,
  variables: VariableList | Variables,
  options: EvaluateOptions = {},
): Evaluated | undefined {
  const known = Variables.from(variables);
  const variable = known.get(name);
  if (variable === undefined) return undefined;
  const { fatal, evaluated } = run(known, options, (evaluation) => evaluation.valueOf(variable));
  if (fatal !== undefined) throw fatal;
  return evaluated;
}

/**
 * Whether a condition holds: the text is evaluated, what gives nothing is left out, and the rest
 * is neither empty nor 0, no or false.
 *
 * @throws TemplateError `recursion`, `tooDeep`, `tooLarge`: it can't be said
 */
export function isTruthy(
  template: Template | string,
  variables: VariableList | Variables,
  options: EvaluateOptions = {},
): boolean {
  const read = typeof template === 'string' ? parse(template) : template;
  const { fatal, evaluated } = run(variables, options, (evaluation) =>
    evaluation.text(read, { drops: true }),
  );
  if (fatal !== undefined) throw fatal;
  return isTrue(evaluated.text);
}

/** What became of it, and why a caller that needs all of it can't go on. */
interface Ran {
  evaluated: Evaluated;
  fatal: TemplateError | undefined;
}

function run(
  variables: VariableList | Variables,
  options: EvaluateOptions,
  work: (evaluation: Evaluation) => { text: string | undefined; trace: Trace },
): Ran {
  const evaluation = new Evaluation(Variables.from(variables), options);
  try {
    const { text = '', trace } = work(evaluation);
    const summary = summarize(trace);
    return { evaluated: { text, ...summary }, fatal: fatalOf(summary) };
  } catch (thrown) {
    if (!(thrown instanceof OverBudget)) throw thrown;
    throw tooLarge(thrown, evaluation);
  }
}

function fatalOf({ problems }: Summary): TemplateError | undefined {
  for (const problem of problems)
    if (problem.code === 'recursion' || problem.code === 'tooDeep')
      return new TemplateError(problem.code, problem);
  return undefined;
}

function tooLarge({ message }: OverBudget, { here }: Evaluation): TemplateError {
  const variable = here?.frame.variable;
  return new TemplateError('tooLarge', {
    ...{ code: 'tooLarge', message, expected: 'fewer repetitions, or a shorter text' },
    ...(here?.frame.template.lines.at(here.at) ?? { line: 1, column: 1 }),
    ...(variable === undefined ? {} : { variable }),
  });
}
