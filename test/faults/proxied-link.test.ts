/** A proxied stage: every byte of a link passes its proxy, and it comes back after a cut. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { inEachMode } from '../support/matrix.ts';
import { POOL, Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

inEachMode('a proxied link', (mode) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open({ proxied: true });
    await stage.addAgent(mode);
  }, 60_000);
  afterAll(() => stage.close(), 60_000);

  test('it is the only way, and is taken again after a cut', async () => {
    const [agent] = stage.agents;
    if (agent === undefined) throw new Error('no agent');
    const proxy = stage.proxyOf(agent);
    expect(proxy.connections).toBeGreaterThan(0);
    const before = proxy.accepted;
    const { id } = await stage.rest.script('echo before; sleep 0.5; echo after', { pool: POOL });
    await stage.rest.outputHas(id, 'before\n');
    proxy.cut('rst');
    const { attempt } = await stage.rest.ended(id);
    expect(attempt.outcome).toEqual({ kind: 'exited', code: 0 });
    await until('it was dialled again', () => proxy.accepted > before);
  }, 60_000);
});
