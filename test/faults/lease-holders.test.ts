/**
 * Exclusive and shared requests in great number against holders that are
 * killed: server nodes, links, script hosts; and tasks that are cancelled, and
 * tasks that hold several workers. Never two exclusive holders at once, none
 * left over, ticket order kept, and no holder waits for another.
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, jest, test } from '@jest/globals';
import { systemClock, type Clock } from '@longshore/base';
import type { Lease } from '@longshore/server/domain/lease';
import type { Attempt } from '@longshore/server/domain/attempt';
import { scriptOf, type Task } from '@longshore/server/domain/task';
import { NODE_DEAD_AFTER_MS } from '@longshore/server/limits';

import { openCoreStage, SCRIPT, SPACE, type CoreStage, type StageNode } from '../support/core-stage.ts';
import { faultNumbers, schedule, type Schedule } from '../support/faults.ts';
import { LeaseMachine } from '../support/lease-machine.ts';
import { expectNoLeaks } from '../support/leak-check.ts';
import { ENDED } from '../support/rest.ts';
import { RunCounter } from '../support/run-counter.ts';
import { AGENT_MODES } from '../support/stage-agent.ts';
import { Stage } from '../support/stage.ts';
import { DIALECTS, type Dialect } from '../support/store.ts';
import { until } from '../support/until.ts';

jest.setTimeout(1_800_000);

const { requests, waves, scripts, kills, databases } = faultNumbers({
  short: { requests: 300, waves: 6, scripts: 40, kills: 2, databases: ['sqlite'] as const },
  full: { requests: 5_000, waves: 50, scripts: 300, kills: 10, databases: DIALECTS },
});
const MACHINES = 4;
const SLOTS = 3;

type HistoryEntry = Lease & { releasedAt: number };

/** Server nodes of one database, killed and started again; time goes on for them as it does for us, and by leaps. */
class Cluster {
  readonly machines: LeaseMachine[] = [];
  readonly nodes = new Map<string, StageNode>();
  readonly #stage: CoreStage;
  readonly #dialect: Dialect;
  readonly #schedule: Schedule;
  #leapMs = 0;
  readonly #clock: Clock = {
    ...systemClock,
    monotonic: () => systemClock.monotonic() + this.#leapMs,
  };

  constructor(stage: CoreStage, dialect: Dialect, random: Schedule) {
    this.#stage = stage;
    this.#dialect = dialect;
    this.#schedule = random;
  }

  async start(): Promise<string> {
    const names = this.#dialect === 'postgres' ? ['node-1', 'node-2'] : ['node-1'];
    for (const name of names) await this.#startNode(name);
    const poolId = await this.any.addPool();
    for (let i = 0; i < MACHINES; i++) {
      const worker = await this.any.addWorker(poolId, { slots: SLOTS });
      this.machines.push(new LeaseMachine(worker, this.#schedule));
    }
    for (const name of names) await this.#connectAll(name);
    return poolId;
  }

  get any(): StageNode {
    return this.#schedule.pick([...this.nodes.values()]);
  }

  /** One that lives is left where there are two: it takes over, and the other comes back later. */
  async killNode(): Promise<void> {
    const name = this.#schedule.pick([...this.nodes.keys()]);
    const node = this.nodes.get(name)!;
    node.kill();
    this.nodes.delete(name);
    for (const machine of this.machines) await machine.cut(node, { told: false });
    for (const survivor of this.nodes.values()) {
      await survivor.core.chores.judge();
      this.#leapMs += NODE_DEAD_AFTER_MS;
      await survivor.core.chores.judge();
    }
    await this.#startNode(name);
    await this.#connectAll(name);
  }

  async killLink(): Promise<void> {
    const machine = this.#schedule.pick(this.machines);
    for (const node of this.nodes.values()) await machine.cut(node, { told: true });
    for (const [name, node] of this.nodes) await machine.connect(node, name);
  }

  async #startNode(name: string): Promise<void> {
    this.nodes.set(name, await this.#stage.node(name, { clock: this.#clock, taskCap: 20 }));
  }

  async #connectAll(name: string): Promise<void> {
    for (const machine of this.machines) await machine.connect(this.nodes.get(name)!, name);
  }
}

