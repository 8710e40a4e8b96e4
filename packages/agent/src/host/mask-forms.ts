/**
 * The forms in which a secret may stand in a script's output: as it is, line
 * by line, as a terminal emits it, and as the usual programs write it (base64,
 * URL, JSON, XML, hexadecimal, and the quotings of shells and of Python).
 *
 * Only what the value itself decides is in a form: of base64 not the
 * characters that also hold bits of its neighbours. A form that is the value
 * itself is left out.
 */
import { jsonForms, markupForms, quotedForms, urlForms } from './escapes.ts';

/** A line of a secret with less than this, without the space around it, is too common to mask: `}`, `---`. */
const SHORTEST_LINE_BYTES = 4;

/** `base64` wraps its lines here, `openssl` and PEM there. */
const WRAPPED_COLUMNS = [76, 64];

export function maskForms(value: string): Buffer[] {
  const forms = new Set<string>();
  for (const whole of new Set([value, value.trimEnd(), value.trim()])) {
    if (whole === '') continue;
    for (const text of textForms(whole)) forms.add(text);
    for (const text of encodedForms(Buffer.from(whole))) forms.add(text);
  }
  for (const line of linesOf(value)) for (const text of textForms(line)) forms.add(text);
  return [...forms].map((form) => Buffer.from(form));
}

function linesOf(value: string): string[] {
  if (!/[\r\n]/.test(value)) return [];
  return value
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => Buffer.byteLength(line) >= SHORTEST_LINE_BYTES);
}

/** Forms that are text again, each as it looks with every way to end a line. */
function textForms(text: string): string[] {
  if (/^[\w.-]*$/.test(text)) return [text]; // everybody writes it as it is
  const escaped = [...jsonForms(text), ...quotedForms(text), ...markupForms(text), ...urlForms(text)];
  return [text, ...escaped].flatMap(withLineEnds);
}

/** LF, CRLF, CR, and what a terminal makes of CRLF: it puts a CR before each LF. */
function withLineEnds(text: string): string[] {
  if (!/[\r\n]/.test(text)) return [text];
  const unix = text.replace(/\r\n?/g, '\n');
  const ends = ['\n', '\r\n', '\r\r\n', '\r'].map((end) => unix.replaceAll('\n', end));
  return [text, text.replaceAll('\n', '\r\n'), ...ends];
}

function encodedForms(bytes: Buffer): string[] {
  const hex = bytes.toString('hex');
  const base64 = [
    ...[0, 1, 2].map((before) => base64Core(bytes, before)),
    // Encoded alone, and by `echo secret | base64`: the last character too is of the secret only.
    unpadded(bytes),
    unpadded(Buffer.concat([bytes, Buffer.from('\n')])),
  ];
  const wrapped = base64.slice(3).flatMap(wrappedLines);
  const plain = [...base64, ...wrapped];
  return [hex, hex.toUpperCase(), ...plain, ...plain.map(toUrlAlphabet)];
}

/** The characters that only `bytes` decide, when `before` bytes (mod 3) stand before them. */
function base64Core(bytes: Buffer, before: number): string {
  const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
  const first = Math.ceil((before * 8) / 6);
  const last = Math.floor(((before + bytes.length) * 8) / 6);
  return encoded.slice(first, last);
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}

/** The lines of a wrapped encoding; a last line that is too short to say anything is left. */
function wrappedLines(encoded: string): string[] {
  return WRAPPED_COLUMNS.filter((columns) => encoded.length > columns).flatMap((columns) => {
    const lines: string[] = [];
    for (let at = 0; at < encoded.length; at += columns) lines.push(encoded.slice(at, at + columns));
    return lines.filter((line) => line.length >= SHORTEST_LINE_BYTES);
  });
}

function toUrlAlphabet(encoded: string): string {
  return encoded.replaceAll('+', '-').replaceAll('/', '_');
}
