import { expect, test } from '@jest/globals';

import { PACKAGE_PIECES_WAITING } from '../limits.ts';
import { PackagePieces } from './package-pieces.ts';

const DIGEST = Buffer.alloc(32, 1);
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('an agent that asks and does not read makes the server hold one piece, and is refused in the end', async () => {
  const read: number[] = [];
  const pieces = new PackagePieces({
    read: async (_digest, offset) => {
      read.push(offset);
      return Buffer.alloc(10);
    },
    wake: () => undefined,
    failed: (thrown) => {
      throw thrown;
    },
  });
  for (let offset = 0; offset < PACKAGE_PIECES_WAITING; offset += 1)
    pieces.wanted({ digest: DIGEST, offset });
  await turn();
  expect(read).toEqual([0]);
  expect(() => pieces.wanted({ digest: DIGEST, offset: 99 })).toThrow(
    expect.objectContaining({ code: 'tooMany' }),
  );
  expect(pieces.next()).toMatchObject({ kind: { $case: 'packageChunk', value: { offset: 0 } } });
  expect(pieces.next()).toBeUndefined();
  await turn();
  expect(pieces.next()).toMatchObject({ kind: { value: { offset: 1 } } });
});
