/** Whatever bytes a script writes, these are stored, and these come out again. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { sha256 } from '../support/digest.ts';
import { inEachMode } from '../support/matrix.ts';
import { POOL, Stage } from '../support/stage.ts';

const ALL_BYTES = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
const LONG_LINE = 100_000_000;

inEachMode('ugly output', (mode) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open();
    await stage.addAgent(mode);
  }, 60_000);
  afterAll(() => stage.close(), 60_000);

  async function stored(body: string, script: object = {}): Promise<{ out: Buffer; err: Buffer }> {
    const { id } = await stage.rest.script(body, { pool: POOL, script });
    const { task, attempt } = await stage.rest.ended(id, { timeoutMs: 120_000 });
    expect(task.state).toBe('success');
    const [out, err] = await Promise.all([
      stage.rest.bytes(`/attempts/${attempt.id}/output?stream=stdout`),
      stage.rest.bytes(`/attempts/${attempt.id}/output?stream=stderr`),
    ]);
    return { out, err };
  }

  describe('is exact', () => {
    test.each<[string, string, Buffer]>([
      ['all 256 byte values', 'import sys\nsys.stdout.buffer.write(bytes(range(256)))', ALL_BYTES],
      [
        'invalid UTF-8',
        'import sys\nsys.stdout.buffer.write(b"\\xc3\\x28\\xff\\xfe\\n\\xed\\xa0\\x80")',
        Buffer.from('c328fffe0aeda080', 'hex'),
      ],
      ['no newline at the end', 'import sys\nsys.stdout.write("a\\nb")', Buffer.from('a\nb')],
      [
        'carriage returns, escapes and NULs',
        'import sys\nsys.stdout.buffer.write(b"\\r\\x1b[31mred\\x1b[0m\\r\\n\\0\\0")',
        Buffer.from('\r\x1b[31mred\x1b[0m\r\n\0\0'),
      ],
      [
        'what begins like a service message and is none',
        'import sys\nsys.stdout.write("##longshore\\n##longshore [x]\\n##octopuss[x]\\n#")',
        Buffer.from('##longshore\n##longshore [x]\n##octopuss[x]\n#'),
      ],
      ['nothing', 'pass', Buffer.alloc(0)],
    ])('%s', async (_, python, expected) => {
      const { out } = await stored(python, { interpreter: 'python' });
      expect(out.equals(expected)).toBe(true);
    });

    test('stdout and stderr mixed: each is whole', async () => {
      const { out, err } = await stored('for n in $(seq 5000); do echo "out $n"; echo "err $n" >&2; done');
      const lines = (name: string): string =>
        Array.from({ length: 5000 }, (_, n) => `${name} ${n + 1}\n`).join('');
      expect(out.toString()).toBe(lines('out'));
      expect(err.toString()).toBe(lines('err'));
    }, 60_000);

    test('a single line of 100 MB', async () => {
      const { out } = await stored(`head -c ${LONG_LINE} /dev/zero | tr '\\0' x`);
      expect(out.length).toBe(LONG_LINE);
      expect(sha256(out)).toBe(sha256(Buffer.alloc(LONG_LINE, 'x')));
    }, 180_000);

    test('a terminal loses nothing of commands that end at once', async () => {
      const sizes = [1, 2, 100, 4095, 4096, 4097, 20_000, 65_536, 300_000, 1_000_000];
      await Promise.all(
        sizes.map(async (size) => {
          const { out } = await stored(`head -c ${size} /dev/zero | tr '\\0' x`, {
            terminal: { columns: 80, rows: 24 },
          });
          expect([size, out.length]).toEqual([size, size]);
          expect(out.equals(Buffer.alloc(size, 'x'))).toBe(true);
        }),
      );
    }, 120_000);

    test('and the command gives the very same bytes on its standard output', async () => {
      const ran = await stage.longshore([
        'run',
        '--pool',
        POOL,
        '--interpreter',
        'python',
        '--script',
        'import sys\nsys.stdout.buffer.write(bytes(range(256)) * 1000)',
      ]);
      expect(ran.stdout.equals(Buffer.concat(Array.from({ length: 1000 }, () => ALL_BYTES)))).toBe(true);
    });
  });
});
