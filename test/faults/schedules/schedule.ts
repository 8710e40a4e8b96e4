/**
 * One random schedule: tasks come, scripts run, everything that can fail
 * fails at random times for two simulated minutes; then all is healed, and
 * what must hold is checked: at every step, and at the end.
 */
import { compareFences, type Fence } from '@longshore/server/domain/fence';
import { isEnded } from '@longshore/server/domain/task-transition';
import { scriptOf, type ScriptTaskSpec, type Task } from '@longshore/server/domain/task';

import { Database, SPACE } from './database.ts';
import { SimulatedAgent, type Witness } from './simulated-agent.ts';
import { SimulatedNode } from './simulated-node.ts';
import { World } from './world.ts';

const TROUBLE_MS = 120_000;
/** After it everything must have come to its end: the longest time-out, a lost attempt's way back, and room. */
const PEACE_MS = 400_000;
const NODE_DEAD_AFTER_MS = 15_000;

export class Broken extends Error {}

class Schedule implements Witness {
  readonly world: World;
  readonly db = new Database();
  readonly nodes: SimulatedNode[];
  readonly agents: SimulatedAgent[];
  /** How often each action of each task was started, and how its process ended. */
  /** The last fence that was obeyed for each attempt. */
  readonly #obeyed = new Map<string, Fence>();
  readonly #starts = new Map<string, number>();
  readonly #ends = new Map<string, { code: number } | 'killed'>();

  constructor(seed: number) {
    this.world = new World(seed);
    const { world, db } = this;
    this.nodes = (world.chance(0.5) ? ['A'] : ['A', 'B']).map((id) => new SimulatedNode(id, world, db));
    const count = world.between(1, 3);
    this.agents = Array.from({ length: count }, (_, i) => {
      const id = `w${i + 1}`;
      db.workers.set(id, { id, slots: world.between(1, 3), quarantined: false });
      return new SimulatedAgent(id, world, { nodes: this.nodes, witness: this });
    });
  }

  run(): void {
    for (const node of this.nodes) node.starts();
    for (const agent of this.agents) agent.connectAll();
    for (let i = this.world.between(1, 8); i > 0; i--)
      this.world.after(this.world.between(0, TROUBLE_MS / 2), () => this.#submit());
    for (let i = this.world.between(2, 25); i > 0; i--)
      this.world.after(this.world.between(0, TROUBLE_MS), () => this.#trouble());
    this.world.run(TROUBLE_MS);
    this.world.tell('peace');
    this.#heal();
    this.world.run(TROUBLE_MS + PEACE_MS);
    this.#atTheEnd();
  }

  #submit(): void {
    const { world, db } = this;
    const node = this.nodes.find(({ up }) => up);
    if (node === undefined) return;
    const named = world.chance(0.3);
    const workerIds = this.agents.map(({ id }) => id).filter(() => world.chance(0.6));
    const target: ScriptTaskSpec['target'] =
      named && workerIds.length > 0 ? { kind: 'workers', workerIds } : { kind: 'pool', poolId: 'p' };
    const id = db.nextId();
    const leaseMode = world.chance(0.3) ? 'exclusive' : 'shared';
    world.tell(`submit ${id} ${leaseMode} ${JSON.stringify(target)}`);
    node.tasks.submit({
      spaceId: SPACE,
      id,
      kind: 'script',
      name: '',
      state: 'queued',
      spec: { target, leaseMode, tools: [], script: SCRIPT },
      ticket: db.nextTicket(),
      nodeId: null,
      epoch: 0,
      fence: { generation: 1, n: 0 },
      waitReason: '',
      timeoutMs: world.between(20_000, 200_000),
      cancelRequestedAt: null,
      message: '',
      createdAt: world.now,
      startedAt: null,
      endedAt: null,
      createdBy: '',
    });
  }

  #trouble(): void {
    const { world } = this;
    const agent = world.pick(this.agents);
    const node = world.pick(this.nodes);
    const roll = world.between(0, 12);
    if (roll <= 2) this.#cutOrHold(agent);
    else if (roll <= 4) agent.linkDies(world.between(100, 20_000));
    else if (roll === 5) agent.hostDies();
    else if (roll === 6) agent.reboots();
    else if (roll === 7) agent.losesItsMemory();
    else if (roll === 8) agent.draining = !agent.draining;
    else if (roll === 9) this.#cancelOne();
    else if (roll === 10) this.#stopNode(node);
    else this.#killNode(node);
  }

