/** Agents as they come and go, once they are let in (`admission.ts`): what a worker's row says of its link. */
import { AppError } from '@longshore/base';

import { whenConnected } from '../../domain/health.ts';
import { confirmed } from '../../domain/session-ticket.ts';
import { move } from '../../domain/task-transition.ts';
import type { Worker } from '../../domain/worker.ts';
import { RECONNECT_GRACE_MS, TIMER_EARLY_MS, UNREACHABLE_NOTICE_MS } from '../../limits.ts';
import type { Turn } from '../kernel/batch.ts';
import { saveTask, type Kernel } from '../kernel/kernel.ts';
import { underWay, type Run } from '../kernel/runs.ts';
import { targetsOn } from '../kernel/target-machines.ts';
import type { AgentSession } from '../ports/agents.ts';
import { heedQuarantine } from '../tasks/quarantine.ts';
import { outOfReach, whyItWaits } from '../tasks/unreachable.ts';
import { giveUp } from '../tasks/wishes.ts';

export class Agents {
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** @param hash of the ticket that its Welcome carried */
  async ticketStored(agentId: string, hash: string): Promise<void> {
    const { store, nodeId } = this.#kernel.options;
    await store.write(async (tx) => {
      const ticket = await tx.tickets.get(agentId, nodeId);
      if (ticket !== undefined) await tx.tickets.put(confirmed(ticket, hash));
    });
  }

