/**
 * What a text or a value came of. A trace points to those of the values that it
 * was made of, so that each value is evaluated once, and all that went into a
 * text is found by one walk at the end.
 */
import { MOST_PROBLEMS } from './limits.ts';
import type { Problem } from './problems.ts';

export class Trace {
  /** The variable whose value this is, or is a part of; lower case. */
  readonly variable: string | undefined;
  readonly uses = new Set<Trace>();
  /** Constructs that gave nothing, as they are written. */
  readonly missing = new Set<string>();
  readonly problems: Problem[] = [];
  /** It leads back to itself, or too deep: there is no value. */
  broken = false;

  constructor(variable?: string) {
    this.variable = variable;
  }
}

export interface Summary {
  missing: string[];
  used: Set<string>;
  problems: Problem[];
}

export function summarize(root: Trace): Summary {
  const seen = new Set([root]);
  // A set gives what is added while it is walked.
  for (const trace of seen) for (const used of trace.uses) seen.add(used);
  const missing = new Set<string>();
  const used = new Set<string>();
  const problems: Problem[] = [];
  for (const trace of seen) {
    if (trace.variable !== undefined) used.add(trace.variable);
    for (const source of trace.missing) missing.add(source);
    problems.push(...trace.problems);
  }
  return { missing: [...missing], used, problems: problems.slice(0, MOST_PROBLEMS) };
}
