/** 100 MB of output: the server has stored it all, and nobody has grown by 64 MB for it. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { sha256 } from '../support/digest.ts';
import { inEachMode } from '../support/matrix.ts';
import { peakResidentBytes, residentBytes } from '../support/proc.ts';
import { POOL, Stage } from '../support/stage.ts';

const LINES = 1_000_000;
const GROWTH_BYTES = 64 * 1024 * 1024;

inEachMode('100 MB', (mode) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open();
    await stage.addAgent(mode);
  }, 60_000);
  afterAll(() => stage.close(), 60_000);

  test('is stored whole, in bounded memory', async () => {
    const [agent] = stage.agents;
    const small = await stage.rest.script('echo warm', { pool: POOL });
    await stage.rest.ended(small.id);
    const pids = { server: stage.server.pid, agent: agent!.daemon.pid, host: agent!.hostPid };
    const before = Object.values(pids).map(residentBytes);

    const line = 'x'.repeat(99);
    const { id } = await stage.rest.script(`yes ${line} | head -n ${LINES}`, { pool: POOL });
    const { attempt } = await stage.rest.ended(id, { timeoutMs: 180_000 });

    const grown = Object.keys(pids).map(
      (name, n) => [name, peakResidentBytes(Object.values(pids)[n]!) - before[n]!] as const,
    );
    const out = await stage.rest.bytes(`/attempts/${attempt.id}/output?stream=stdout`);
    expect(out.length).toBe(LINES * 100);
    expect(sha256(out)).toBe(sha256(Buffer.from(`${line}\n`.repeat(LINES))));
    const tooMuch = grown.filter(([, bytes]) => bytes >= GROWTH_BYTES);
    expect(tooMuch.map(([name, bytes]) => `${name} grew by ${Math.round(bytes / 2 ** 20)} MiB`)).toEqual([]);
  }, 300_000);
});
