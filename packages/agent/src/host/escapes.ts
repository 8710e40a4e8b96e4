/**
 * How usual programs write a text: JSON, URL, XML, and the quotings of shells
 * and of Python. Each gives what stands between the quotes, and only where it
 * differs from the text itself.
 */

type Escape = (text: string) => string;

/** JavaScript, Python (ASCII only), PHP (slashes), Go and .NET (what is special in HTML), and JSON inside JSON. */
export function jsonForms(text: string): string[] {
  const plain = JSON.stringify(text).slice(1, -1);
  const html = plain.replace(/[<>&]/g, (c) => unicodeEscape(c, false));
  const ascii = plain.replace(/[\u007f-\uffff]/g, (c) => unicodeEscape(c, false));
  const dotnet = plain
    .replaceAll('\\"', '\\u0022')
    .replace(/[<>&'+`\u007f-\uffff]/g, (c) => unicodeEscape(c, true));
  const twice = [plain, ascii].map((form) => JSON.stringify(form).slice(1, -1));
  const slashes = [plain, ascii].map((form) => form.replaceAll('/', '\\/'));
  return different(text, [plain, html, ascii, dotnet, ...twice, ...slashes]);
}

function unicodeEscape(character: string, upper: boolean): string {
  const hex = character.charCodeAt(0).toString(16).padStart(4, '0');
  return `\\u${upper ? hex.toUpperCase() : hex}`;
}

/** What is left as it is by encodeURIComponent, by RFC 3986 (Python `quote(safe='')`, curl, jq), with `/`, by encodeURI, by forms. */
const URL_LEFT = [
  /[A-Za-z0-9\-_.~!'()*]/,
  /[A-Za-z0-9\-_.~]/,
  /[A-Za-z0-9\-_.~/]/,
  /[A-Za-z0-9\-_.~!'()*;,/?:@&=+$#]/,
  /[A-Za-z0-9\-_.*]/,
];

export function urlForms(text: string): string[] {
  if (/^[A-Za-z0-9\-_.]*$/.test(text)) return [];
  const bytes = Buffer.from(text);
  const forms = URL_LEFT.flatMap((left) => {
    const lower = percentEncoded(bytes, left);
    const upper = lower.replace(/%../g, (code) => code.toUpperCase());
    return [lower, upper, lower.replaceAll('%20', '+'), upper.replaceAll('%20', '+')];
  });
  return different(text, forms);
}

function percentEncoded(bytes: Buffer, left: RegExp): string {
  let encoded = '';
  for (const byte of bytes) {
    const character = String.fromCharCode(byte);
    const isLeft = byte < 0x80 && left.test(character);
    encoded += isLeft ? character : `%${byte.toString(16).padStart(2, '0')}`;
  }
  return encoded;
}

/** `set -x`, `declare -p`, `printf %q`, `${v@Q}` in bash, dash and busybox; PowerShell; Python's `repr`. */
export function quotedForms(text: string): string[] {
  const controls: Escape = (part) => part.replace(/[\0-\x1f\x7f]/g, ansiControl);
  const backslashes = text.replaceAll('\\', '\\\\');
  const ansi = controls(backslashes.replaceAll("'", "\\'"));
  const python = pythonControls(backslashes);
  return different(text, [
    text.replaceAll("'", `'\\''`),
    text.replaceAll("'", `'"'"'`),
    text.replace(/'+/g, (run) => `'"${run}"'`),
    text.replaceAll("'", "''"),
    text.replace(/["\\$`]/g, '\\$&'),
    text.replace(/[^A-Za-z0-9_@%+=:,./\-\u0080-\uffff]/g, '\\$&'),
    text.replace(/[ \t"'\\|&;()<>!{}*[\]?^$`,]/g, '\\$&'),
    text.replace(/[ \t"'\\|&;()<>!{}*[\]?^$`]/g, '\\$&'),
    ansi,
    octal(ansi),
    controls(backslashes),
    python,
    python.replaceAll("'", "\\'"),
    pythonAscii(python),
    pythonAscii(python.replaceAll("'", "\\'")),
    hexadecimal(python),
    hexadecimal(python.replaceAll("'", "\\'")),
  ]);
}

const ANSI_CONTROLS: Record<string, string> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '\x1b': '\\E',
};

function ansiControl(character: string): string {
  return ANSI_CONTROLS[character] ?? `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`;
}

/** What bash writes in `$'…'` for bytes beyond ASCII in the C locale. */
function octal(text: string): string {
  return beyondAscii(text, (byte) => `\\${byte.toString(8)}`);
}

function hexadecimal(text: string): string {
  return beyondAscii(text, (byte) => `\\x${byte.toString(16)}`);
}

function beyondAscii(text: string, escape: (byte: number) => string): string {
  return text.replace(/[\u0080-\u{10ffff}]+/gu, (run) => [...Buffer.from(run)].map(escape).join(''));
}

function pythonControls(text: string): string {
  return text.replace(/[\0-\x1f\x7f]/g, (c) => {
    if (c === '\n' || c === '\r' || c === '\t') return ansiControl(c);
    return `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}

/** XML and HTML, with the two spellings of an apostrophe and of a quotation mark. */
export function markupForms(text: string): string[] {
  const base = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const quotes = base.replaceAll('"', '&quot;');
  return different(text, [
    base,
    quotes,
    quotes.replaceAll("'", '&#39;'),
    quotes.replaceAll("'", '&#x27;'),
    quotes.replaceAll("'", '&apos;'),
    base.replaceAll('"', '&#34;').replaceAll("'", '&#39;'),
  ]);
}

/** What Python's `ascii` writes for characters beyond it. */
function pythonAscii(text: string): string {
  return text.replace(/[\u0080-\u{10ffff}]/gu, (character) => {
    const code = (character.codePointAt(0) ?? 0).toString(16);
    if (code.length <= 2) return `\\x${code}`;
    return code.length <= 4 ? `\\u${code.padStart(4, '0')}` : `\\U${code.padStart(8, '0')}`;
  });
}

function different(text: string, forms: readonly string[]): string[] {
  return forms.filter((form) => form !== text);
}
