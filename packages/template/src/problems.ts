/**
 * What is wrong with a template, told by place and by what was meant. A problem
 * never holds the value of a variable: values may be secrets.
 */
export type ProblemCode =
  | 'syntax' // the text stays as it is written
  | 'filter' // no such filter, or what it was given does not fit
  | 'calculation' // no number comes of it
  | 'recursion' // a variable's value leads back to the variable
  | 'tooDeep' // more constructs or variables within one another than are followed
  | 'tooLarge'; // the result, or the work for it, passes the limit

export interface Problem {
  code: ProblemCode;
  /** From 1 on. */
  line: number;
  /** From 1 on, in UTF-16 code units. */
  column: number;
  message: string;
  /** What would be right. */
  expected: string;
  /** The variable in whose value line and column count; none: in the text that was given. */
  variable?: string;
}

/** What a caller can't go on with. */
export class TemplateError extends Error {
  readonly code: 'recursion' | 'tooDeep' | 'tooLarge';
  readonly problem: Problem;

  constructor(code: TemplateError['code'], problem: Problem) {
    super(problem.message);
    this.name = 'TemplateError';
    this.code = code;
    this.problem = problem;
  }
}

/** Lines and columns of one text; the lines are looked for when the first place is asked for. */
export class Lines {
  readonly #text: string;
  #starts: number[] | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  at(offset: number): { line: number; column: number } {
    const starts = (this.#starts ??= lineStarts(this.#text));
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  }
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}
