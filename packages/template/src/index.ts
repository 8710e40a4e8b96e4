/** What texts with `#{…}` in them mean: docs/templates.md. Knows nothing of the rest of Longshore. */
export { type Evaluated, evaluate, evaluateVariable, isTruthy } from './evaluate.ts';
export type { EvaluateOptions } from './options.ts';
export { parse } from './parse.ts';
export { type Problem, type ProblemCode, TemplateError } from './problems.ts';
export { referencesIn } from './references.ts';
export type { Template } from './syntax.ts';
export { type VariableList, Variables } from './variables.ts';
