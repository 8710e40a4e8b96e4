/**
 * Server nodes: this one registers and beats; each judges the others by their
 * beat on its own monotonic clock, and takes over what a dead one owned.
 *
 * Always true: an owner's change raises the task's fence, so that agents
 * refuse the owner before. What was under way is asked of the agents; a lease
 * stays held while an attempt under it may run.
 */
import { isSettled } from '../../domain/attempt-transition.ts';
import { runOf, type Task } from '../../domain/task.ts';
import { LOGS_RECOVERED_AT_ONCE, NODE_DEAD_AFTER_MS, REAPER_LEASES } from '../../limits.ts';
import { resumeCourse, takeUpCourse } from '../course/course.ts';
import type { Turn } from '../kernel/batch.ts';
import { announceTask, note, releaseLease, type Kernel } from '../kernel/kernel.ts';
import { newRun, type Live, type Run } from '../kernel/runs.ts';
import type { NodeAddress } from '../ports/agents.ts';
import type { ServerNode } from '../ports/nodes.ts';
import { openedScript, sealed } from '../steps/starting.ts';
import { armTimeOut } from '../steps/time-outs.ts';
import { advance } from '../tasks/orchestrator.ts';

export class Nodes {
  readonly #kernel: Kernel;
  /** By node: the last beat that was new, and when on our monotonic clock. */
  readonly #seen = new Map<string, { epoch: number; beat: number; at: number }>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** Registers this start, then takes up what this node owned before it: ahead of the reaper. */
  async start(): Promise<void> {
    const { store, nodeId, agentAddress, version, clock, logger } = this.#kernel.options;
    const node = await store.write(async (tx) => {
      const started = await tx.nodes.start({
        id: nodeId,
        agentAddress,
        version,
        draining: false,
        startedAt: clock.now(),
      });
      await tx.nodes.forgetSessions(nodeId);
      store.announce(tx, 'node', nodeId);
      return started;
    });
    this.#kernel.epoch = node.epoch;
    const runs = await this.#takeOver(nodeId);
    if (runs.length > 0)
      logger.info('took up the tasks that this node owned', { tasks: runs.length, epoch: node.epoch });
  }

