/** Reads the names of variables: `Name`, `Some Name.Part[Index].Other[#{Computed}]`. */
import { isNameCharacter, Reader, type Within } from './reader.ts';
import type { Path, Step } from './syntax.ts';
import { isWhite, trim } from './white.ts';

/** What a name may hold beside letters, digits and _ - : / ~ */
interface NameRules {
  /** `(`, `)` and white space between words. */
  loose: boolean;
  /** A word that ends the name where white space stands around it. */
  until?: string;
}

const LOOSE: NameRules = { loose: true };
const [OPEN, CLOSE] = [40, 41];
const isTight = (code: number): boolean => code !== OPEN && code !== CLOSE && isNameCharacter(code);

/** One name without the white space around it, which is taken too. */
export function readName(reader: Reader, { loose, until }: NameRules = LOOSE): string | undefined {
  reader.skipWhite();
  const start = reader.at;
  let end = start;
  while (reader.takeWhile(loose ? isNameCharacter : isTight) !== '') {
    end = reader.at;
    if (!loose) break;
    reader.skipWhite();
    if (until !== undefined && reader.at > end && isWord(reader, until)) break;
  }
  if (end === start) return reader.fail('A name is missing', 'the name of a variable', start);
  return reader.text.slice(start, end);
}

function isWord(reader: Reader, word: string): boolean {
  const end = reader.at + word.length;
  if (reader.text.slice(reader.at, end).toLowerCase() !== word) return false;
  return end < reader.text.length && isWhite(reader.text.charCodeAt(end));
}

/** White space after it is taken too, if its names are loose. */
export function readPath(reader: Reader, rules: NameRules = LOOSE): Path | undefined {
  reader.skipWhite();
  const start = reader.at;
  const first = readName(reader, rules);
  if (first === undefined) return undefined;
  const steps = [nameStep(first)];
  for (;;) {
    if (reader.take('.')) {
      const name = readName(reader, rules);
      if (name === undefined) return undefined;
      steps.push(nameStep(name));
    } else if (reader.take('[')) {
      const step = readIndex(reader);
      if (step === undefined) return undefined;
      steps.push(step);
      if (rules.loose) reader.skipWhite();
    } else return { steps, source: trim(reader.text.slice(start, reader.at)) };
  }
}

function nameStep(text: string): Step {
  return { kind: 'name', key: text.toLowerCase(), text };
}

/** After the bracket. */
function readIndex(reader: Reader): Step | undefined {
  reader.skipWhite();
  if (reader.sees('#{')) return readComputedIndex(reader);
  const start = reader.at;
  for (let open = 1; reader.at < reader.text.length; reader.at += 1) {
    if (reader.sees('#{')) break;
    if (reader.sees('[')) open += 1;
    if (reader.sees(']')) open -= 1;
    if (open > 0) continue;
    const text = trim(reader.text.slice(start, reader.at));
    reader.at += 1;
    return { kind: 'index', key: text.toLowerCase(), text };
  }
  return reader.fail('An index has no end', '] after the index; a computed index is #{…} alone');
}

function readComputedIndex(reader: Reader): Step | undefined {
  const marker = reader.within.marker(reader);
  if (marker === undefined) return undefined;
  reader.skipWhite();
  if (marker.kind !== 'substitution' || !reader.take(']'))
    return reader.fail('A computed index is #{…} and nothing else', 'a variable, then ]');
  return { kind: 'computed', expression: marker.expression };
}

/** A name that is given computes nothing. */
const PLAIN: Within = { marker: () => undefined, block: () => undefined };

/** The whole of a variable's name as a path; undefined if it is none, and can be asked for by its whole name only. */
export function pathOf(name: string): readonly Step[] | undefined {
  const reader = new Reader(name, PLAIN);
  const path = readPath(reader);
  return path === undefined || reader.at < name.length ? undefined : path.steps;
}
