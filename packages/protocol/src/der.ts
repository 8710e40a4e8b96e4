/**
 * The little of DER (X.690) that certificates and their requests need. What
 * is written is canonical; what is read must be too: definite lengths, the
 * shortest form, nothing left over.
 */
import { AppError } from '@longshore/base';

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** A context-specific tag: `[n]`, of something built from others or of plain bytes. */
export function contextTag(n: number, form: 'constructed' | 'primitive'): number {
  return (form === 'constructed' ? 0xa0 : 0x80) | n;
}

export function element(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag]), lengthBytes(content.length), content]);
}

export function sequence(...parts: readonly Uint8Array[]): Buffer {
  return element(TAG.sequence, ...parts);
}

/** Of an unsigned number, most significant byte first. */
export function integer(magnitude: Uint8Array): Buffer {
  let from = 0;
  while (from < magnitude.length - 1 && magnitude[from] === 0) from += 1;
  const shortest = magnitude.subarray(from);
  const negative = ((shortest[0] ?? 0) & 0x80) !== 0;
  return element(TAG.integer, negative || shortest.length === 0 ? Buffer.of(0) : Buffer.alloc(0), shortest);
}

/** Whole bytes, or so many bits of the last one unused. */
export function bitString(bytes: Uint8Array, unusedBits = 0): Buffer {
  return element(TAG.bitString, Buffer.of(unusedBits), bytes);
}

/** `1.2.840.10045.4.3.2` */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
    const digits = [arc & 0x7f];
    for (let left = arc >>> 7; left > 0; left >>>= 7) digits.unshift((left & 0x7f) | 0x80);
    return digits;
  });
  return element(TAG.oid, Buffer.from(bytes));
}

/** As RFC 5280 wants it: two digits of the year until 2049, four from then on. */
export function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, '');
  return new Date(ms).getUTCFullYear() < 2050
    ? element(TAG.utcTime, Buffer.from(digits.slice(2), 'latin1'))
    : element(TAG.generalizedTime, Buffer.from(digits, 'latin1'));
}

function lengthBytes(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length);
  const bytes: number[] = [];
  for (let left = length; left > 0; left >>>= 8) bytes.unshift(left & 0xff);
  return Buffer.from([0x80 | bytes.length, ...bytes]);
}

export interface Element {
  tag: number;
  content: Buffer;
  /** With tag and length. */
  whole: Buffer;
}

/**
 * The elements that lie one after another, to the last byte.
 *
 * @throws AppError `corrupt`
 */
export function readAll(bytes: Buffer): Element[] {
  const elements: Element[] = [];
  for (let at = 0; at < bytes.length;) {
    const one = readOne(bytes.subarray(at));
    elements.push(one);
    at += one.whole.length;
  }
  return elements;
}

/**
 * The elements inside the one that these bytes are, which must have this tag.
 *
 * @throws AppError `corrupt`
 */
export function readInside(bytes: Buffer, tag: number): Element[] {
  const one = readOne(bytes);
  if (one.tag !== tag || one.whole.length !== bytes.length) throw wrong('it is another element');
  return readAll(one.content);
}

function readOne(bytes: Buffer): Element {
  const [tag, short] = bytes;
  if (tag === undefined || short === undefined) throw wrong('it ends early');
  // Tags of more bytes are for numbers above 30: ours have none.
  if ((tag & 0x1f) === 0x1f) throw wrong('its tag is too long');
  const { length, from } = short < 0x80 ? { length: short, from: 2 } : longLength(bytes, short & 0x7f);
  if (from + length > bytes.length) throw wrong('it ends early');
  const end = from + length;
  return { tag, content: bytes.subarray(from, end), whole: bytes.subarray(0, end) };
}

function longLength(bytes: Buffer, digits: number): { length: number; from: number } {
  // Two bytes are 64 KiB: far more than a certificate has.
  if (digits === 0 || digits > 2 || bytes.length < 2 + digits) throw wrong('its length is not right');
  const length = bytes.readUIntBE(2, digits);
  if (length < 0x80 || (digits === 2 && length < 0x100))
    throw wrong('its length is not in the shortest form');
  return { length, from: 2 + digits };
}

function wrong(why: string): AppError {
  return new AppError('corrupt', `reading DER: ${why}`);
}
