import { randomInt } from 'node:crypto';

import { isFree } from '../../scripts/local/ports.ts';

export { answers } from '../../scripts/local/ports.ts';

/**
 * Below the ports that the kernel gives to who dials (32768 on): one of those
 * could be taken while its server is down, even by a client that dials it and
 * so meets itself.
 */
const LOWEST = 20_000;
const HIGHEST = 32_000;

/** A port that was free a moment ago, and that no connection takes by itself. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(LOWEST, HIGHEST);
    if (await isFree(port)) return port;
  }
}