describe.each(DIALECTS)('holders that are killed (%s)', (dialect) => {
  test(`${requests} requests: one exclusive holder at a time, ticket order, none left over`, async () => {
    const stage = await openCoreStage(dialect);
    const random = schedule(`lease holders ${dialect}`);
    const cluster = new Cluster(stage, dialect, random);
    const poolId = await cluster.start();
    const taskIds: string[] = [];
    for (let wave = 0; wave < waves; wave++) {
      const fresh = await Promise.all(
        Array.from({ length: Math.ceil(requests / waves) }, () => ask(cluster, poolId, random)),
      );
      taskIds.push(...fresh);
      for (const id of fresh) if (random.chance(0.1)) void cluster.any.core.tasks.cancel(SPACE, id, 'a test');
      await until(
        'a part of the wave is done',
        async () => (await openTasks(cluster)) < requests / waves / 2 + 1,
      );
      const fault = random.pick(['node', 'link', 'host'] as const);
      if (fault === 'node') await cluster.killNode();
      else if (fault === 'link') await cluster.killLink();
      else random.pick(cluster.machines).hostDies();
    }
    await until('all tasks have ended', async () => (await openTasks(cluster)) === 0, { timeoutMs: 60_000 });
    await until('all is released', () => cluster.machines.every(({ idle }) => idle));
    expect(cluster.machines.flatMap(({ wrong }) => wrong)).toEqual([]);
    const { core } = cluster.any;
    expect([await core.leases.held(SPACE), await core.leases.queue(SPACE)]).toEqual([[], []]);
    await expectOrderAndEnds(cluster, taskIds);
    await stage.close();
  });
});

async function ask(cluster: Cluster, poolId: string, random: Schedule): Promise<string> {
  const leaseMode = random.chance(0.4) ? ('exclusive' as const) : ('shared' as const);
  const named = random.shuffled(cluster.machines.map(({ worker }) => worker.id));
  const target = random.chance(0.4)
    ? ({ kind: 'pool', poolId } as const)
    : ({ kind: 'workers', workerIds: named.slice(0, random.between(1, 3)) } as const);
  return cluster.any.submit(target, { leaseMode, script: { ...SCRIPT, body: leaseMode } });
}

async function openTasks(cluster: Cluster): Promise<number> {
  const counts = Object.values(await cluster.any.core.tasks.countByState());
  return counts.reduce((sum, count) => sum + count, 0);
}

async function expectOrderAndEnds(cluster: Cluster, taskIds: string[]): Promise<void> {
  const { core } = cluster.any;
  const tasks = new Map<string, Task>();
  const attempts = new Map<string, Attempt>();
  for (const id of taskIds) {
    tasks.set(id, await core.tasks.get(SPACE, id));
    for (const attempt of await core.tasks.attempts(SPACE, id)) attempts.set(attempt.leaseId, attempt);
  }
  const wrong: string[] = [];
  for (const { worker } of cluster.machines) {
    const filter = { resourceId: worker.id, limit: 100_000 };
    const leases = ((await core.leases.history(SPACE, filter)) as HistoryEntry[]).sort(
      (a, b) => a.fence.n - b.fence.n,
    );
    wrong.push(...overlaps(leases), ...overtaken(leases, tasks));
    for (const lease of leases) {
      const endedAt = attempts.get(lease.id)?.endedAt ?? lease.releasedAt;
      if (lease.releasedAt - endedAt > NODE_DEAD_AFTER_MS || lease.releasedAt < endedAt)
        wrong.push(
          `lease ${lease.id} was freed ${lease.releasedAt - endedAt} ms after the end of its attempt`,
        );
    }
  }
  expect(wrong).toEqual([]);
}

/** Leases by fence: none is granted beside one that it is not compatible with. Equal times are taken for one after the other. */
function overlaps(leases: HistoryEntry[]): string[] {
  return leases.flatMap((lease, i) =>
    leases
      .slice(0, i)
      .filter((before) => before.releasedAt > lease.grantedAt)
      .filter((before) => before.mode === 'exclusive' || lease.mode === 'exclusive')
      .map((before) => `${lease.mode} ${lease.id} was granted beside ${before.mode} ${before.id}`),
  );
}

