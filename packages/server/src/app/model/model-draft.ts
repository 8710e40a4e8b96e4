/**
 * What people wrote, before it is held against what is stored: bodies whose
 * references are still names and whose secrets are still in clear, with where
 * each part of them is written.
 *
 * Always true: a draft lives within one call. It is never stored, answered or
 * logged.
 */
import { AppError, withoutSecrets, type FieldProblem } from '@longshore/base';
import { nearest } from '@longshore/base/nearest';

import type { ModelProblem } from '../../domain/model/problems.ts';
import type { Path } from '../../domain/model/ref.ts';
import type { ModelKind, ResourceBodies } from '../../domain/model/resource.ts';
import type { Strategy } from '../../domain/pool.ts';
import { MODEL_PROBLEMS_TOLD } from '../../limits.ts';

/** A worker pool as it is written. */
export interface PoolBody {
  description: string;
  strategy: Strategy;
  /** False: it is left as it is, for one pool is the default at any time. */
  isDefault: boolean;
}

export interface ModelBodies extends ResourceBodies {
  workerPool: PoolBody;
}

export interface Place {
  file: string;
  /** From 1. */
  line: number;
  column: number;
  /** As it is written there: `steps[0].script.pool`. */
  field: string;
}

export interface Draft<Kind extends ModelKind = ModelKind> {
  kind: Kind;
  name: string;
  /** Of a runbook: its project's name. */
  parent: string;
  body: ModelBodies[Kind];
  place(path: Path): Place;
}

/** In the place of a sensitive value that was not written down: what is stored stays. It can't be written itself. */
export const KEPT = '\0kept';

/** Something wrong in what was written. */
export interface PlacedProblem extends Place {
  value?: unknown;
  /** As the end of "expected …". */
  expected: string;
  /** In place of that, the whole of it in words. */
  words?: string;
}

export function placed(draft: Pick<Draft, 'place'>, problem: ModelProblem): PlacedProblem {
  const { path, known = [], ...rest } = problem;
  const near = typeof problem.value === 'string' ? nearest(problem.value, known) : undefined;
  const expected = near === undefined ? problem.expected : `${problem.expected}; did you mean "${near}"?`;
  return { ...draft.place(path), ...rest, expected };
}

/** @returns one error that tells all of them, in the order of files and lines */
export function invalidModel(problems: readonly PlacedProblem[]): AppError {
  const sorted = problems.toSorted(
    (a, b) => compare(a.file, b.file) || a.line - b.line || a.column - b.column,
  );
  const told = sorted.slice(0, MODEL_PROBLEMS_TOLD);
  const more = sorted.length - told.length;
  const lines = told.map((problem) => `${at(problem)}: ${wordsOf(problem)}`);
  if (more > 0) lines.push(`and ${more} more`);
  return new AppError('invalid', lines.join('\n'), {
    fields: told.map(toField),
    detail: {
      problems: told.map(({ file, line, column, field, ...problem }) => ({
        ...{ file, line, column, field },
        message: withoutSecrets(wordsOf({ file, line, column, field, ...problem })),
      })),
      more,
    },
  });
}

function toField(problem: PlacedProblem): FieldProblem {
  return {
    field: `${at(problem)}: ${problem.field}`,
    ...('value' in problem ? { value: problem.value } : {}),
    expected: problem.expected,
  };
}

function wordsOf(problem: PlacedProblem): string {
  if (problem.words !== undefined) return problem.words;
  const value = 'value' in problem ? `${shown(problem.value)} is not right; ` : '';
  return `${problem.field === '' ? '' : `${problem.field}: `}${value}expected ${problem.expected}`;
}

const LONGEST_SHOWN_CHARACTERS = 100;

function shown(value: unknown): string {
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) return 'nothing';
  return text.length > LONGEST_SHOWN_CHARACTERS ? `${text.slice(0, LONGEST_SHOWN_CHARACTERS)}…` : text;
}

function at({ file, line, column }: Place): string {
  return `${file}:${line}:${column}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
