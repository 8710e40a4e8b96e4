/**
 * YAML text to documents, each with where its parts stand.
 *
 * Always true: no error shows a word of the text beyond a key, for secrets
 * may stand in it; reading costs a bounded time, whatever the text is.
 */
import { Lexer, LineCounter, parseAllDocuments, visit, type Document, type YAMLError, isScalar } from 'yaml';

import type { PlacedProblem } from '../../app/model/model-draft.ts';
import {
  LONGEST_MODEL_FILE_CHARACTERS,
  MODEL_BRACKETS_DEPTH,
  MODEL_DOCUMENTS,
  MODEL_FILE_TOKENS,
  MODEL_INDENTATION,
} from '../../limits.ts';

export interface YamlDocument {
  file: string;
  document: Document.Parsed;
  lines: LineCounter;
  /** The parsed value. */
  value: unknown;
}

export interface YamlFile {
  documents: YamlDocument[];
  problems: PlacedProblem[];
  /** What reading it cost, as MODEL_TOKENS counts it. */
  tokens: number;
}

export function readYamlFile(file: string, text: string): YamlFile {
  const lines = new LineCounter();
  const { reason, tokens } = tooMuch(text);
  if (reason !== undefined) return { documents: [], problems: [problem({ file, lines }, 0, reason)], tokens };
  let parsed: Document.Parsed[];
  try {
    // Its own look for keys that stand twice compares each with each.
    parsed = [...parseAllDocuments(text, { lineCounter: lines, ...OPTIONS })] as Document.Parsed[];
  } catch {
    return { documents: [], problems: [problem({ file, lines }, 0, 'YAML that can be read')], tokens };
  }
  const read = parsed.slice(0, MODEL_DOCUMENTS).map((document) => readDocument({ file, lines, document }));
  return {
    documents: read.flatMap(({ found }) => found ?? []),
    problems: read.flatMap(({ problems }) => problems),
    tokens,
  };
}

const OPTIONS = { logLevel: 'silent', prettyErrors: false, uniqueKeys: false } as const;
/** Of what one alias stands for, so many times: more is a bomb. */
const MOST_ALIASES = 100;

type At = Pick<YamlDocument, 'file' | 'lines'>;

function readDocument(at: Omit<YamlDocument, 'value'>): { found?: YamlDocument; problems: PlacedProblem[] } {
  const { document } = at;
  // Warnings count as errors: a tag that nobody knows is no text that anybody meant.
  const wrong = [...document.errors, ...document.warnings];
  if (wrong.length > 0) return { problems: wrong.slice(0, 10).map((error) => ofParser(at, error)) };
  const problems = keysTwice(at);
  if (problems.length > 0 || document.contents === null) return { problems };
  try {
    const value = document.toJS({ maxAliasCount: MOST_ALIASES }) as unknown;
    return value === null ? { problems } : { found: { ...at, value }, problems };
  } catch {
    const [start] = document.contents.range;
    return { problems: [problem(at, start, 'aliases that name something, and not too much')] };
  }
}

/** The parser's own message would show the line. */
function ofParser(at: At, { code, pos }: YAMLError): PlacedProblem {
  return problem(at, pos[0], 'YAML', `this is not YAML: ${code.toLowerCase().replaceAll('_', ' ')}`);
}

function keysTwice(at: Omit<YamlDocument, 'value'>): PlacedProblem[] {
  const problems: PlacedProblem[] = [];
  visit(at.document, {
    Map(_, map) {
      const seen = new Set<string>();
      for (const { key } of map.items) {
        const word = isScalar(key) ? String(key.value) : '';
        const start = isScalar(key) ? (key.range?.[0] ?? 0) : 0;
        if (!isScalar(key) || word === '__proto__') problems.push(problem(at, start, 'a word as a key'));
        else if (seen.has(word))
          problems.push(problem(at, start, 'each key once', `the key \`${cut(word)}\` stands twice`));
        seen.add(word);
      }
    },
  });
  return problems;
}

function problem({ file, lines }: At, offset: number, expected: string, words?: string): PlacedProblem {
  const { line, col } = lines.linePos(offset);
  const place = { file, line: Math.max(line, 1), column: Math.max(col, 1), field: '' };
  return { ...place, expected, ...(words === undefined ? {} : { words }) };
}

export function cut(word: string): string {
  return word.length > 100 ? `${word.slice(0, 100)}…` : word;
}

/** Why it is more than the parser should be given, if it is. */
function tooMuch(text: string): { reason?: string; tokens: number } {
  if (text.length > LONGEST_MODEL_FILE_CHARACTERS)
    return { reason: `at most ${LONGEST_MODEL_FILE_CHARACTERS} characters in a file`, tokens: 0 };
  let tokens = 0;
  let depth = 0;
  for (const token of new Lexer().lex(text)) {
    tokens += 1;
    if (token === '[' || token === '{') depth += 1;
    else if (token === ']' || token === '}') depth = Math.max(0, depth - 1);
    if (depth > MODEL_BRACKETS_DEPTH)
      return { reason: `at most ${MODEL_BRACKETS_DEPTH} brackets within each other`, tokens };
    if (tokens > MODEL_FILE_TOKENS)
      return { reason: `at most ${MODEL_FILE_TOKENS} words and marks in a file: divide it`, tokens };
  }
  return deep(text) ? { reason: 'less indentation', tokens } : { tokens };
}

/** Marks within lines open levels too (`- - -`); deep blanks alone are cheap, and scripts have them. */
function deep(text: string): boolean {
  return text
    .split('\n')
    .some((line) => (/^[ \t]*((?:[-?:][ \t]+)*)/.exec(line)?.[1]?.length ?? 0) > MODEL_INDENTATION);
}