function isNamed(task: Task | undefined): boolean {
  return task !== undefined && scriptOf(task)?.target.kind === 'workers';
}

/** Of two that named the same worker and can't share it, the earlier ticket had it first. */
function overtaken(leases: HistoryEntry[], tasks: Map<string, Task>): string[] {
  const named = leases.filter(({ taskId }) => isNamed(tasks.get(taskId)));
  return named.flatMap((lease, i) =>
    named
      .slice(0, i)
      .filter((before) => before.mode === 'exclusive' || lease.mode === 'exclusive')
      .filter((before) => tasks.get(before.taskId)!.ticket > tasks.get(lease.taskId)!.ticket)
      .map((before) => `task ${before.taskId} overtook ${lease.taskId} on ${lease.resource.id}`),
  );
}

/** What a script sees of its machine: a file that only one can make, and one for each that shares. */
function watching(folder: string, mode: 'shared' | 'exclusive'): string {
  const lock = `${folder}/alone`;
  const wrong = `>> ${folder}/wrong`;
  const alive = (file: string): string => `kill -0 "$(cat ${file} 2>/dev/null)" 2>/dev/null`;
  return mode === 'exclusive'
    ? `set -C
[ -e ${lock} ] && { ${alive(lock)} && echo "two alone" ${wrong}; rm -f ${lock}; }
echo $$ > ${lock} || echo "two alone at once" ${wrong}
trap 'rm -f ${lock}' EXIT
for one in ${folder}/shared.*; do [ -e "$one" ] && ${alive('"$one"')} && echo "alone beside shared" ${wrong}; done
sleep 0.05`
    : `echo $$ > ${folder}/shared.$$
trap 'rm -f ${folder}/shared.$$' EXIT
[ -e ${lock} ] && ${alive(lock)} && echo "shared beside alone" ${wrong}
sleep 0.05`;
}

describe.each(databases)('real processes (%s)', (database) => {
  test(`${scripts} scripts see for themselves that they are alone, or share`, async () => {
    const stage = await Stage.open({ database });
    try {
      const random = schedule(`real lease holders ${database}`);
      const counter = new RunCounter(join(stage.folder, 'starts'));
      const folders = new Map<string, string>();
      for (const mode of AGENT_MODES) {
        const { name } = await stage.addAgent(mode, { slots: SLOTS });
        folders.set(name, join(stage.folder, `seen-${name}`));
        mkdirSync(folders.get(name)!);
      }
      const ids: string[] = [];
      for (let n = 0; n < scripts; n++) {
        const mode = random.chance(0.4) ? 'exclusive' : 'shared';
        const name = random.pick([...folders.keys()]);
        const body = counter.counted(`script-${n}`, watching(folders.get(name)!, mode));
        const { id } = await stage.rest.script(body, { workers: [name], leaseMode: mode });
        ids.push(id);
        if (random.chance(0.1)) await stage.rest.post(`/tasks/${id}/cancel`);
        if ((n + 1) % Math.floor(scripts / (kills + 1)) === 0) await killSome(stage, random);
      }
      for (const id of ids) await stage.rest.inState(id, ENDED, { timeoutMs: 120_000 });
      for (const folder of folders.values())
        expect(existsSync(`${folder}/wrong`) ? readFileSync(`${folder}/wrong`, 'utf8') : '').toBe('');
      for (let n = 0; n < scripts; n++) expect(counter.starts(`script-${n}`)).toBeLessThanOrEqual(1);
      await expectNoLeaks(stage);
    } finally {
      await stage.close();
    }
  });
});

async function killSome(stage: Stage, random: Schedule): Promise<void> {
  const agent = random.pick(stage.agents);
  switch (random.pick(['server', 'link', 'host'] as const)) {
    case 'server':
      await stage.server.kill();
      await stage.startServer();
      return;
    case 'link':
      await agent.daemon.kill();
      agent.daemon.start();
      return;
    case 'host':
      process.kill(await until('it has a host', () => agent.runningHost()), 'SIGKILL');
  }
}
