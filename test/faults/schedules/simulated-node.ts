/**
 * A server node of a random schedule: the same order of commits and frames as
 * the product's `app`, every decision by the product's own pure code. A commit
 * is durable a moment after it was made, and only then its frames go out; a
 * node that dies in between has committed, and sent nothing.
 */
import type { Attempt } from '@longshore/server/domain/attempt';
import type { AttemptFact } from '@longshore/server/domain/attempt-transition';
import { compareFences } from '@longshore/server/domain/fence';
import { listed, unlisted } from '@longshore/server/domain/inventory';
import { isEnded } from '@longshore/server/domain/task-transition';

import type { Database } from './database.ts';
import type { Summary, ToServer, Verdict } from './frames.ts';
import type { End } from './line.ts';
import type { NodeLine, NodeSession } from './node-session.ts';
import { SimulatedLeases } from './simulated-leases.ts';
import { SimulatedTasks } from './simulated-tasks.ts';
import type { World } from './world.ts';

export class SimulatedNode {
  readonly id: string;
  readonly world: World;
  readonly db: Database;
  readonly tasks: SimulatedTasks;
  readonly #leases: SimulatedLeases;
  #epoch = 0;
  #state: 'up' | 'down' | 'stopped' = 'down';
  /** Which life: what an earlier one had begun does not go on. */
  #life = 0;
  /** What a stopped process finds to do when it is continued. */
  #held: (() => void)[] = [];
  readonly #streams = new Set<NodeLine>();
  /** By agent: welcomed, and not inventoried yet. */
  #welcomed = new Map<string, NodeSession>();
  /** By agent: inventoried. */
  #sessions = new Map<string, NodeSession>();
  #durableAt = 0;
  #stopAtCommit = false;

  constructor(id: string, world: World, db: Database) {
    this.id = id;
    this.world = world;
    this.db = db;
    this.tasks = new SimulatedTasks(this);
    this.#leases = new SimulatedLeases(this, this.tasks);
  }

  /** Called when it stopped at a commit. */
  whenStopped: () => void = () => undefined;

  get up(): boolean {
    return this.#state === 'up';
  }

  get state(): 'up' | 'down' | 'stopped' {
    return this.#state;
  }

  reaches(workerId: string): boolean {
    return this.#state === 'up' && this.#sessions.get(workerId)?.working === true;
  }

  // --- its life

