/**
 * A machine for tests of leases: runs what any server node starts on it, once
 * for each id, and sees for itself what runs side by side there. Its agent may
 * be cut off, or lose its script host; it comes back by itself.
 */
import { randomBytes, createHash } from 'node:crypto';

import type { AgentSession, AttemptSummary, StartCommand } from '@longshore/server/app/ports/agents';
import type { Outcome } from '@longshore/server/domain/outcome';
import type { Worker } from '@longshore/server/domain/worker';

import { reportOf, type StageNode } from './core-stage.ts';
import type { Schedule } from './faults.ts';

const EMPTY = reportOf(Buffer.alloc(0));
const LONGEST_SCRIPT_MS = 12;

type Mode = 'shared' | 'exclusive';

export class LeaseMachine {
  readonly worker: Worker;
  /** What must never be: told in words. */
  readonly wrong: string[] = [];
  readonly #schedule: Schedule;
  readonly #sessions = new Map<StageNode, AgentSession>();
  readonly #tickets = new Map<string, string>();
  readonly #known = new Map<string, AttemptSummary>();
  readonly #running = new Map<string, { mode: Mode; end: NodeJS.Timeout }>();
  readonly #released = new Set<string>();
  #hosts = 1;

  constructor(worker: Worker, schedule: Schedule) {
    this.worker = worker;
    this.#schedule = schedule;
  }

  /** @param name of the node, by which it keeps a ticket */
  async connect(node: StageNode, name: string): Promise<void> {
    const admission = await node.core.inbox.admit({
      agentId: this.worker.id,
      keyFingerprint: 'f',
      version: '0.1.0',
      incarnation: { storeId: 's', bootId: 'b', hostId: `h${this.#hosts}` },
      ticketHash: this.#tickets.get(name) ?? '',
      facts: this.worker.facts!,
      ephemeral: false,
      draining: false,
      quarantined: '',
    });
    if (admission.kind === 'rejected') throw new Error(admission.detail);
    const hash = createHash('sha256').update(admission.ticket).digest('hex');
    this.#tickets.set(name, hash);
    await node.core.inbox.ticketStored(this.worker.id, hash);
    const session = this.#session(node, name);
    const verdicts = await node.core.inbox.inventory(session, [...this.#known.values()]);
    this.#sessions.set(node, session);
    await node.core.inbox.opened(session);
    for (const { attemptId, kind } of verdicts) {
      if (kind === 'release') this.#forget(attemptId);
      else if (kind === 'cancel') this.#end(attemptId, { kind: 'cancelled' });
      else if (kind === 'keep') this.#report(attemptId);
    }
  }

  /** The node is gone, or the line is. */
  async cut(node: StageNode, { told }: { told: boolean }): Promise<void> {
    const session = this.#sessions.get(node);
    this.#sessions.delete(node);
    if (told && session !== undefined) await node.core.inbox.closed(session, 'cut', 0);
  }

  /** Its script host dies with all that it has: that is seen to be gone before anybody hears of it. */
  hostDies(): void {
    this.#hosts += 1;
    for (const attemptId of [...this.#running.keys()])
      this.#end(attemptId, { kind: 'interrupted', detail: 'its script host was killed' });
  }

  get idle(): boolean {
    return this.#known.size === 0;
  }

  #session(node: StageNode, name: string): AgentSession {
    let over = false;
    return {
      sessionId: randomBytes(8).toString('hex'),
      agentId: this.worker.id,
      incarnation: { storeId: 's', bootId: 'b', hostId: `h${this.#hosts}` },
      degraded: false,
      get over() {
        return over;
      },
      can: () => false,
      liftQuarantine: () => undefined,
      tellNodes: () => undefined,
      start: (command) => this.#start(node, command),
      adopt: (attemptId) => this.#report(attemptId),
      cancel: (attemptId) => setImmediate(() => this.#end(attemptId, { kind: 'cancelled' })),
      acknowledge: () => undefined,
      release: (attemptId) => this.#forget(attemptId),
      close: () => {
        over = true;
        setImmediate(() => void this.cut(node, { told: true }).then(() => this.connect(node, name)));
      },
    };
  }

  #start(node: StageNode, { attemptId, spec }: StartCommand): void {
    const session = this.#sessions.get(node);
    if (session === undefined) return;
    if (this.#released.has(attemptId)) {
      this.wrong.push(`${attemptId} was started again`);
      return;
    }
    void node.core.inbox.startReply(session, attemptId, { kind: 'accepted' });
    if (this.#known.has(attemptId)) return;
    const mode = spec.body as Mode;
    const beside = [...this.#running.values()].map((one) => one.mode);
    if (beside.includes('exclusive') || (mode === 'exclusive' && beside.length > 0))
      this.wrong.push(`${mode} ${attemptId} beside ${beside.join()}`);
    if (beside.length >= this.worker.slots) this.wrong.push(`${attemptId} is beyond the slots`);
    this.#known.set(attemptId, {
      ...{ attemptId, fence: { generation: 0, n: 0 }, phase: 'running' },
      ...{ outputLength: 0, eventCount: 0, outcome: null },
    });
    const end = setTimeout(
      () => this.#end(attemptId, { kind: 'exited', code: 0 }),
      this.#schedule.between(0, LONGEST_SCRIPT_MS),
    );
    this.#running.set(attemptId, { mode, end });
  }

  #end(attemptId: string, outcome: Outcome): void {
    const running = this.#running.get(attemptId);
    const known = this.#known.get(attemptId);
    if (running === undefined || known === undefined) return;
    clearTimeout(running.end);
    this.#running.delete(attemptId);
    this.#known.set(attemptId, { ...known, phase: 'ended', outcome: { outcome, report: EMPTY } });
    this.#report(attemptId);
  }

  /** To every node that hears: the owner takes it, the others have nothing to do with it. */
  #report(attemptId: string): void {
    const ended = this.#known.get(attemptId)?.outcome;
    if (ended === undefined || ended === null) return;
    for (const [node, session] of this.#sessions)
      node.core.inbox.outcome(session, attemptId, ended.outcome, ended.report).catch(() => undefined);
  }

  #forget(attemptId: string): void {
    if (this.#running.has(attemptId)) this.wrong.push(`${attemptId} was released while it ran`);
    this.#known.delete(attemptId);
    this.#released.add(attemptId);
  }
}
