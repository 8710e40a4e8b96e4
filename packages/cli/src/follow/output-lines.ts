/**
 * Raw output to lines of text that do no harm where they are shown among
 * others: no control code is left in them, whatever a script wrote.
 */
import { stripVTControlCharacters } from 'node:util';

/** A line without an end is given out when it is so long. */
const LONGEST_LINE = 64 * 1024;

export class OutputLines {
  readonly #decoder = new TextDecoder();
  #rest = '';

  /** Lines that are whole by now. */
  add(bytes: Uint8Array): string[] {
    this.#rest += this.#decoder.decode(bytes, { stream: true });
    const lines = this.#rest.split('\n');
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > LONGEST_LINE) {
      lines.push(this.#rest);
      this.#rest = '';
    }
    return lines.map(harmless);
  }

  /** What came after the last newline: at the end of the output. */
  end(): string[] {
    const rest = this.#rest + this.#decoder.decode();
    this.#rest = '';
    return rest === '' ? [] : [harmless(rest)];
  }
}

/** As a terminal would leave it: of a line that was written over, the last; nothing that moves or colours. */
export function harmless(line: string): string {
  const written = stripVTControlCharacters(line)
    .split('\r')
    .filter((part) => part !== '');
  return (written.at(-1) ?? '').replaceAll('\t', '    ').replaceAll(/[\x00-\x1f\x7f-\x9f]/g, '');
}

/** A message or a name, on one line. */
export function oneLine(text: string): string {
  return text
    .split(/[\r\n]+/)
    .map((line) => harmless(line).trim())
    .filter((line) => line !== '')
    .join(' · ');
}