  starts(): void {
    if (this.#state !== 'down') return;
    this.world.tell(`${this.id}: starts`);
    this.#state = 'up';
    this.#life++;
    this.#epoch = (this.db.nodes.get(this.id) ?? this.#epoch) + 1;
    this.db.nodes.set(this.id, this.#epoch);
    this.takesOver(this.id);
    this.pass();
  }

  dies(): void {
    if (this.#state === 'down') return;
    this.world.tell(`${this.id}: dies`);
    this.#state = 'down';
    this.#life++;
    this.#held = [];
    this.#leases.forget();
    this.tasks.forget();
    // What it had written goes out all the same, or is lost with the connection.
    for (const line of [...this.#streams]) {
      if (this.world.chance(0.5)) line.endBy('server');
      else line.cut();
    }
    this.#streams.clear();
    this.#welcomed = new Map();
    this.#sessions = new Map();
  }

  /** SIGSTOP: its sockets stay open, and what it has decided goes out when it is continued. */
  stops(): void {
    if (this.#state !== 'up') return;
    this.world.tell(`${this.id}: is stopped`);
    this.#state = 'stopped';
  }

  /** SIGSTOP between a commit and what follows from it. */
  stopsAtNextCommit(): void {
    this.#stopAtCommit = true;
  }

  continues(): void {
    if (this.#state !== 'stopped') return;
    this.world.tell(`${this.id}: goes on`);
    this.#state = 'up';
    const held = this.#held;
    this.#held = [];
    for (const fn of held) fn();
    // It finds at its next beat that it counts as dead.
    const life = this.#life;
    this.world.after(this.world.between(0, 3000), () =>
      this.#alive(life, () => {
        if (this.db.nodes.get(this.id) !== this.#epoch) this.#restarts();
      }),
    );
  }

  #restarts(): void {
    this.dies();
    this.world.after(100, () => this.starts());
  }

  /** Another node is dead (or this one was): its tasks become ours. */
  takesOver(from: string): void {
    if (from !== this.id) {
      this.world.tell(`${this.id}: takes over from ${from}`);
      this.db.nodes.delete(from);
    }
    // A new session begins with an inventory: that is how an agent is asked.
    for (const id of this.tasks.takeOver(from)) this.#sessions.get(id)?.line.endBy('server');
    this.pass();
  }

  pass(): void {
    this.#leases.pass();
  }

  session(workerId: string): NodeSession | undefined {
    return this.#sessions.get(workerId);
  }

  get epoch(): number {
    return this.#epoch;
  }

  later(ms: number, fn: () => void): void {
    const life = this.#life;
    this.world.after(ms, () => this.#alive(life, fn));
  }

  // --- its agents

  /** The server's end of a stream that an agent is about to open; `line` is that stream, once it is there. */
  accept(agentId: string, line: () => NodeLine): End<ToServer> {
    const life = this.#life;
    return {
      take: (frame) => this.#alive(life, () => this.#take(agentId, line(), frame)),
      closed: () => this.#alive(life, () => this.#closed(agentId, line())),
    };
  }

  /** A dead node's port refuses; a stopped one's takes the stream, and says nothing. */
  opened(line: NodeLine): void {
    if (this.#state === 'down') line.cut();
    else this.#streams.add(line);
  }

  /** Does it now, when continued, or never: as the process would. */
  #alive(life: number, fn: () => void): void {
    if (this.#life !== life || this.#state === 'down') return;
    if (this.#state === 'stopped') this.#held.push(() => this.#alive(life, fn));
    else fn();
  }

  /** The commit stands; this follows once it is durable. */
  durably(fn: () => void): void {
    const life = this.#life;
    const syncMs = this.world.chance(0.05) ? this.world.between(5, 3000) : this.world.between(0, 5);
    if (this.#stopAtCommit) {
      this.#stopAtCommit = false;
      this.stops();
      this.whenStopped();
    }
    // Commits become durable in their order.
    this.#durableAt = Math.max(this.#durableAt, this.world.now + syncMs);
    this.world.after(this.#durableAt - this.world.now, () => this.#alive(life, fn));
  }

  #closed(agentId: string, line: NodeLine): void {
    this.#streams.delete(line);
    if (this.#sessions.get(agentId)?.line === line) this.#sessions.delete(agentId);
    if (this.#welcomed.get(agentId)?.line === line) this.#welcomed.delete(agentId);
  }

  #take(agentId: string, line: NodeLine, frame: ToServer): void {
    if (frame.kind === 'hello') {
      // Of those whose inventory is still to come only the newest goes on.
      this.#welcomed.get(agentId)?.line.endBy('server');
      this.#welcomed.set(agentId, { agentId, line, incarnation: frame.incarnation, working: false });
      line.toAgent({ kind: 'welcome' });
      return;
    }
    const welcomed = this.#welcomed.get(agentId);
    if (frame.kind === 'inventory') {
      if (welcomed?.line === line) this.#inventory(welcomed, frame.attempts);
      return;
    }
    // Facts count whatever session brings them.
    const session = [this.#sessions.get(agentId), welcomed].find((one) => one?.line === line);
    if (session !== undefined) this.#report(session, frame);
  }

  #report(session: NodeSession, frame: Exclude<ToServer, { kind: 'hello' | 'inventory' }>): void {
    if (frame.kind === 'phase' || frame.kind === 'accepted')
      this.tasks.learn(frame.attemptId, [
        { kind: 'phase', phase: frame.kind === 'phase' ? frame.phase : 'accepted' },
      ]);
    else if (frame.kind === 'refused') {
      // A refusal of what runs already is the answer to a Start sent twice.
      if (this.tasks.mine(frame.attemptId)?.state === 'sending')
        this.tasks.learn(frame.attemptId, [{ kind: 'denied', outcome: frame.outcome }]);
    } else if (frame.kind === 'outcome') this.#outcome(session, frame.attemptId, frame.outcome);
  }

  #outcome(session: NodeSession, attemptId: string, outcome: Summary['outcome'] & object): void {
    const mine = this.tasks.mine(attemptId);
    if (mine !== undefined) {
      this.tasks.learn(attemptId, [
        { kind: 'outcome', outcome, report: null },
        { kind: 'stored', outputLength: 0, eventCount: 0 },
      ]);
      if (mine.outcome?.kind === 'lost') this.tasks.endQuarantine(mine.workerId);
      this.durably(() => session.line.toAgent({ kind: 'release', attemptId, fence: mine.fence }));
      return;
    }
    const stray = this.db.attempts.get(attemptId);
    const task = stray === undefined ? undefined : this.db.tasks.get(stray.taskId);
    if (stray === undefined || task === undefined || !isEnded(task.state)) return;
    if (stray.outcome?.kind === 'lost') this.tasks.settleLost(stray.workerId, (id) => id === attemptId);
    session.line.toAgent({ kind: 'release', attemptId, fence: stray.fence });
  }

  #inventory(session: NodeSession, summaries: readonly Summary[]): void {
    const then: (() => void)[] = [];
    // The session before is fenced off by the agent: nothing is sent on it any more.
    this.#sessions.delete(session.agentId);
    const asked = new Set(summaries.map((summary) => summary.attemptId));
    const ours = new Set([...asked].filter((id) => this.tasks.mine(id) !== undefined));
    const verdicts: Verdict[] = summaries.map((summary) => this.#verdict(session, { summary, then }));
    for (const attempt of this.db.openOn(session.agentId)) {
      if (asked.has(attempt.id) || this.tasks.mine(attempt.id) === undefined) continue;
      ours.add(attempt.id);
      this.#missing(session, { attempt, then, verdicts });
    }
    const there = new Set(
      summaries.filter(({ phase }) => phase !== 'ended').map(({ attemptId }) => attemptId),
    );
    this.tasks.settleLost(session.agentId, (id) => !there.has(id));
    this.durably(() => {
      if (this.#welcomed.get(session.agentId) !== session) return;
      this.#welcomed.delete(session.agentId);
      this.#sessions.set(session.agentId, session);
      session.line.toAgent({ kind: 'verdicts', verdicts });
      session.working = true;
      this.#catchUp(session, { asked, ours, then });
    });
  }

  /** What became ours while the agent was being asked: prepared meanwhile, or taken over. */
  #catchUp(
    session: NodeSession,
    { asked, ours, then }: { asked: ReadonlySet<string>; ours: ReadonlySet<string>; then: (() => void)[] },
  ): void {
    for (const attempt of this.db.openOn(session.agentId)) {
      const { id, state } = attempt;
      if (ours.has(id) || this.tasks.mine(id) === undefined) continue;
      if (!asked.has(id) && (state === 'planned' || state === 'sending')) {
        const verdicts: Verdict[] = [];
        this.#missing(session, { attempt, then, verdicts });
        for (const { attemptId } of verdicts)
          then.push(() => session.line.toAgent({ kind: 'cancel', attemptId, fence: attempt.fence }));
      } else {
        session.line.endBy('server');
        return;
      }
    }
    for (const command of then) command();
    this.pass();
  }

  #verdict(session: NodeSession, { summary, then }: { summary: Summary; then: (() => void)[] }): Verdict {
    const { attemptId, phase, outcome, fence } = summary;
    const attempt = this.tasks.mine(attemptId);
    if (attempt === undefined) return this.#notUnderWay(summary);
    const meaning = listed(attempt, this.tasks.wanted(attempt), phase);
    if (meaning === 'release' || attempt.state === 'denied')
      return { attemptId, kind: meaning === 'release' ? 'release' : 'cancel' };
    const facts: AttemptFact[] = [{ kind: 'phase', phase }];
    if (outcome !== null)
      facts.push(
        { kind: 'outcome', outcome, report: null },
        { kind: 'stored', outputLength: 0, eventCount: 0 },
      );
    this.tasks.learn(attemptId, facts);
    if (this.db.attempts.get(attemptId)?.complete === true) return { attemptId, kind: 'release' };
    if (compareFences(fence, attempt.fence) < 0)
      then.push(() => session.line.toAgent({ kind: 'adopt', attemptId, fence: attempt.fence }));
    if (meaning === 'cancel')
      then.push(() => session.line.toAgent({ kind: 'cancel', attemptId, fence: attempt.fence }));
    return { attemptId, kind: 'keep' };
  }

  #notUnderWay({ attemptId, phase }: Summary): Verdict {
    const attempt = this.db.attempts.get(attemptId);
    const task = attempt === undefined ? undefined : this.db.tasks.get(attempt.taskId);
    if (attempt === undefined) return { attemptId, kind: 'unknown' };
    if (task !== undefined && !isEnded(task.state)) return { attemptId, kind: 'notMine' };
    return { attemptId, kind: listed(attempt, false, phase) === 'cancel' ? 'cancel' : 'release' };
  }

  #missing(
    session: NodeSession,
    { attempt, then, verdicts }: { attempt: Attempt; then: (() => void)[]; verdicts: Verdict[] },
  ): void {
    const { id } = attempt;
    switch (unlisted(attempt, this.tasks.wanted(attempt), session.incarnation)) {
      case 'send':
        this.tasks.learn(id, [{ kind: 'sending', incarnation: session.incarnation }]);
        // After the reply to the inventory: the agent obeys no command before it.
        then.push(() => {
          const sending = this.db.attempts.get(id);
          if (sending !== undefined) this.durably(() => this.#leases.sendStart(session, sending));
        });
        return;
      case 'denied': {
        this.tasks.learn(id, [{ kind: 'denied', outcome: { kind: 'cancelled' } }]);
        verdicts.push({ attemptId: id, kind: 'cancel' });
        return;
      }
      case 'interrupted':
        this.tasks.learn(id, [
          { kind: 'outcome', outcome: { kind: 'interrupted', detail: '' }, report: null },
          { kind: 'stored', outputLength: 0, eventCount: 0 },
        ]);
        verdicts.push({ attemptId: id, kind: 'cancel' });
        return;
      case 'outputGone':
        this.tasks.learn(id, [{ kind: 'stored', outputLength: 0, eventCount: 0 }]);
        return;
      case 'nothing':
        then.push(() => undefined);
    }
  }
}
