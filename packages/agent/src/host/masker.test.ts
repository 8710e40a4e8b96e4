import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { maskForms } from './mask-forms.ts';
import { createMasker } from './masker.ts';
import { PatternMatcher } from './pattern-matcher.ts';
import { PatternSet } from './patterns.ts';

/** The output of one stream, given in pieces. */
function masked(secrets: string[], pieces: (Buffer | string)[]): string {
  const stream = createMasker(secrets).stream();
  const shown: Buffer[] = [];
  const emit = (bytes: Buffer): void => void shown.push(Buffer.from(bytes));
  for (const piece of pieces) stream.push(Buffer.from(piece), emit);
  stream.end(emit);
  return Buffer.concat(shown).toString('latin1');
}

/** What masking means: every occurrence of every pattern; those that overlap become one mask. */
function naive(patterns: Buffer[], data: Buffer): string {
  const text = data.toString('latin1');
  const found: [number, number][] = [];
  for (const pattern of patterns) {
    const wanted = pattern.toString('latin1');
    for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + 1))
      found.push([at, at + wanted.length]);
  }
  found.sort((a, b) => a[0] - b[0]);
  let shown = '';
  let until = 0;
  for (const [start, end] of found) {
    if (start >= until) shown += `${text.slice(until, start)}********`;
    until = Math.max(until, end);
  }
  return shown + text.slice(until);
}