  #cutOrHold(agent: SimulatedAgent): void {
    const { world } = this;
    for (const line of agent.lines) {
      if (world.chance(0.5)) line.cut();
      else line.hold(world.pick([500, 5000, 14_000, 60_000]));
    }
  }

  #cancelOne(): void {
    const ids = [...this.db.tasks.keys()];
    if (ids.length === 0) return;
    const id = this.world.pick(ids);
    this.world.tell(`cancel ${id}`);
    for (const node of this.nodes.filter(({ up }) => up)) node.tasks.cancel(id);
  }

  #killNode(node: SimulatedNode): void {
    node.dies();
    const downMs = this.world.pick([100, 3000, 40_000]);
    this.world.after(downMs, () => node.starts());
    this.#watchOver(node);
  }

  #stopNode(node: SimulatedNode): void {
    if (this.world.chance(0.5)) {
      node.whenStopped = () => this.#stopped(node);
      node.stopsAtNextCommit();
      return;
    }
    node.stops();
    this.#stopped(node);
  }

  #stopped(node: SimulatedNode): void {
    const stoppedMs = this.world.pick([1000, 14_000, 16_000, 40_000]);
    const silence = { node, since: this.world.now };
    for (const agent of this.agents)
      this.world.after(NODE_DEAD_AFTER_MS + this.world.between(0, 5000), () => agent.hearsNothingOf(silence));
    this.world.after(stoppedMs, () => node.continues());
    this.#watchOver(node);
  }

  /** Another node sees its beat unchanged for the TTL. */
  #watchOver(node: SimulatedNode): void {
    const epoch = this.db.nodes.get(node.id);
    this.world.after(NODE_DEAD_AFTER_MS, () => {
      if (node.up || this.db.nodes.get(node.id) !== epoch) return;
      const other = this.nodes.find((one) => one !== node && one.up);
      other?.takesOver(node.id);
    });
  }

  #heal(): void {
    for (const node of this.nodes) {
      node.continues();
      node.starts();
    }
    for (const agent of this.agents) agent.draining = false;
  }

  obeyed(agent: SimulatedAgent, attemptId: string, fence: Fence): void {
    const before = this.#obeyed.get(attemptId);
    if (before !== undefined && compareFences(fence, before) < 0)
      throw new Broken(
        `${agent.id} obeys a command for ${attemptId} with a fence below one that it obeyed before`,
      );
    this.#obeyed.set(attemptId, fence);
  }

  started(agent: SimulatedAgent, attemptId: string, action: string): void {
    this.world.tell(`${agent.id}: ${attemptId} (${action}) starts`);
    const starts = (this.#starts.get(action) ?? 0) + 1;
    this.#starts.set(action, starts);
    if (starts > 1) throw new Broken(`${action} was started ${starts} times`);
    const attempt = this.db.attempts.get(attemptId);
    if (attempt === undefined) throw new Broken(`${attemptId} was started, and nobody ever wrote it down`);
    if (attempt.state === 'denied' || attempt.outcome?.kind === 'interrupted')
      throw new Broken(`${attemptId} starts after it was ${attempt.state} (${attempt.outcome?.kind ?? ''})`);
    this.#alone(agent);
  }

  /** Under an exclusive lease nothing else runs, and where something was given up no lease was granted since. */
  #alone(agent: SimulatedAgent): void {
    const running = [...agent.processes.keys()]
      .map((id) => this.db.attempts.get(id))
      .filter((one) => one !== undefined);
    const lost = running.filter((one) => one.outcome?.kind === 'lost');
    const known = running.filter((one) => one.outcome?.kind !== 'lost');
    const isExclusive = (taskId: string): boolean =>
      scriptTask(this.db.tasks.get(taskId))?.leaseMode === 'exclusive';
    if (known.some((one) => isExclusive(one.taskId)) && new Set(known.map((one) => one.taskId)).size > 1)
      throw new Broken(
        `${agent.id} runs ${known.map((one) => one.id).join(', ')} beside an exclusive holder`,
      );
    for (const given of lost)
      for (const one of known)
        if (one.createdAt > (given.endedAt ?? 0))
          throw new Broken(
            `${agent.id} was given ${one.id} though ${given.id}, which was given up, still runs there`,
          );
  }

  ended(agent: SimulatedAgent, attemptId: string, how: { code: number } | 'killed'): void {
    this.world.tell(`${agent.id}: ${attemptId} ends ${JSON.stringify(how)}`);
    this.#ends.set(attemptId, how);
    const attempt = this.db.attempts.get(attemptId);
    if (attempt?.outcome?.kind === 'interrupted')
      throw new Broken(`${attemptId} was called interrupted while it ran`);
  }

  #atTheEnd(): void {
    const { db } = this;
    for (const task of db.tasks.values())
      if (!isEnded(task.state)) throw new Broken(`task ${task.id} is ${task.state} for ever`);
    if (db.leases.size > 0) throw new Broken(`leases are left: ${[...db.leases.keys()].join(', ')}`);
    if (db.requests.length > 0) throw new Broken('requests are left');
    for (const worker of db.workers.values())
      if (worker.quarantined) throw new Broken(`${worker.id} is quarantined for ever`);
    for (const agent of this.agents)
      if (agent.attempts.length > 0)
        throw new Broken(`${agent.id} still has ${agent.attempts.map((one) => one.attemptId).join(', ')}`);
    for (const attempt of db.attempts.values()) this.#isTrue(attempt.id);
  }

  /** What is recorded is what happened. */
  #isTrue(attemptId: string): void {
    const { outcome } = this.db.attempts.get(attemptId) ?? {};
    const how = this.#ends.get(attemptId);
    if (outcome?.kind === 'exited' && (how === undefined || how === 'killed' || how.code !== outcome.code))
      throw new Broken(
        `${attemptId} is said to have exited with ${outcome.code}; it was ${JSON.stringify(how)}`,
      );
    const task = this.db.tasks.get(this.db.attempts.get(attemptId)?.taskId ?? '');
    if (outcome?.kind === 'cancelled' && task?.cancelRequestedAt === null && task.state !== 'timedOut')
      throw new Broken(`${attemptId} was cancelled, and nobody had asked for it`);
    if (outcome?.kind === 'refused' && how !== undefined)
      throw new Broken(`${attemptId} is said to have been refused, and it ran`);
  }
}

function scriptTask(task: Task | undefined): ScriptTaskSpec | undefined {
  return task === undefined ? undefined : scriptOf(task);
}

const SCRIPT: ScriptTaskSpec['script'] = {
  interpreter: 'bash',
  body: '',
  arguments: [],
  environment: {},
  variables: [],
  files: [],
  timeoutMs: 0,
  graceMs: 10_000,
  isolation: null,
  terminal: null,
  runAs: '',
  maxProcesses: 0,
  outputQuotaBytes: 0,
};

/** @throws Broken that says what does not hold, with the story so far */
export function runSchedule(seed: number): { tasks: number; happenings: number } {
  const schedule = new Schedule(seed);
  try {
    schedule.run();
  } catch (thrown) {
    const why =
      thrown instanceof Error ? (thrown instanceof Broken ? thrown.message : thrown.stack) : String(thrown);
    throw new Error(`schedule ${seed}: ${why ?? ''}\n${schedule.world.story.join('\n')}`, { cause: thrown });
  }
  return { tasks: schedule.db.tasks.size, happenings: schedule.world.story.length };
}
