import { randomFillSync } from 'node:crypto';

import { decodeTime, monotonicFactory } from 'ulid';

/** Makes ids: ULIDs, which sort by the time they were made, also within one millisecond. */
export type Ids = () => string;

/** @param after an id that those made now have to sort after, whatever the clock shows by now */
export function createIds({ after }: { after?: string | undefined } = {}): Ids {
  const make = monotonicFactory(randomInBlocks());
  // One millisecond later: what is within that one is random.
  const floor = after === undefined ? 0 : decodeTime(after) + 1;
  return () => make(Math.max(Date.now(), floor));
}

/** Bytes drawn from the system at once: an id takes 16, and a call for each would cost more than all the rest of it. */
const BLOCK_BYTES = 1024;

/** Uniform in [0, 1), in steps of 1/256: ULID draws 5 bits at a time. */
function randomInBlocks(): () => number {
  const block = new Uint8Array(BLOCK_BYTES);
  let at = BLOCK_BYTES;
  return () => {
    if (at === BLOCK_BYTES) {
      randomFillSync(block);
      at = 0;
    }
    return (block[at++] as number) / 256;
  };
}

/** What an id from the wire must look like before it touches a path or a query. */
const ID = /^[A-Za-z0-9_-]{1,64}$/;

export function isId(value: string): boolean {
  return ID.test(value);
}
