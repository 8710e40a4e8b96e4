/**
 * The log oracle: a script whose every line is known beforehand, and a check
 * that a log holds each of them exactly once, in order per stream.
 *
 * A line is `o 0000000042 a3c2f1d0 <filler>`: its stream (`o`, `e`), its
 * number, a checksum of the number, and bytes up to its length. The check works
 * on parts of any size, so a log of any length fits.
 */
export type OutputStream = 'stdout' | 'stderr';

export const OUTPUT_STREAMS: readonly OutputStream[] = ['stdout', 'stderr'];

export interface NumberedLines {
  /** On each stream. */
  lines: number;
  /** With its line end. */
  lineBytes?: number;
  /** About; as fast as the shell prints unless told. */
  linesPerSecond?: number;
  exitCode?: number;
  /** Before each pause the script writes how long its machine has been up to this file: seconds, a line each. */
  stampFile?: string;
  streams?: readonly OutputStream[];
  /** Before this line (one more than there are: after the last) the script waits until the file is there; meanwhile there is `FILE.waits`. */
  hold?: { before: number; file: string };
  /** It prints a stream as fast as it is read, one after the other: a shell's own lines come one by one. By files in its folder. */
  atOnce?: boolean;
}

const FIXED_BYTES = 'o 0000000001 00000000 \n'.length;
const PAUSES_PER_SECOND = 50;
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';
const CHECK_FACTOR = 2654435761;

/** A bash script; what stands before it may set things up, what stands after it comes after its lines. */
export function numberedLines(wanted: NumberedLines): string {
  const { exitCode = 0, atOnce = false } = wanted;
  const print = printing(wanted);
  const whole = atOnce
    ? ['{', ...print, '} > lines.out 2> lines.err', 'cat lines.out', 'cat lines.err >&2']
    : print;
  return [...whole, `exit ${exitCode}`].join('\n');
}

function printing(wanted: NumberedLines): string[] {
  const { lines, linesPerSecond, stampFile, streams = OUTPUT_STREAMS, hold } = wanted;
  const print = (letter: string): string =>
    `printf '${letter} %010d %08x %s\\n' "$n" "$check" "$filler"${letter === 'e' ? ' >&2' : ''}`;
  const chunk = Math.max(1, Math.round((linesPerSecond ?? 0) / PAUSES_PER_SECOND));
  const pause = linesPerSecond === undefined ? '' : (chunk / linesPerSecond).toFixed(4);
  return [
    `filler='${fillerOf(wanted)}'`,
    // A pipe that nobody writes to: reading from it waits, without a process as sleep would be.
    ...(pause === '' && hold === undefined ? [] : ['exec {silence}<> <(:)']),
    ...(hold === undefined
      ? []
      : [
          `hold() { touch '${hold.file}.waits'; until [ -e '${hold.file}' ]; do read -r -t 0.02 -u "$silence"; done; }`,
        ]),
    ...(stampFile === undefined ? [] : [`exec {stamps}>> '${stampFile}'`]),
    `for ((n = 1; n <= ${lines}; n++)); do`,
    ...(hold === undefined ? [] : [`  ((n != ${hold.before})) || hold`]),
    `  check=$(( (n * ${CHECK_FACTOR}) & 4294967295 ))`,
    ...streams.map((stream) => `  ${print(letterOf(stream))}`),
    ...(stampFile === undefined
      ? []
      : [`  ((n % ${chunk})) || { read -r up _ < /proc/uptime; echo "$up" >&"$stamps"; }`]),
    ...(pause === '' ? [] : [`  ((n % ${chunk})) || read -r -t ${pause} -u "$silence"`]),
    'done',
    ...(hold === undefined ? [] : [`((n != ${hold.before})) || hold`]),
  ];
}

/** The longest time between two stamps, milliseconds: how long the script stood still at most, on its machine's monotonic clock. */
export function longestPauseMs(stamps: string): number {
  const seconds = stamps.split('\n').filter(Boolean).map(Number);
  if (seconds.length < 2) throw new Error('too few stamps to tell');
  return seconds.reduce(
    (longest, at, n) => (n === 0 ? 0 : Math.max(longest, Math.round((at - seconds[n - 1]!) * 1000))),
    0,
  );
}

export function letterOf(stream: OutputStream): string {
  return stream === 'stdout' ? 'o' : 'e';
}

export function expectedLine(stream: OutputStream, n: number, wanted: NumberedLines): string {
  const check = Number((BigInt(n) * BigInt(CHECK_FACTOR)) & 0xffffffffn);
  return `${letterOf(stream)} ${String(n).padStart(10, '0')} ${check.toString(16).padStart(8, '0')} ${fillerOf(wanted)}`;
}

/** One stream's bytes, part by part. */
export class LineCheck {
  readonly #stream: OutputStream;
  readonly #wanted: NumberedLines;
  readonly #length: number;
  #next = 1;
  #rest: Buffer = Buffer.alloc(0);

  constructor(stream: OutputStream, wanted: NumberedLines) {
    this.#stream = stream;
    this.#wanted = wanted;
    this.#length = FIXED_BYTES + fillerOf(wanted).length;
  }

  /** Lines seen so far. */
  get seen(): number {
    return this.#next - 1;
  }

  /** @throws Error that says what is wrong with the first line that is not as expected */
  push(part: Uint8Array): void {
    const bytes = this.#rest.length === 0 ? Buffer.from(part) : Buffer.concat([this.#rest, part]);
    let from = 0;
    for (; bytes.length - from >= this.#length; from += this.#length) {
      const line = bytes.toString('latin1', from, from + this.#length);
      if (line !== `${expectedLine(this.#stream, this.#next, this.#wanted)}\n`) this.#wrong(line);
      this.#next += 1;
    }
    this.#rest = bytes.subarray(from);
  }

  /** @throws Error unless it was all, and no more */
  end(): void {
    if (this.#rest.length > 0) this.#wrong(this.#rest.toString('latin1'));
    if (this.seen !== this.#wanted.lines)
      throw new Error(`${this.#stream}: it ends after line ${this.seen} of ${this.#wanted.lines}`);
  }

  #wrong(line: string): never {
    const number = Number(/^[oe] (\d{10}) /.exec(line)?.[1]);
    const whole = line === `${expectedLine(this.#stream, number || 0, this.#wanted)}\n`;
    const what = !whole
      ? 'is damaged'
      : number < this.#next
        ? `is line ${number} again`
        : `is line ${number}: ${number - this.#next} are missing`;
    throw new Error(`${this.#stream}: line ${this.#next} ${what}: ${JSON.stringify(line.slice(0, 80))}`);
  }
}

/** @throws Error unless each stream holds each of its lines exactly once, in order, and nothing else */
export function checkLog(bytes: Partial<Record<OutputStream, Uint8Array>>, wanted: NumberedLines): void {
  for (const stream of OUTPUT_STREAMS) {
    const has = (wanted.streams ?? OUTPUT_STREAMS).includes(stream);
    const check = new LineCheck(stream, has ? wanted : { ...wanted, lines: 0 });
    const given = bytes[stream];
    // Told apart, so that a test can't pass by leaving a stream out.
    if (given === undefined && has) throw new Error(`${stream}: no bytes were given to check`);
    if (given !== undefined) check.push(given);
    check.end();
  }
}

function fillerOf({ lineBytes = 40 }: NumberedLines): string {
  const length = lineBytes - FIXED_BYTES;
  if (length < 0) throw new Error(`a line has at least ${FIXED_BYTES} bytes`);
  return ALPHABET.repeat(Math.ceil(length / ALPHABET.length)).slice(0, length);
}
