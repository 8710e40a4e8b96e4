/**
 * Puts a prefix before each line of raw bytes, so that the outputs of several
 * workers can be told apart. Bytes are never changed otherwise.
 */
const NEWLINE = 0x0a;

export function prefixLines(prefix: string): (bytes: Uint8Array) => Buffer {
  const before = Buffer.from(prefix);
  let atLineStart = true;
  return (bytes) => {
    const parts: Uint8Array[] = [];
    for (let from = 0; from < bytes.length;) {
      const newline = bytes.indexOf(NEWLINE, from);
      const to = newline === -1 ? bytes.length : newline + 1;
      if (atLineStart) parts.push(before);
      parts.push(bytes.subarray(from, to));
      atLineStart = newline !== -1;
      from = to;
    }
    return Buffer.concat(parts);
  };
}
