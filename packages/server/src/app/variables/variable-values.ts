/**
 * What variables come to in one place, as people may see them: `#{…}` is put
 * in, and a value is masked when it is sensitive or was made with one that is.
 *
 * Always true: no seal is opened for it. So what stands in a sensitive value
 * is text here, even where a run finds `#{…}` in it.
 */
import { evaluateVariable, TemplateError, Variables } from '@longshore/template';

import type { ResolvedVariable } from '../../domain/variables/candidate.ts';
import { MASK } from '../../domain/variables/explain.ts';
import { fold } from '../../domain/variables/scope.ts';

export interface SeenValue {
  /** Masked when it is sensitive; empty when it can't be said. */
  text: string;
  sensitive: boolean;
  /** Constructs that gave nothing, as they are written: what only a run knows, or a name that is wrong. */
  missing: string[];
  /** Why parts of it, or all, can't be evaluated: a circle is told with the names that lead round. */
  problems: string[];
}

export class SeenValues {
  readonly #known: Variables;
  readonly #sensitive: ReadonlySet<string>;
  readonly #now: () => Date;

  constructor(all: Iterable<ResolvedVariable>, now: () => number) {
    const variables = [...all];
    this.#known = Variables.from(
      variables.map(({ name, value, sensitive }) => [name, sensitive ? MASK : value] as const),
    );
    this.#sensitive = new Set(variables.filter(({ sensitive }) => sensitive).map(({ name }) => fold(name)));
    this.#now = () => new Date(now());
  }

  /** Undefined: no variable has that name here. */
  of(name: string): SeenValue | undefined {
    try {
      const made = evaluateVariable(name, this.#known, { now: this.#now });
      if (made === undefined) return undefined;
      if ([...made.used, fold(name)].some((used) => this.#sensitive.has(used)))
        return { text: MASK, sensitive: true, missing: [], problems: [] };
      const problems = made.problems.map(({ message }) => message);
      return { text: made.text, sensitive: false, missing: made.missing, problems };
    } catch (thrown) {
      if (!(thrown instanceof TemplateError)) throw thrown;
      return {
        ...{ text: '', sensitive: this.#sensitive.has(fold(name)), missing: [] },
        problems: [thrown.message],
      };
    }
  }
}
