/**
 * Agents as they come and go: who is let in, and what a worker's row says of
 * its link. A session ticket that was replaced before is dead: who shows it is
 * a copy, so the identity is locked and both sessions end.
 */
import { AppError } from '@longshore/base';

import { whenConnected } from '../domain/health.ts';
import { move } from '../domain/task-transition.ts';
import type { Worker } from '../domain/worker.ts';
import { RECONNECT_GRACE_MS, UNREACHABLE_NOTICE_MS } from '../limits.ts';
import type { Turn } from './batch.ts';
import { saveTask, type Kernel } from './kernel.ts';
import { giveUp } from './orchestrator.ts';
import type { Admission, AgentHello, AgentSession } from './ports/agents.ts';
import type { SessionTicket } from './ports/trust.ts';
import { underWay, type Run } from './runs.ts';
import { outOfReach, whyItWaits } from './unreachable.ts';

export class Agents {
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  async admit(hello: AgentHello): Promise<Admission> {
    const { store, digests, nodeId } = this.#kernel.options;
    const { ticket, hash } = digests.newTicket();
    const admission = await store.write(async (tx): Promise<Admission> => {
      const worker = await tx.workers.find(hello.agentId);
      if (worker === undefined) return rejected('revoked', `agent ${hello.agentId} is not registered here`);
      if (worker.revoked) return rejected('revoked', `the identity of worker "${worker.name}" is revoked`);
      if (worker.keyFingerprint !== hello.keyFingerprint)
        return rejected('revoked', `the key is not that of worker "${worker.name}"`);
      if (worker.locked !== '')
        return rejected('locked', `worker "${worker.name}" is locked: ${worker.locked}`);
      const before = await tx.tickets.get(hello.agentId, nodeId);
      if (before !== undefined && !accepts(before, hello.ticketHash)) {
        const locked =
          'a session ticket was shown that another copy of this agent had replaced: a cloned or restored disk';
        await tx.workers.update({ ...worker, locked });
        await tx.audit.append(worker.spaceId, {
          time: this.#kernel.options.clock.now(),
          actor: `agent ${hello.agentId}`,
          action: 'worker.locked',
          subject: worker.id,
          detail: { reason: locked, hostname: hello.facts.hostname },
        });
        store.announce(tx, 'worker', worker.id);
        store.announce(tx, 'trust', worker.id);
        return rejected('locked', `worker "${worker.name}" is locked: ${locked}`);
      }
      await tx.tickets.put({ agentId: hello.agentId, nodeId, confirmed: hello.ticketHash, pending: hash });
      const { version, incarnation, facts, ephemeral } = hello;
      const seen = { ...worker, version, incarnation, facts, ephemeral };
      await tx.workers.update(seen);
      const nodes = (await tx.nodes.list()).map((node) => ({ nodeId: node.id, address: node.agentAddress }));
      return { kind: 'welcome', worker: seen, nodes, ticket };
    });
    this.#kernel.roster.discardWorker(hello.agentId);
    if (admission.kind === 'welcome') this.#kernel.sessions.setDraining(hello.agentId, hello.draining);
    else if (admission.reason === 'locked') {
      const other =
        this.#kernel.sessions.get(hello.agentId) ?? this.#kernel.options.agents.session(hello.agentId);
      other?.close('locked', admission.detail);
    }
    return admission;
  }

  async ticketStored(agentId: string): Promise<void> {
    const { store, nodeId } = this.#kernel.options;
    await store.write(async (tx) => {
      const ticket = await tx.tickets.get(agentId, nodeId);
      if (ticket === undefined || ticket.pending === '') return;
      await tx.tickets.put({ ...ticket, confirmed: ticket.pending, pending: '' });
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
    later(Math.max(0, UNREACHABLE_NOTICE_MS - silentMs), () => this.unreachable(session.agentId));
    later(RECONNECT_GRACE_MS + 1, () => this.#graceEnded(session.agentId));
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

  async draining(session: AgentSession, draining: boolean): Promise<void> {
    this.#kernel.sessions.setDraining(session.agentId, draining);
    this.#kernel.roster.discardWorker(session.agentId);
    await this.#update(session.agentId, (worker) => worker);
  }

  /** @throws AppError `conflict` while it is leased */
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
      await tx.tickets.deleteFor(worker.id);
      await tx.workers.delete(worker.spaceId, worker.id);
      await tx.audit.append(worker.spaceId, {
        time: clock.now(),
        actor: `agent ${worker.id}`,
        action: 'worker.deregistered',
        subject: worker.id,
        detail: { name: worker.name },
      });
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

function rejected(reason: 'revoked' | 'locked', detail: string): Admission {
  return { kind: 'rejected', reason, detail };
}

/** What the agent surely holds, or may hold since a Welcome whose confirmation did not come. */
function accepts(ticket: SessionTicket, shown: string): boolean {
  return shown === ticket.confirmed || (ticket.pending !== '' && shown === ticket.pending);
}
