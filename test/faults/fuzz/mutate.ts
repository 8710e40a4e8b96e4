/** Inputs near to right ones: what a damaged disk, a newer peer or a hostile one sends. */
import type { Schedule } from '../../support/faults.ts';

/** Texts that mean something to some program on the way. */
const WORDS = [
  '../',
  '/',
  '__proto__',
  'constructor',
  'toString',
  '\0',
  '\n',
  '-1',
  '1e999',
  '99999999999999999999',
  '{}',
  '[]',
  'null',
];
const TELLING = [0, 1, 0x7f, 0x80, 0xff, 0x0a, 0x22, 0x2e, 0x2f, 0x5b, 0x7b];

/** A seed of the corpus with up to a few changes; now and then as it is. */
export function mutated(random: Schedule, corpus: readonly Buffer[], words: readonly string[] = []): Buffer {
  let bytes = Buffer.from(random.pick(corpus));
  for (let changes = random.between(0, 4); changes > 0; changes -= 1)
    bytes = change(random, bytes, { corpus, words });
  return bytes;
}

function change(
  random: Schedule,
  bytes: Buffer,
  { corpus, words }: { corpus: readonly Buffer[]; words: readonly string[] },
): Buffer<ArrayBuffer> {
  const at = random.between(0, Math.max(0, bytes.length - 1));
  const to = random.between(at, bytes.length);
  switch (random.between(0, 8)) {
    case 0: // a bit
      return Buffer.from(bytes.map((byte, i) => (i === at ? byte ^ (1 << random.between(0, 7)) : byte)));
    case 1: // a byte that means something to some format
      return Buffer.from(bytes.map((byte, i) => (i === at ? random.pick(TELLING) : byte)));
    case 2: // cut off
      return Buffer.from(bytes.subarray(0, at));
    case 3: // left out
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(to)]);
    case 4: // twice
      return Buffer.concat([bytes.subarray(0, to), bytes.subarray(at)]);
    case 5: // the end of another
      return Buffer.concat([bytes.subarray(0, at), random.pick(corpus)]);
    case 6: // a word, put in
      return Buffer.concat([bytes.subarray(0, at), word(random, words), bytes.subarray(at)]);
    case 7: // a word in the place of what was there
      return Buffer.concat([bytes.subarray(0, at), word(random, words), bytes.subarray(to)]);
    default: // a large number, where a length may stand
      return Buffer.concat([bytes.subarray(0, at), Buffer.alloc(4, 0xff), bytes.subarray(at)]);
  }
}

function word(random: Schedule, words: readonly string[]): Buffer {
  return Buffer.from(random.pick(words.length > 0 && random.chance(0.7) ? words : WORDS));
}
