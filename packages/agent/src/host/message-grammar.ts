/**
 * The grammar of a service message, over bytes:
 *
 *   message   = "##" ("octopus" | "longshore") "[" name (space+ attribute)* space* "]"
 *   attribute = name "=" quote base64 quote        the quotes ' or ", alike
 *   name      = letter (letter | digit | "-" | "_")*
 *
 * Base64 is of UTF-8, in either alphabet, may lack its padding, and may be
 * wrapped over lines. Outside of a value a line's end breaks the message, so
 * that a text which only looks like one is soon let go.
 */

export interface Message {
  name: string;
  attributes: ReadonlyMap<string, string>;
}

const PREFIXES = ['##octopus[', '##longshore['].map((text) => Buffer.from(text));
const HASHES = Buffer.from('##');
const HASH = 0x23;

/** The first possible message from `from` on: `whole` if its prefix is all there; at the data's end if there is none. */
export function findPrefix(data: Buffer, from: number): { at: number; whole: boolean } {
  const length = data.length;
  for (let at = data.indexOf(HASHES, from); at >= 0; at = data.indexOf(HASHES, at)) {
    // Of a long row of hashes only the last two count: without a search for each of them.
    while (data[at + 2] === HASH) at += 1;
    for (const prefix of PREFIXES) {
      const there = Math.min(prefix.length, length - at);
      let k = 2;
      while (k < there && data[at + k] === prefix[k]) k += 1;
      if (k === there) return { at, whole: there === prefix.length };
    }
    at += 2;
  }
  const last = length - 1;
  return { at: last >= from && data[last] === HASH ? last : length, whole: false };
}

/** How far a message is checked: from its start, and the quote that is open there (0: none). */
export interface Checked {
  bytes: number;
  quote: number;
}

export type MessageEnd =
  /** `at` is behind its `]`. */
  | { kind: 'closed'; at: number }
  /** `at` is the first byte that breaks the grammar. */
  | { kind: 'broken'; at: number }
  /** `at` is the data's end; ask again with `checked` when there is more. */
  | { kind: 'open'; at: number; checked: Checked };

const SPACE = 1;
const NAME = 2;
const EQUALS = 4;
const QUOTE = 8;
const BASE64 = 16;
const CLOSE = 32;
const BREAK = 64;

const KINDS = new Uint8Array(256);
for (const [characters, kind] of [
  [' \t', SPACE],
  ['\r\n', BREAK],
  ['ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_', NAME | BASE64],
  ['+/', BASE64],
  ['=', EQUALS | BASE64],
  [`'"`, QUOTE],
  [']', CLOSE],
] as const) {
  for (const character of characters) KINDS[character.charCodeAt(0)] = kind;
}

/** Looks for the end of the message that begins at `start`; `checked` is what an earlier look found, if there was one. */
export function messageEnd(data: Buffer, start: number, checked?: Checked): MessageEnd {
  let at = checked === undefined ? data.indexOf('[', start) + 1 : start + checked.bytes;
  let quote = checked?.quote ?? 0;
  for (; at < data.length; at += 1) {
    const byte = data[at] as number;
    const kind = KINDS[byte] as number;
    if (quote !== 0) {
      if (byte === quote) quote = 0;
      else if ((kind & (BASE64 | SPACE | BREAK)) === 0) return { kind: 'broken', at };
    } else if ((kind & QUOTE) !== 0) {
      quote = byte;
    } else if ((kind & CLOSE) !== 0) {
      return { kind: 'closed', at: at + 1 };
    } else if ((kind & (SPACE | NAME | EQUALS)) === 0) {
      return { kind: 'broken', at };
    }
  }
  return { kind: 'open', at, checked: { bytes: at - start, quote } };
}

const WHOLE =
  /^##(?:octopus|longshore)\[([A-Za-z][\w-]*)((?:[ \t]+[A-Za-z][\w-]*=(?:'[^']*'|"[^"]*"))*)[ \t]*\]$/;
const ATTRIBUTE = /([A-Za-z][\w-]*)=(?:'([^']*)'|"([^"]*)")/g;

/** The message in `bytes`, or undefined where they only look like one. */
export function parseMessage(bytes: Buffer): Message | undefined {
  const [, name, rest] = WHOLE.exec(bytes.toString('latin1')) ?? [];
  if (name === undefined || rest === undefined) return undefined;
  const attributes = new Map<string, string>();
  for (const [, attribute, single, double] of rest.matchAll(ATTRIBUTE)) {
    const value = decode((single ?? double ?? '').replace(/\s+/g, ''));
    if (attribute === undefined || value === undefined) return undefined;
    attributes.set(attribute, value);
  }
  return { name, attributes };
}

function decode(base64: string): string | undefined {
  const [, digits] = /^([\w+/-]*)={0,2}$/.exec(base64) ?? [];
  if (digits === undefined || digits.length % 4 === 1) return undefined;
  return Buffer.from(digits, 'base64').toString('utf8');
}
