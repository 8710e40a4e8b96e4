/** Filters that see a text as bytes: Base64, and digests. */
import { createHash } from 'node:crypto';

import { count, type Filter, ofText } from './filter.ts';

type Encoding = (text: string) => Buffer | undefined;

const ENCODINGS: Readonly<Record<string, 'utf8' | 'utf16le'>> = {
  utf8: 'utf8',
  'utf-8': 'utf8',
  unicode: 'utf16le',
};

const encodingOf = (name = 'utf8'): 'utf8' | 'utf16le' | undefined =>
  Object.hasOwn(ENCODINGS, name.toLowerCase()) ? ENCODINGS[name.toLowerCase()] : undefined;

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Undefined: it is none. White space is left out. */
function fromBase64Text(text: string): Buffer | undefined {
  const packed = text.replace(/[ \t\r\n]/g, '');
  return packed.length % 4 === 0 && BASE64.test(packed) ? Buffer.from(packed, 'base64') : undefined;
}

export const toBase64: Filter = ofText((text, args) => {
  const encoding = encodingOf(args[0]);
  return encoding === undefined || args.length > 1
    ? undefined
    : Buffer.from(text, encoding).toString('base64');
});

export const fromBase64: Filter = ofText((text, args) => {
  const encoding = encodingOf(args[0]);
  return encoding === undefined || args.length > 1 ? undefined : fromBase64Text(text)?.toString(encoding);
});

/** `Sha256`, `Sha256 8` (bytes), `Sha256 unicode`, `Sha256 base64 8`, in either order: hex, lower case. */
const digest = (algorithm: string): Filter =>
  ofText((text, args) => {
    if (args.length > 2) return undefined;
    const size = args.map(count).find((each) => each !== undefined && each > 0);
    const names = args.filter((each) => !(Number(count(each)) > 0));
    if (names.length > 1 || args.length - names.length > 1) return undefined;
    const bytes = sourceOf(names[0])?.(text);
    if (bytes === undefined) return undefined;
    const hash = createHash(algorithm).update(bytes).digest();
    return hash.subarray(0, size ?? hash.length).toString('hex');
  });

function sourceOf(name = 'utf8'): Encoding | undefined {
  if (name.toLowerCase() === 'base64') return fromBase64Text;
  const encoding = encodingOf(name);
  return encoding === undefined ? undefined : (text) => Buffer.from(text, encoding);
}

export const md5 = digest('md5');
export const sha1 = digest('sha1');
export const sha256 = digest('sha256');
export const sha384 = digest('sha384');
export const sha512 = digest('sha512');