  /** @returns false when this process must stop: its tasks are others' by now */
  async beat(): Promise<boolean> {
    const { store, nodeId } = this.#kernel.options;
    return store.write((tx) => tx.nodes.beat(nodeId, this.#kernel.epoch));
  }

  /**
   * Takes over from nodes that are dead, or gone with tasks left; agents are told which there are.
   *
   * @returns the workers on which something of theirs may run
   */
  async judge(): Promise<ReadonlySet<string>> {
    const { store, nodeId, clock, logger, agents } = this.#kernel.options;
    const { nodes, owners } = await store.read(async (tx) => ({
      nodes: await tx.nodes.list(),
      owners: await tx.tasks.owners(),
    }));
    const live = new Set(nodes.map((node) => node.id));
    const dead = nodes.filter((node) => node.id !== nodeId && this.#isDead(node, clock.monotonic()));
    for (const node of dead) {
      logger.warn('a server node is dead', { node: node.id, epoch: node.epoch });
      await store.write(async (tx) => {
        await tx.nodes.remove(node.id, node.epoch);
        await tx.nodes.forgetSessions(node.id);
      });
    }
    const gone = owners.filter(
      (owner) => owner !== nodeId && (!live.has(owner) || dead.some((node) => node.id === owner)),
    );
    const here = nodes.filter((node) => !dead.includes(node)).map(addressOf);
    for (const session of agents.sessions()) session.tellNodes(here);
    const asked = new Set<string>();
    for (const owner of gone) {
      const runs = await this.#takeOver(owner);
      const workers = new Set(
        runs.flatMap((run) => [...run.attempts.values()].map((attempt) => attempt.attempt.workerId)),
      );
      // A new session begins with an inventory: that is how an agent is asked.
      for (const id of workers) {
        asked.add(id);
        this.#kernel.sessions.get(id)?.close('shutdown', `tasks of node ${owner} were taken over`);
      }
    }
    return asked;
  }

  #isDead(node: ServerNode, now: number): boolean {
    const seen = this.#seen.get(node.id);
    if (seen?.epoch !== node.epoch || seen.beat !== node.beat) {
      this.#seen.set(node.id, { epoch: node.epoch, beat: node.beat, at: now });
      return false;
    }
    return now - seen.at >= NODE_DEAD_AFTER_MS;
  }

  async #takeOver(from: string): Promise<Run[]> {
    const kernel = this.#kernel;
    const owned = await kernel.options.store.read((tx) => tx.tasks.ownedBy(from));
    const runs: Run[] = [];
    for (const { spaceId, id } of owned) {
      const run = await kernel.batch.add((turn) => this.#takeTask(turn, { spaceId, id, from }));
      if (run !== undefined) runs.push(run);
    }
    const lives = runs.flatMap((run) => [...run.attempts.values()]);
    for (let at = 0; at < lives.length; at += LOGS_RECOVERED_AT_ONCE)
      await Promise.all(lives.slice(at, at + LOGS_RECOVERED_AT_ONCE).map((live) => this.#recoverLog(live)));
    for (const run of runs) {
      await kernel.batch.add(async (turn) => {
        await resumeCourse(kernel, turn, run);
        await advance(kernel, turn, run);
      });
    }
    return runs;
  }

  async #takeTask(
    turn: Turn,
    { spaceId, id, from }: { spaceId: string; id: string; from: string },
  ): Promise<Run | undefined> {
    const kernel = this.#kernel;
    const { nodeId, store, sealer } = kernel.options;
    const book = await kernel.books.lock(turn, spaceId);
    const before = await turn.tx.tasks.get(spaceId, id);
    if (before === undefined || before.endedAt !== null || before.nodeId !== from) return undefined;
    const task: Task = {
      ...before,
      nodeId,
      epoch: kernel.epoch,
      fence: { generation: store.generation, n: before.fence.n + 1 },
    };
    if (!(await turn.tx.tasks.update(task, { nodeId: from, epoch: before.epoch }))) return undefined;
    announceTask(kernel, turn, task);
    const run = newRun(task);
    if (task.state === 'cancelling' && task.cancelRequestedAt === null) run.wish = 'timeOut';
    kernel.runs.add(run);
    turn.undo(() => kernel.runs.remove(run));
    for (const lease of await turn.tx.leases.ofTask(spaceId, id)) {
      const ours = { ...lease, nodeId, epoch: kernel.epoch, orphanedAt: null };
      await turn.tx.leases.update(ours);
      run.leases.set(lease.id, ours);
    }
    await turn.tx.leases.passRequests(spaceId, id, nodeId);
    // Its requests name another node now: read them anew.
    kernel.books.changed(turn, book);
    turn.after(() => book.discard());
    for (const request of book.requests()) if (request.taskId === id) run.requests.add(request.id);
    for (const attempt of await turn.tx.attempts.ofTask(spaceId, id)) {
      const open = !attempt.complete && attempt.state !== 'denied';
      const ours = open ? { ...attempt, fence: task.fence } : attempt;
      if (open) await turn.tx.attempts.update(ours);
      const live = kernel.runs.addAttempt(run, ours);
      const script = open && runOf(task) !== undefined ? await turn.tx.attempts.script(ours) : undefined;
      if (script !== undefined) live.script = sealed(sealer, id, openedScript(sealer, ours.id, script));
      await this.#takeArtifacts(turn, live);
    }
    if (runOf(task) !== undefined) await takeUpCourse(turn, run);
    const text =
      from === nodeId
        ? 'Taken up again after a restart of the server'
        : `Node ${from} is gone: node ${nodeId} goes on with it`;
    await note(kernel, turn, { task, level: 'info', text });
    armTimeOut(kernel, run);
    kernel.passAtEnd(turn, spaceId);
    return run;
  }

  async #takeArtifacts(turn: Turn, live: Live): Promise<void> {
    const { spaceId, id, taskId, complete } = live.attempt;
    if (complete) return;
    for (const event of await turn.tx.attempts.events(spaceId, id, 0)) {
      if (event.kind === 'newArtifact')
        live.artifacts.set(event.index, { name: event.name, stored: false, length: 0 });
    }
    for (const artifact of await turn.tx.attempts.artifacts(spaceId, taskId)) {
      if (artifact.attemptId === id)
        live.artifacts.set(artifact.index, { name: artifact.name, stored: true, length: artifact.length });
    }
  }

  async #recoverLog(live: Live): Promise<void> {
    if (live.attempt.complete) return;
    live.storedLength = await this.#kernel.options.logs.recover(live.attempt.id, live.attempt.verifiedLength);
    live.appendedTo = live.storedLength;
  }

  /** Leases whose task has ended are a leak: freed once nothing can run under them. */
  async reap(): Promise<void> {
    const kernel = this.#kernel;
    const leaked = await kernel.options.store.read((tx) => tx.leases.ofEndedTasks(REAPER_LEASES));
    for (const lease of leaked) {
      await kernel.batch.add(async (turn) => {
        await kernel.books.lock(turn, lease.spaceId);
        const attempts = await turn.tx.attempts.ofTask(lease.spaceId, lease.taskId);
        if (attempts.some((attempt) => attempt.leaseId === lease.id && !isSettled(attempt))) return;
        kernel.options.logger.warn('the reaper frees a lease whose task has ended', {
          leaseId: lease.id,
          taskId: lease.taskId,
        });
        await releaseLease(kernel, turn, { lease, why: 'the reaper: its task has ended' });
      });
    }
  }
}

export function addressOf({ id, agentAddress }: ServerNode): NodeAddress {
  return { nodeId: id, address: agentAddress };
}
