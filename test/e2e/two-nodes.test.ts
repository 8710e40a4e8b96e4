/** Two server nodes on one PostgreSQL: when one goes, the other goes on with its tasks, and no script notices. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { inEachMode } from '../support/matrix.ts';
import type { StageServer } from '../support/stage-server.ts';
import { POOL, Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

inEachMode('two server nodes', (mode) => {
  let stage: Stage;
  let go = 0;
  beforeAll(async () => {
    stage = await Stage.open({ database: 'postgres' });
    await stage.addAgent(mode);
    // It comes while the agent's session with the first one is open, and goes on so.
    await stage.addServer();
    await agentOnBoth();
  }, 120_000);
  afterAll(() => stage.close(), 60_000);

  /** Each node has a session with the agent: it runs a script on it. */
  async function agentOnBoth(): Promise<void> {
    for (const server of stage.servers) {
      await until(`${server.name} gives the agent work`, async () => {
        const text = `echo ${server.name}`;
        const { id } = await stage.restOf(server).script(text, { pool: POOL });
        const { task } = await stage.restOf(server).ended(id);
        return task.nodeId === server.name;
      });
    }
  }

  /** Another node than this one. */
  function otherThan(server: StageServer): StageServer {
    return stage.servers.find((other) => other !== server)!;
  }

  test.each([
    ['is stopped', (server: StageServer) => server.daemon.stop()],
    ['is killed', (server: StageServer) => server.daemon.kill()],
  ])(
    'the owner of a task %s: the other node takes it over, and its output is exact',
    async (_, end) => {
      const gate = join(stage.folder, `go-${++go}`);
      const body = `echo started >> ${gate}.starts; for n in $(seq 200); do echo "line $n"; done; until [ -e ${gate} ]; do sleep 0.05; done; for n in $(seq 201 400); do echo "line $n"; done; wc -l < ${gate}.starts; exit 9`;
      const { id } = await stage.rest.script(body, { pool: POOL });
      await stage.rest.outputHas(id, 'line 200\n');
      const { nodeId } = await stage.rest.task(id);
      const owner = stage.servers.find(({ name }) => name === nodeId)!;
      const heir = otherThan(owner);
      const rest = stage.restOf(heir);

      await end(owner);
      await until(`${heir.name} has taken it over`, async () => (await rest.task(id)).nodeId === heir.name);
      writeFileSync(gate, '');
      const { task, attempt } = await rest.ended(id);
      expect({ nodeId: task.nodeId, outcome: attempt.outcome }).toEqual({
        nodeId: heir.name,
        outcome: { kind: 'exited', code: 9 },
      });
      expect((await rest.bytes(`/attempts/${attempt.id}/output?stream=stdout`)).toString()).toBe(
        `${Array.from({ length: 400 }, (_line, n) => `line ${n + 1}\n`).join('')}1\n`,
      );
      expect(await rest.attempts(id)).toHaveLength(1);

      await owner.start();
      await agentOnBoth();
      expect((await rest.get<{ items: unknown[] }>('/leases')).items).toEqual([]);
    },
    120_000,
  );
});
