/**
 * A YAML text that holds one map, as a configuration file does. Part of
 * `options.ts`.
 *
 * Always true: no error shows a word of the text, for secrets may stand in it;
 * reading costs a bounded time, whatever the text is.
 */
import { parseDocument, type YAMLError } from 'yaml';

import { AppError } from './errors.ts';

/** A configuration file is some hundred bytes long; the parser is not made for large ones. */
const LONGEST_CHARACTERS = 64 * 1024;
/** Each list or map in brackets within another costs the parser more than the one before it. */
const MOST_BRACKETS = 100;
/** Blanks and marks (`- - -`, `? ? ?`) before a line's first word: each mark may open a level. */
const LONGEST_INDENTATION = 100;

/**
 * The entries of the map; none where the text is empty.
 *
 * @param what names the text in errors
 * @throws AppError `invalid`
 */
export function readYamlMap(text: string, what: string): [key: string, value: unknown][] {
  const value = parsed(text, what);
  if (value === null || value === undefined) return [];
  if (typeof value !== 'object' || Array.isArray(value))
    throw new AppError('invalid', `${what} must be a map of options, such as dataDir: /var/lib/longshore`);
  return Object.entries(value);
}

function parsed(text: string, what: string): unknown {
  const reason = tooMuch(text);
  if (reason !== '') throw new AppError('invalid', `${what} ${reason}`);
  // Warnings count as errors: a tag that nobody knows is no text that anybody meant.
  const document = parseDocument(text, { logLevel: 'silent' });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) throw new AppError('invalid', `${what} is not YAML: ${describe(problem)}`);
  try {
    return document.toJS() as unknown;
  } catch {
    throw new AppError(
      'invalid',
      `${what} is not YAML that can be used: an alias names nothing, or too much`,
    );
  }
}

/** The parser's own message would show the line. */
function describe({ code, linePos }: YAMLError): string {
  const words = code.toLowerCase().replaceAll('_', ' ');
  return linePos === undefined ? words : `${words} at line ${linePos[0].line}, column ${linePos[0].col}`;
}

/** Why it is more than the parser should be given; empty: it is not. */
function tooMuch(text: string): string {
  if (text.length > LONGEST_CHARACTERS) return `is longer than ${LONGEST_CHARACTERS} characters`;
  let brackets = 0;
  for (const character of text) if (character === '[' || character === '{') brackets += 1;
  if (brackets > MOST_BRACKETS) return `holds more than ${MOST_BRACKETS} opening brackets`;
  const indented = text.split('\n').findIndex((line) => indentation(line) > LONGEST_INDENTATION);
  return indented < 0 ? '' : `is indented too deeply at line ${indented + 1}`;
}

function indentation(line: string): number {
  return /^[ \t]*(?:[-?:][ \t]+)*/.exec(line)?.[0].length ?? 0;
}
