/**
 * Secrets that people copy by hand: a prefix that says what it is, then
 * base64url of a version, fields and a CRC-32, so that a cut or mistyped one
 * is told from a wrong one. No error shows the text.
 */
import { crc32 } from 'node:zlib';

import { AppError } from '@longshore/base';

const VERSION = 1;
const CRC_BYTES = 4;

export interface TextKind {
  /** Such as `lst_`. */
  prefix: string;
  /** For people: `one-time token`. */
  what: string;
}

/** Each field at most 255 bytes. */
export function encodeChecked(kind: TextKind, fields: readonly Uint8Array[]): string {
  const parts: Uint8Array[] = [Uint8Array.of(VERSION)];
  for (const field of fields) {
    if (field.length > 255)
      throw new AppError('invalid', `a field of the ${kind.what} is longer than 255 bytes`);
    parts.push(Uint8Array.of(field.length), field);
  }
  const body = Buffer.concat(parts);
  const check = Buffer.alloc(CRC_BYTES);
  check.writeUInt32BE(crc32(body));
  return kind.prefix + Buffer.concat([body, check]).toString('base64url');
}

/** @throws AppError `invalid`, saying what is wrong with it and never what it was */
export function decodeChecked(kind: TextKind, text: string, count: number): Buffer[] {
  const wrong = (why: string): AppError =>
    new AppError('invalid', `this is not a ${kind.what}: ${why}`, {
      fields: [{ field: kind.what, expected: `a text that starts with ${kind.prefix}` }],
    });
  const trimmed = text.trim();
  if (!trimmed.startsWith(kind.prefix)) throw wrong(`it does not start with ${kind.prefix}`);
  const encoded = trimmed.slice(kind.prefix.length);
  if (!/^[A-Za-z0-9_-]+$/.test(encoded)) throw wrong('it holds characters that do not belong there');
  const bytes = Buffer.from(encoded, 'base64url');
  const body = bytes.subarray(0, -CRC_BYTES);
  if (body.length === 0 || crc32(body) !== bytes.readUInt32BE(body.length))
    throw wrong('it is cut off or mistyped (its checksum differs)');
  if (body[0] !== VERSION) throw wrong(`it is of version ${String(body[0])}, made by a newer Longshore`);
  const fields: Buffer[] = [];
  for (let at = 1; at < body.length;) {
    const end = at + 1 + body.readUInt8(at);
    if (end > body.length) throw wrong('a field is cut off');
    fields.push(body.subarray(at + 1, end));
    at = end;
  }
  if (fields.length !== count) throw wrong(`it has ${fields.length} fields instead of ${count}`);
  return fields;
}

/** @throws AppError `invalid` */
export function fieldOfLength(kind: TextKind, field: Buffer | undefined, length: number): Buffer {
  if (field?.length !== length)
    throw new AppError('invalid', `this is not a ${kind.what}: a field has the wrong length`);
  return field;
}