function cut(data: Buffer, at: number[]): Buffer[] {
  const places = [...new Set(at.map((place) => place % (data.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((start, i) => data.subarray(start, places[i] ?? data.length));
}

/** Few letters, so that secrets overlap, repeat, and nearly match. */
const dense = fc.string({ unit: fc.constantFrom('a', 'b', '\n', '.'), minLength: 3, maxLength: 9 });
const wild = fc.string({ unit: 'grapheme', minLength: 3, maxLength: 40 });
const special = fc.string({
  unit: fc.constantFrom(...Array.from('.*+?^${}()|[]\\/\'" \t\r\n&<>%=aé\u{1f600}')),
  minLength: 3,
  maxLength: 20,
});
const secret = fc.oneof(dense, wild, special);

describe('the matcher', () => {
  test('agrees with the naive oracle in 60,000 cases, however the bytes are cut', () => {
    const patterns = fc.array(fc.oneof({ weight: 3, arbitrary: dense }, { weight: 1, arbitrary: special }), {
      minLength: 1,
      maxLength: 5,
    });
    const noise = fc.string({ unit: fc.constantFrom('a', 'b', '\n', '.', 'x'), maxLength: 12 });
    fc.assert(
      fc.property(
        patterns,
        fc.array(fc.tuple(noise, fc.nat()), { maxLength: 8 }),
        fc.array(fc.nat(), { maxLength: 10 }),
        (secrets, parts, cuts) => {
          const bytes = secrets.map((one) => Buffer.from(one));
          const data = Buffer.concat(
            parts.flatMap(([text, pick]) => [
              Buffer.from(text),
              pick % 3 === 0 ? Buffer.alloc(0) : bytes[pick % bytes.length]!,
            ]),
          );
          const set = new PatternSet();
          for (const pattern of bytes) set.add(pattern);
          const matcher = new PatternMatcher(set, Buffer.from('********'));
          const shown: Buffer[] = [];
          const emit = (piece: Buffer): void => void shown.push(Buffer.from(piece));
          for (const piece of cut(data, cuts)) matcher.push(piece, emit);
          matcher.end(emit);
          expect(Buffer.concat(shown).toString('latin1')).toBe(naive(bytes, data));
        },
      ),
      { numRuns: 60_000 },
    );
  });

  test('agrees with it on long patterns that nearly repeat, byte by byte', () => {
    const period = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(
        period,
        fc.integer({ min: 30, max: 90 }),
        period,
        fc.integer({ min: 0, max: 120 }),
        fc.nat({ max: 7 }),
        (unit, times, odd, more, step) => {
          const secrets = [unit.repeat(times) + odd, odd + unit.repeat(times), unit.repeat(times)];
          const text = Buffer.from(
            unit.repeat(more) + odd + unit.repeat(times) + odd + unit.repeat(more) + odd,
          );
          const set = new PatternSet();
          for (const pattern of secrets) set.add(Buffer.from(pattern));
          const matcher = new PatternMatcher(set, Buffer.from('********'));
          let shown = '';
          const emit = (piece: Buffer): void => void (shown += piece.toString('latin1'));
          for (let at = 0; at < text.length; at += step + 1)
            matcher.push(text.subarray(at, at + step + 1), emit);
          matcher.end(emit);
          expect(shown).toBe(
            naive(
              secrets.map((one) => Buffer.from(one)),
              text,
            ),
          );
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test('time stays linear where every byte begins a secret of 64 KiB', () => {
    const value = `${'a'.repeat(65_535)}b`;
    const stream = createMasker([value]).stream();
    let shown = 0;
    const started = performance.now();
    const chunk = Buffer.alloc(65_536, 'a');
    for (let i = 0; i < 32; i += 1) stream.push(chunk, (bytes) => (shown += bytes.length));
    expect(shown).toBe(31 * 65_536 + 1);
    for (let i = 0; i < 20_000; i += 1) stream.push(chunk.subarray(0, 1), (bytes) => (shown += bytes.length));
    stream.end((bytes) => (shown += bytes.length));
    expect(shown).toBe(32 * 65_536 + 20_000);
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});

describe('the masker', () => {
  test('hides every form of every secret in 40,000 cases, and alters nothing else', () => {
    const input = fc.record({
      secrets: fc.array(secret, { minLength: 1, maxLength: 4 }),
      parts: fc.array(
        fc.tuple(
          fc.oneof(fc.string({ maxLength: 8 }), fc.string({ unit: 'binary', maxLength: 6 })),
          fc.nat(),
          fc.nat(),
        ),
        { maxLength: 5 },
      ),
      cuts: fc.array(fc.nat(), { maxLength: 8 }),
    });
    fc.assert(
      fc.property(input, ({ secrets, parts, cuts }) => {
        const forms = secrets
          .filter((one) => Buffer.byteLength(one) >= 3)
          .flatMap(maskForms)
          .filter((form) => form.length >= 3);
        const data = Buffer.concat(
          parts.flatMap(([text, which, form]) => {
            const chosen = maskForms(secrets[which % secrets.length]!);
            return [Buffer.from(text), chosen[form % chosen.length]!];
          }),
        );
        expect(masked(secrets, cut(data, cuts))).toBe(naive(forms, data));
      }),
      { numRuns: 40_000 },
    );
  });

  const value = `p@ss "w'ord\\ <é>/&+$x\n2nd line of it`;
  const bytes = Buffer.from(value);
  const written: Record<string, string> = {
    raw: value,
    'with CRLF': value.replace('\n', '\r\n'),
    'CRLF by a terminal': value.replace('\n', '\r\r\n'),
    'one line of it': '2nd line of it',
    'base64 at 0': bytes.toString('base64'),
    'base64 by echo': Buffer.concat([bytes, Buffer.from('\n')]).toString('base64'),
    hex: bytes.toString('hex'),
    URL: encodeURIComponent(value),
    'URL in lower case': encodeURIComponent(value).replace(/%../g, (code) => code.toLowerCase()),
    form: new URLSearchParams({ value }).toString(),
    JSON: JSON.stringify({ value }),
    'JSON in JSON': JSON.stringify(JSON.stringify({ value })),
    'single quotes': `'${value.replaceAll("'", "'\\''")}'`,
    'double quotes': `"${value.replace(/["\\$`]/g, '\\$&')}"`,
    ansi: `$'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replace('\n', '\\n')}'`,
  };
  test.each(Object.entries(written))('%s leaves nothing', (_, text) => {
    const shown = masked([value], [`before ${text} after\n`]);
    expect(shown).toMatch(/^before .*\*{8}.* after\n$/s);
    for (const piece of ['ord', '2nd', 'line', 'xIkJ', 'UwNk']) expect(shown).not.toContain(piece);
  });

  test.each([0, 1, 2, 3, 4, 5])('base64 with %i bytes before it leaves at most its edges', (before) => {
    const encoded = Buffer.from(`${'x'.repeat(before)}correct horse${'y'.repeat(before)}`);
    for (const alphabet of ['base64', 'base64url'] as const) {
      const shown = masked(['correct horse'], [encoded.toString(alphabet)]);
      const rest = Buffer.from(shown.replaceAll('*', 'A'), 'base64').toString('latin1');
      expect(rest).not.toMatch(/[a-z]{2} ?[a-z]*horse|orrect|orse/);
      expect(shown).toContain('********');
    }
  });

  test('base64 wrapped by the usual programs is masked line by line', () => {
    const long = Array.from({ length: 40 }, (_, i) => `word${i * 7919}`).join('-');
    const lines = Buffer.from(long)
      .toString('base64')
      .match(/.{1,76}/g)!;
    expect(masked([long], [lines.join('\n')])).toBe(`${lines.map(() => '********').join('\n')}==`);
  });

  test('a possible beginning is held until it is decided', () => {
    const stream = createMasker(['secret']).stream();
    const shown: string[] = [];
    const emit = (piece: Buffer): void => void shown.push(piece.toString());
    stream.push(Buffer.from('a sec'), emit);
    expect(shown.splice(0)).toEqual(['a ']);
    expect(stream.heldBytes).toBe(3);
    stream.push(Buffer.from('ond; my sec'), emit);
    expect(shown.splice(0).join('')).toBe('second; my ');
    stream.push(Buffer.from('ret'), emit);
    expect(shown.splice(0)).toEqual(['********']);
    stream.push(Buffer.from(' se'), emit);
    stream.end(emit);
    expect(shown.join('')).toBe(' se');
  });

  test('a secret that comes later counts for the bytes that are held', () => {
    const masker = createMasker(['secret']);
    const stream = masker.stream();
    const shown: string[] = [];
    const emit = (piece: Buffer): void => void shown.push(piece.toString());
    stream.push(Buffer.from('x secr'), emit);
    expect(masker.add('cross')).toBe('masked');
    stream.push(Buffer.from('oss'), emit);
    stream.push(Buffer.from(' cross'), emit);
    stream.end(emit);
    expect(shown.join('')).toBe('x se******** ********');
  });

  test('without a secret the bytes themselves are handed on', () => {
    const bytes = Buffer.from('nothing to hide');
    createMasker([])
      .stream()
      .push(bytes, (shown) => expect(shown).toBe(bytes));
    expect.assertions(1);
  });

  test('a value of one or two bytes is not masked, and that is said', () => {
    const masker = createMasker([]);
    expect([masker.add(''), masker.add('42'), masker.add('421')]).toEqual(['empty', 'tooShort', 'masked']);
    expect(masked(['42', '421'], ['42 421'])).toBe('42 ********');
  });

  test('when it fails the stream is withheld, and says so once', () => {
    const failures: unknown[] = [];
    const masker = createMasker(['secret'], (error) => failures.push(error));
    const stream = masker.stream();
    const shown: string[] = [];
    const emit = (piece: Buffer): void => void shown.push(piece.toString());
    stream.push(Buffer.from('before\n'), emit);
    // Bytes that can't be read stand for whatever may go wrong inside.
    const broken = new Proxy(Buffer.from('secret'), {
      get: () => {
        throw new Error('no');
      },
    });
    expect(() => stream.push(broken, emit)).not.toThrow();
    stream.push(Buffer.from('secret'), emit);
    stream.end(emit);
    expect(shown).toEqual(['before\n', '\n[output withheld: masking of secrets failed]\n']);
    expect(failures).toHaveLength(1);
  });
});
