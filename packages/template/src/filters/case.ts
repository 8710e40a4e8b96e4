/**
 * Upper and lower case as .NET's invariant culture has them: one character gives
 * one, so that ß stays ß in upper case. Other scripts' pairs are Unicode's.
 */
import { type Filter, plain } from './filter.ts';

const ASCII = /^[\u0000-\u007f]*$/;

function mapped(text: string, whole: (text: string) => string): string {
  if (ASCII.test(text)) return whole(text);
  let result = '';
  for (const character of text) {
    const other = whole(character);
    result += other.length === character.length ? other : character;
  }
  return result;
}

export const toLower: Filter = plain((text) => mapped(text, (part) => part.toLowerCase()));
export const toUpper: Filter = plain((text) => mapped(text, (part) => part.toUpperCase()));
