/**
 * The parts of a version as Octopus reads it: `v1.2.3.4-branch.5+meta`, or any
 * text: what is no number is a pre-release. Numbers that are not there are 0.
 */
import { trim } from '../white.ts';
import { type Filter, ofText } from './filter.ts';

const NUMBER = /\d+/y;
const SEPARATORS = '.-_\\';

interface Version {
  numbers: string[];
  preRelease: string;
  metadata: string;
}

function read(text: string): Version {
  const trimmed = trim(text);
  const plus = trimmed.indexOf('+');
  const main = plus < 0 ? trimmed : trimmed.slice(0, plus);
  const { numbers, end } = readNumbers(main);
  const rest = main.slice(end);
  return {
    numbers,
    preRelease: rest !== '' && SEPARATORS.includes(rest[0] ?? '') ? rest.slice(1) : rest,
    metadata: plus < 0 ? '' : trimmed.slice(plus + 1),
  };
}

/** Up to four, after a v. */
function readNumbers(text: string): { numbers: string[]; end: number } {
  const numbers: string[] = [];
  let end = 0;
  let at = /^v\d/i.test(text) ? 1 : 0;
  while (numbers.length < 4) {
    NUMBER.lastIndex = at;
    const digits = NUMBER.exec(text)?.[0];
    if (digits === undefined) break;
    numbers.push(digits.replace(/^0+(?=\d)/, ''));
    end = at + digits.length;
    if (text[end] !== '.') break;
    at = end + 1;
  }
  return { numbers, end };
}

/** Up to the first separator, and after it. */
function split(preRelease: string): [prefix: string, counter: string] {
  const at = preRelease.search(/[.\-_\\]/);
  return at < 0 ? [preRelease, ''] : [preRelease.slice(0, at), preRelease.slice(at + 1)];
}

const part = (of: (version: Version) => string): Filter => ofText((text) => of(read(text)));

export const versionMajor = part(({ numbers }) => numbers[0] ?? '0');
export const versionMinor = part(({ numbers }) => numbers[1] ?? '0');
export const versionPatch = part(({ numbers }) => numbers[2] ?? '0');
export const versionRevision = part(({ numbers }) => numbers[3] ?? '0');
export const versionPreRelease = part(({ preRelease }) => preRelease);
export const versionPreReleasePrefix = part(({ preRelease }) => split(preRelease)[0]);
export const versionPreReleaseCounter = part(({ preRelease }) => split(preRelease)[1]);
export const versionMetadata = part(({ metadata }) => metadata);
