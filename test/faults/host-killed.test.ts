/**
 * The script host is killed with -9, or hangs. What it ran is `interrupted`
 * only after all that belonged to it is gone, also what left its session; it is
 * never a success; the lease is freed only then. A host that hangs is not
 * replaced while it lives, and the outcome of its script is the real one.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { faultNumbers, schedule } from '../support/faults.ts';
import { expectNoLeaks } from '../support/leak-check.ts';
import { checkLog, numberedLines, type NumberedLines } from '../support/log-oracle.ts';
import { Machine, noMachines } from '../support/machine.ts';
import { inFaultMatrix } from '../support/matrix.ts';
import { hostsIn, isAlive } from '../support/proc.ts';
import type { AttemptBody, TaskBody } from '../support/rest.ts';
import { RunCounter } from '../support/run-counter.ts';
import type { StageAgent } from '../support/stage-agent.ts';
import { Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const { kills, hangMs } = faultNumbers({
  short: { kills: 2, hangMs: 1_500 },
  full: { kills: 25, hangMs: 60_000 },
});
const EACH_MS = 60_000;
const NO_MACHINES = noMachines();
if (NO_MACHINES !== undefined) console.warn(`without control groups: SKIPPED: ${NO_MACHINES}`);

inFaultMatrix('the script host', (mode, database) => {
  const random = schedule(`host killed, ${mode}, ${database}`);
  let stage: Stage;
  let counter: RunCounter;
  let scripts = 0;

  beforeAll(async () => {
    stage = await Stage.open({ database });
    counter = new RunCounter(join(stage.folder, 'runs'));
    await stage.addAgent(mode, { name: 'plain' });
    if (NO_MACHINES === undefined) {
      const machine = new Machine(join(stage.folder, 'machine'), { cgroups: false });
      await stage.addAgent(mode, { name: 'bare', machine });
    }
  }, 60_000);
  afterAll(() => stage.close(), 60_000);

  const agents = (): StageAgent[] => stage.agents;

  /** Runs until it is ended: itself, a child, and a grandchild in a session of its own. */
  async function family(agent: StageAgent): Promise<{ id: string; name: string; pids: number[] }> {
    const name = `family-${++scripts}`;
    const file = join(stage.folder, name);
    const body = [
      `sleep 1000 & echo $! >> ${file}`,
      `setsid bash -c 'echo $$ >> ${file}; exec sleep 1000' & setsid -f bash -c 'echo $$ >> ${file}; exec sleep 1000'`,
      `echo $$ >> ${file}; echo up; wait`,
    ].join('\n');
    const { id } = await stage.rest.script(counter.counted(name, body), { workers: [agent.name] });
    const pids = (): number[] =>
      existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').map(Number) : [];
    await until(`${name} is up`, () => pids().length === 4);
    return { id, name, pids: pids() };
  }

  async function endOf(taskId: string): Promise<{ task: TaskBody; attempt: AttemptBody }> {
    return stage.rest.ended(taskId, { timeoutMs: EACH_MS });
  }

  test(
    `is killed ${kills} times: interrupted, once all that it ran is gone`,
    async () => {
      for (let n = 0; n < kills; n++) {
        for (const agent of agents()) {
          const count = random.between(1, 4);
          const ran = await Promise.all(Array.from({ length: count }, () => family(agent)));
          process.kill(agent.hostPid, 'SIGKILL');
          for (const { id, pids } of ran) {
            const attempt = await until('it has an outcome', async () =>
              (await stage.rest.attempts(id)).find(({ outcome }) => outcome !== null),
            );
            expect(pids.filter(isAlive)).toEqual([]);
            expect(attempt.outcome?.kind).toBe('interrupted');
            // Without control groups a sweep is no proof, and says so.
            expect(attempt.bestEffortCleanup).toBe(agent.name === 'bare');
            const { task } = await endOf(id);
            expect(task.state).toBe('failed');
          }
          await expectNoLeaks(stage);
        }
      }
      counter.expectEachOnce();
    },
    kills * EACH_MS,
  );

  test(
    'hangs: it is not replaced, also by another link process, and the real outcome comes when it goes on',
    async () => {
      const script: NumberedLines = { lines: 400, linesPerSecond: 400, exitCode: random.between(1, 120) };
      for (const agent of agents()) {
        const name = `hung-${++scripts}`;
        const { id } = await stage.rest.script(counter.counted(name, numberedLines(script)), {
          workers: [agent.name],
        });
        await stage.rest.outputHas(id, 'o 0000000010 ');
        const host = agent.hostPid;
        process.kill(host, 'SIGSTOP');
        try {
          await agent.daemon.kill();
          agent.daemon.start();
          await new Promise((resolve) => setTimeout(resolve, hangMs));
          agent.daemon.mustRun();
          expect(hostsOf(agent)).toEqual([host]);
          expect((await stage.rest.attempts(id)).map(({ outcome }) => outcome)).toEqual([null]);
          expect(await leasesOf(id)).toBe(1);
        } finally {
          process.kill(host, 'SIGCONT');
        }
        const { attempt } = await endOf(id);
        expect(attempt.outcome).toEqual({ kind: 'exited', code: script.exitCode });
        const output = async (stream: string): Promise<Buffer> =>
          stage.rest.bytes(`/attempts/${attempt.id}/output?stream=${stream}`);
        checkLog({ stdout: await output('stdout'), stderr: await output('stderr') }, script);
        expect(hostsOf(agent)).toEqual([host]);
      }
      counter.expectEachOnce();
      await expectNoLeaks(stage);
    },
    2 * (hangMs + EACH_MS),
  );

  async function leasesOf(taskId: string): Promise<number> {
    const { items } = await stage.rest.get<{ items: { taskId: string }[] }>('/leases');
    return items.filter((lease) => lease.taskId === taskId).length;
  }

  function hostsOf({ dataDir }: StageAgent): number[] {
    return hostsIn(dataDir).map(({ pid }) => pid);
  }
});