  /** It is inventoried: it takes work from now on, and what waited for it goes on. */
  async opened(session: AgentSession): Promise<void> {
    const kernel = this.#kernel;
    kernel.sessions.opened(session);
    kernel.roster.discardWorker(session.agentId);
    await kernel.batch.add(async (turn) => {
      const worker = await turn.tx.workers.find(session.agentId);
      if (worker === undefined) return;
      await kernel.books.lock(turn, worker.spaceId);
      const now = kernel.options.clock.now();
      const finding = whenConnected(worker);
      const { incarnation } = session;
      const connected: Worker = { ...worker, incarnation, connectedAt: now, lastSeenAt: now };
      if (finding === null) await turn.tx.workers.update(connected);
      else {
        await turn.tx.workers.update({
          ...connected,
          health: finding.state,
          healthReason: finding.reason,
          healthAt: now,
        });
        await turn.tx.health.append(worker.spaceId, worker.id, {
          time: now,
          state: finding.state,
          reason: finding.reason,
          taskId: '',
        });
      }
      await turn.tx.nodes.sessionOpened(kernel.options.nodeId, worker.id);
      await heedQuarantine(kernel, turn, worker.id);
      this.#workerChanged(turn, worker);
      for (const run of this.#runsOn(session.agentId)) await this.#goesOn(turn, run);
    });
  }

  async closed(session: AgentSession, why: string, silentMs = 0): Promise<void> {
    const kernel = this.#kernel;
    if (!kernel.sessions.closed(session, silentMs)) return;
    kernel.roster.discardWorker(session.agentId);
    const { clock, logger } = kernel.options;
    const at = clock.now() - Math.round(silentMs);
    const later = (ms: number, what: () => Promise<void>): void => {
      clock.after(ms, () => {
        if (kernel.closed) return;
        what().catch((error: unknown) => logger.error('following up a lost session failed', { error }));
      });
    };
    // Silence has lasted long enough by itself; a stream that ended may be followed by the next at once.
    const noticeMs = Math.max(0, UNREACHABLE_NOTICE_MS - silentMs);
    later(noticeMs + TIMER_EARLY_MS, () => this.unreachable(session.agentId));
    later(RECONNECT_GRACE_MS + TIMER_EARLY_MS, () => this.#graceEnded(session.agentId));
    await kernel.batch.add(async (turn) => {
      const worker = await turn.tx.workers.find(session.agentId);
      await turn.tx.nodes.sessionClosed(kernel.options.nodeId, session.agentId);
      if (worker === undefined) return;
      await kernel.books.lock(turn, worker.spaceId);
      const gone: Worker = { ...worker, connectedAt: null, lastSeenAt: at };
      await turn.tx.workers.update(gone);
      if (gone.revoked) await this.#giveUpRevoked(turn, gone);
      this.#workerChanged(turn, worker);
    });
    logger.info('the session with an agent ended', { agentId: session.agentId, why });
  }

  /** It has not come back at once: its tasks say so. What has been given its time is given up. */
  async unreachable(agentId: string): Promise<void> {
    const kernel = this.#kernel;
    if (kernel.sessions.get(agentId) !== undefined || this.#runsOn(agentId).length === 0) return;
    await kernel.batch.add(async (turn) => {
      const worker = await turn.tx.workers.find(agentId);
      if (worker?.revoked === true) {
        await this.#giveUpRevoked(turn, worker);
        return;
      }
      for (const run of this.#runsOn(agentId)) {
        await kernel.books.lock(turn, run.task.spaceId);
        if (run.wish === 'timeOut' && !kernel.sessions.isExpected(agentId)) {
          const lives = underWay(run).filter((live) => live.attempt.workerId === agentId);
          for (const live of lives)
            await giveUp(kernel, turn, { live, why: 'not reachable, and the time-out of the task passed' });
          continue;
        }
        await this.#waits(turn, run);
      }
    });
  }

  async #waits(turn: Turn, run: Run): Promise<void> {
    const waitReason = await whyItWaits(this.#kernel, turn, run);
    if (waitReason === '' || waitReason === run.task.waitReason) return;
    const to = run.wish === 'none' ? 'waiting' : run.task.state;
    await saveTask(this.#kernel, turn, {
      run,
      task: move(run.task, to, this.#kernel.options.clock.now(), { waitReason }),
    });
  }

  /** Its identity is revoked: no word of it can come any more, so what it may have under way is given up. */
  async revoked(agentId: string): Promise<void> {
    const kernel = this.#kernel;
    if (kernel.sessions.get(agentId) !== undefined || this.#runsOn(agentId).length === 0) return;
    await kernel.batch.add(async (turn) => {
      const worker = await turn.tx.workers.find(agentId);
      if (worker?.revoked !== true) return;
      await this.#giveUpRevoked(turn, worker);
    });
  }

  async #giveUpRevoked(turn: Turn, worker: Worker): Promise<void> {
    const why = `it is revoked${worker.locked === '' ? '' : ` (${worker.locked})`}: no word of it can come any more`;
    await this.#kernel.books.lock(turn, worker.spaceId);
    for (const run of this.#runsOn(worker.id)) {
      const lives = underWay(run).filter((live) => live.attempt.workerId === worker.id);
      for (const live of lives) await giveUp(this.#kernel, turn, { live, why });
    }
  }

  async factsChanged(session: AgentSession, facts: Worker['facts']): Promise<void> {
    await this.#update(session.agentId, (worker) => ({ ...worker, facts }));
  }

  async quarantined(session: AgentSession, reason: string): Promise<void> {
    const kernel = this.#kernel;
    kernel.sessions.setQuarantined(session.agentId, reason);
    await kernel.batch.add((turn) => heedQuarantine(kernel, turn, session.agentId));
  }

  async draining(session: AgentSession, draining: boolean): Promise<void> {
    this.#kernel.sessions.setDraining(session.agentId, draining);
    this.#kernel.roster.discardWorker(session.agentId);
    await this.#update(session.agentId, (worker) => worker);
  }

  /** Its deployment targets go with it: there is nothing left that could be deployed to. @throws AppError `conflict` while it is leased */
  async deregister(session: AgentSession): Promise<void> {
    const { store, clock } = this.#kernel.options;
    await store.write(async (tx) => {
      const worker = await tx.workers.find(session.agentId);
      if (worker === undefined) return;
      const leases = (await tx.leases.held(worker.spaceId)).filter(
        (lease) => lease.resource.id === worker.id,
      );
      if (leases.length > 0) {
        throw new AppError(
          'conflict',
          `worker "${worker.name}" is leased by ${leases.map((lease) => `task ${lease.taskId}`).join(', ')}`,
          {
            detail: { workerId: worker.id, leases: leases.map(({ id, taskId }) => ({ id, taskId })) },
          },
        );
      }
      const targets = await targetsOn(tx, worker);
      for (const { spaceId, id } of targets) await tx.resources.delete(spaceId, id);
      await tx.tickets.deleteFor(worker.id);
      await tx.workers.delete(worker.spaceId, worker.id);
      await tx.audit.append(worker.spaceId, {
        time: clock.now(),
        actor: `agent ${worker.id}`,
        action: 'worker.deregistered',
        subject: worker.id,
        detail: { name: worker.name, targets: targets.map(({ name }) => name) },
      });
      if (targets.length > 0) store.announce(tx, 'resource', 'target');
      store.announce(tx, 'worker', worker.id);
      store.announce(tx, 'trust', worker.id);
    });
    this.#kernel.roster.discard();
  }

  async #update(agentId: string, change: (worker: Worker) => Worker): Promise<void> {
    await this.#kernel.batch.add(async (turn) => {
      const worker = await turn.tx.workers.find(agentId);
      if (worker === undefined) return;
      await this.#kernel.books.lock(turn, worker.spaceId);
      const changed = change(worker);
      if (changed !== worker) await turn.tx.workers.update(changed);
      this.#workerChanged(turn, worker);
    });
  }

  async #graceEnded(agentId: string): Promise<void> {
    const kernel = this.#kernel;
    if (kernel.sessions.get(agentId) !== undefined) return;
    kernel.roster.discardWorker(agentId);
    await kernel.batch.add(async (turn) => {
      for (const spaceId of kernel.books.spaces) kernel.passAtEnd(turn, spaceId);
    });
  }

  async #goesOn(turn: Turn, run: Run): Promise<void> {
    if (run.requests.size > 0 || run.task.waitReason === '') return;
    if (outOfReach(this.#kernel, run).length > 0) {
      await this.#waits(turn, run);
      return;
    }
    const to = run.wish === 'none' ? 'executing' : run.task.state;
    await saveTask(this.#kernel, turn, {
      run,
      task: move(run.task, to, this.#kernel.options.clock.now(), { waitReason: '' }),
    });
  }

  #runsOn(agentId: string): Run[] {
    const lives = this.#kernel.runs.onWorker(agentId);
    return [...new Set(lives.map((live) => live.run))].filter((run) =>
      underWay(run).some((live) => live.attempt.workerId === agentId),
    );
  }

  #workerChanged(turn: Turn, worker: Worker): void {
    this.#kernel.options.store.announce(turn.tx, 'worker', worker.id);
    this.#kernel.roster.discardWorker(worker.id);
    this.#kernel.passAtEnd(turn, worker.spaceId);
  }
}
