/**
 * Files of configuration as code to drafts: YAML is parsed, scripts that it
 * names are put in, each document is held against its kind's schema. All that
 * is wrong in all files is told at once.
 */
import { posix } from 'node:path';

import { nearest } from '@longshore/base/nearest';

import { invalidModel, type Draft, type PlacedProblem } from '../../app/model/model-draft.ts';
import type { Path } from '../../domain/model/ref.ts';
import { MODEL_KINDS } from '../../domain/model/resource.ts';
import type { Interpreter } from '../../domain/script.ts';
import { MODEL_DOCUMENTS, MODEL_TOKENS } from '../../limits.ts';
import { DOCUMENTS, KIND_NAMES } from '../schemas/model/documents.ts';
import { INLINE_KEYS } from '../schemas/model/process.ts';
import { parsed } from '../validation.ts';
import { placeIn } from './places.ts';
import { schemaProblems } from './schema-problems.ts';
import { cut, readYamlFile, type YamlDocument } from './yaml-files.ts';

export interface ModelFile {
  /** As the caller names it: errors do too. */
  path: string;
  text: string;
}

/** @throws AppError `invalid` that tells all that is wrong */
export async function readModel(files: readonly ModelFile[]): Promise<Draft[]> {
  const problems: PlacedProblem[] = [];
  const documents = await readDocuments(files, problems);
  const scripts = new Map(
    files.filter(({ path }) => !isYaml(path)).map((file) => [posix.normalize(file.path), file.text]),
  );
  const drafts = documents.flatMap((document) => {
    const found = rawProblems(document, scripts);
    const { draft, problems: more } = found.length > 0 ? { problems: found } : readDraft(document);
    problems.push(...more);
    return draft ?? [];
  });
  if (problems.length > 0) throw invalidModel(problems);
  return drafts;
}

/** What is no YAML is a script that YAML names. */
function isYaml(path: string): boolean {
  return path === '-' || /\.ya?ml$/i.test(path);
}

async function readDocuments(
  files: readonly ModelFile[],
  problems: PlacedProblem[],
): Promise<YamlDocument[]> {
  const documents: YamlDocument[] = [];
  let tokens = 0;
  for (const { path, text } of files) {
    if (!isYaml(path)) continue;
    const read = readYamlFile(path, text);
    tokens += read.tokens;
    problems.push(...read.problems);
    documents.push(...read.documents);
    const start = { file: path, line: 1, column: 1, field: '' };
    if (tokens > MODEL_TOKENS || documents.length > MODEL_DOCUMENTS) {
      problems.push({ ...start, expected: 'less at once: apply these files in several parts' });
      return [];
    }
    // Other work of this process goes on in between.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return documents;
}

const KIND_OF = new Map(MODEL_KINDS.map((kind) => [KIND_NAMES[kind] as string, kind]));

function readDraft(document: YamlDocument): { draft?: Draft; problems: PlacedProblem[] } {
  const { value } = document;
  const place = placeIn(document, []);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { problems: [{ ...place, expected: 'a map with kind and name' }] };
  const given: unknown = Object.hasOwn(value, 'kind') ? (value as { kind?: unknown }).kind : undefined;
  const kind = typeof given === 'string' ? KIND_OF.get(given) : undefined;
  if (kind === undefined) return { problems: [unknownKind(document, given)] };
  const schema = DOCUMENTS[kind];
  const result = parsed<Omit<Draft, 'place'>>(schema, value);
  if (!result.success) return { problems: schemaProblems(document, schema, result.error) };
  return { draft: { ...result.data, place: (path) => placeIn(document, path) }, problems: [] };
}

function unknownKind(document: YamlDocument, given: unknown): PlacedProblem {
  const names = [...KIND_OF.keys()];
  const near = typeof given === 'string' ? nearest(given, names) : undefined;
  const hint = near === undefined ? '' : `; did you mean "${near}"?`;
  return {
    ...placeIn(document, ['kind'], { exact: true }),
    ...(typeof given === 'string' ? { value: cut(given) } : {}),
    expected: `one of ${names.join(', ')}${hint}`,
  };
}

const BY_EXTENSION: Readonly<Record<string, Interpreter>> = {
  '.py': 'python',
  '.js': 'node',
  '.mjs': 'node',
  '.cjs': 'node',
  '.ps1': 'powershell',
};

/** What is wrong before any schema: scripts that are not there, and what a step says twice. Puts scripts in. */
function rawProblems(document: YamlDocument, scripts: ReadonlyMap<string, string>): PlacedProblem[] {
  const problems: PlacedProblem[] = [];
  const steps: unknown = mapOf(document.value)?.['steps'];
  if (!Array.isArray(steps)) return problems;
  const actions = steps.flatMap((step: unknown, s) => {
    const inner: unknown = mapOf(step)?.['actions'];
    const path = ['steps', s];
    if (inner === undefined) return [{ action: mapOf(step), path }];
    for (const key of INLINE_KEYS.filter((each) => Object.hasOwn(step as object, each)))
      problems.push({
        ...placeIn(document, [...path, key], { key: true, exact: true }),
        expected: 'nothing here',
        words: `\`${key}\` belongs into an entry of \`actions\`, for the step has a list of them`,
      });
    return Array.isArray(inner)
      ? inner.map((each: unknown, a) => ({ action: mapOf(each), path: [...path, 'actions', a] }))
      : [];
  });
  for (const { action, path } of actions) {
    const script = mapOf(action?.['script']);
    putIn(script, [...path, 'script']);
    putIn(mapOf(script?.['cleanUp']), [...path, 'script', 'cleanUp']);
  }
  return problems;

  function putIn(script: Record<string, unknown> | undefined, path: Path): void {
    const file = script?.['file'];
    if (script === undefined || typeof file !== 'string') return;
    const place = placeIn(document, [...path, 'file'], { exact: true });
    const text = scripts.get(posix.normalize(posix.join(posix.dirname(document.file), file)));
    if (script['body'] !== undefined) problems.push({ ...place, expected: 'either file or body' });
    else if (text === undefined)
      problems.push({ ...place, value: cut(file), expected: 'a script that was sent along with this file' });
    else {
      // An alias may show the same script once more.
      delete script['file'];
      script['body'] = text;
      script['interpreter'] ??= BY_EXTENSION[posix.extname(file).toLowerCase()] ?? 'bash';
    }
  }
}

function mapOf(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}
