/**
 * An agent has listed what it knows: each attempt that this node owns is set
 * right by the table in `domain/inventory.ts`; nothing is guessed and nothing
 * starts twice.
 */
import { isFinal, isGivenUp, transition, type AttemptFact } from '../../domain/attempt-transition.ts';
import type { Attempt } from '../../domain/attempt.ts';
import { compareFences } from '../../domain/fence.ts';
import type { Incarnation } from '../../domain/incarnation.ts';
import { listed, unlisted } from '../../domain/inventory.ts';
import { isEnded } from '../../domain/task-transition.ts';
import { dropRun, isOurs, note, saveAttempt, type Kernel } from '../kernel/kernel.ts';
import type { Live, Run } from '../kernel/runs.ts';
import type { AgentSession, AttemptSummary, Verdict } from '../ports/agents.ts';
import { sendStart } from '../steps/starting.ts';
import { learn } from '../tasks/orchestrator.ts';
import type { Attempts } from './attempts.ts';
import { returned, settleGivenUp } from './returned-attempts.ts';

const SUMMARIES_A_TURN = 50;

/** What follows once the verdicts are written. */
interface Afterwards {
  then: (() => void)[];
  /** Attempts that the agent listed, and those of ours that it did not. */
  asked: Set<string>;
  /** Of these, which were ours when they were answered for. */
  ours: Set<string>;
}

export class Inventory {
  readonly #kernel: Kernel;
  readonly #attempts: Attempts;
  readonly #afterwards = new WeakMap<AgentSession, Afterwards>();

  constructor(kernel: Kernel, attempts: Attempts) {
    this.#kernel = kernel;
    this.#attempts = attempts;
  }

  async answer(session: AgentSession, summaries: readonly AttemptSummary[]): Promise<Verdict[]> {
    const then: (() => void)[] = [];
    const asked = new Set(summaries.map((summary) => summary.attemptId));
    const ours = new Set<string>();
    this.#afterwards.set(session, { then, asked, ours });
    // The session before is fenced off by the agent: nothing is sent on it any more.
    this.#kernel.sessions.opening(session);
    this.#kernel.roster.discardWorker(session.agentId);
    await this.#dropOthers(session.agentId);
    const verdicts: Verdict[] = [];
    for (const [i, summary] of summaries.entries()) {
      // A long list must not hold up everybody else: the embedded store answers without a turn of the event loop.
      if (i % SUMMARIES_A_TURN === SUMMARIES_A_TURN - 1)
        await new Promise<void>((resolve) => this.#kernel.options.nextTurn(resolve));
      if (this.#kernel.runs.attempt(summary.attemptId) !== undefined) ours.add(summary.attemptId);
      verdicts.push(await this.#verdict(session, summary, then));
    }
    for (const live of this.#kernel.runs.onWorker(session.agentId)) {
      // A newer session was opened meanwhile: what this one did not list may have been begun over that one.
      if (session.over) return verdicts;
      if (asked.has(live.attempt.id)) continue;
      asked.add(live.attempt.id);
      ours.add(live.attempt.id);
      verdicts.push(...(await this.#missing(session, { live, then })));
    }
    if (session.over) return verdicts;
    const there = new Set(summaries.map((one) => one.attemptId));
    await settleGivenUp(this.#kernel, session.agentId, (id) => there.has(id));
    return verdicts;
  }

  /** What the database says is another node's by now is not answered from memory: that would draw its output here. */
  async #dropOthers(workerId: string): Promise<void> {
    const { store } = this.#kernel.options;
    const runs = new Set(this.#kernel.runs.onWorker(workerId).map((live) => live.run));
    if (store.dialect !== 'postgres' || runs.size === 0) return;
    const others = await store.read(async (tx) => {
      const found: Run[] = [];
      for (const run of runs) if (!(await isOurs(tx, run))) found.push(run);
      return found;
    });
    for (const run of others) dropRun(this.#kernel, run);
  }

  /** The verdicts are written: commands may follow. */
  async opened(session: AgentSession): Promise<void> {
    const { then, asked, ours } = this.#afterwards.get(session) ?? NOTHING_ASKED;
    this.#afterwards.delete(session);
    for (const live of this.#kernel.runs.onWorker(session.agentId)) {
      const { id, state } = live.attempt;
      if (ours.has(id)) continue;
      // What was prepared while the agent was being asked: it can't have that.
      if (!asked.has(id) && (state === 'planned' || state === 'sending')) {
        const verdicts = await this.#missing(session, { live, then });
        if (verdicts.length > 0)
          then.push(() => session.cancel(id, live.attempt.fence, 'it was not here when its node asked'));
        continue;
      }
      if (isFinal(live.attempt) && live.attempt.complete) continue;
      // Its task was taken over meanwhile: for this one the agent is asked again, by a new session's inventory.
      session.close('shutdown', `the task of attempt ${id} was taken over while the inventory was answered`);
      return;
    }
    for (const command of then) command();
  }

  /** What was prepared without a session in the moment of its opening. */
  async sendPlanned(session: AgentSession): Promise<void> {
    const then: (() => void)[] = [];
    for (const live of this.#kernel.runs.onWorker(session.agentId)) {
      if (live.attempt.state === 'planned') await this.#missing(session, { live, then });
    }
    for (const command of then) command();
  }

  async #verdict(session: AgentSession, summary: AttemptSummary, then: (() => void)[]): Promise<Verdict> {
    const live = this.#kernel.runs.attempt(summary.attemptId);
    if (live === undefined) return this.#notUnderWay(session, summary);
    if (live.attempt.workerId !== session.agentId) return this.#another(session, live.attempt);
    if (isGivenUp(live.attempt)) return returned(this.#kernel, live.attempt, summary);
    return this.#underWay(session, { live, summary, then });
  }

  /** A data directory that was registered anew lists what it had under its old identity; so does a liar. */
  #another({ agentId }: AgentSession, { id: attemptId, workerId }: Attempt): Verdict {
    const { logger } = this.#kernel.options;
    logger.warn('an agent lists an attempt of another worker', { agentId, attemptId, workerId });
    return { attemptId, kind: 'unknown' };
  }

  async #underWay(
    session: AgentSession,
    { live, summary, then }: { live: Live; summary: AttemptSummary; then: (() => void)[] },
  ): Promise<Verdict> {
    const { attemptId } = summary;
    const meaning = listed(live.attempt, live.run.wish === 'none', summary.phase);
    if (meaning === 'release' || live.attempt.state === 'denied')
      return { attemptId, kind: meaning === 'release' ? 'release' : 'cancel' };
    await this.#attempts.phaseChanged(attemptId, summary.phase);
    if (summary.outcome !== null)
      await this.#attempts.outcome(attemptId, summary.outcome.outcome, summary.outcome.report);
    if (live.attempt.complete) return { attemptId, kind: 'release' };
    if (compareFences(summary.fence, live.attempt.fence) < 0)
      then.push(() => session.adopt(attemptId, live.attempt.fence));
    if (meaning === 'cancel')
      then.push(() => session.cancel(attemptId, live.attempt.fence, 'its task is to end'));
    await live.storing;
    await live.stored;
    return {
      attemptId,
      kind: 'keep',
      fromOffset: live.storedLength,
      fromEvent: live.attempt.eventCount,
      artifactOffsets: artifactOffsets(live),
    };
  }

  /** Listed, but no task of this node has it under way. */
  async #notUnderWay(session: AgentSession, summary: AttemptSummary): Promise<Verdict> {
    const { attemptId, phase } = summary;
    const found = await this.#kernel.options.store.read(async (tx) => {
      const attempt = await tx.attempts.find(attemptId);
      return attempt === undefined
        ? undefined
        : { attempt, task: await tx.tasks.get(attempt.spaceId, attempt.taskId) };
    });
    if (found === undefined) return { attemptId, kind: 'unknown' };
    if (found.attempt.workerId !== session.agentId) return this.#another(session, found.attempt);
    if (found.task !== undefined && !isEnded(found.task.state)) return { attemptId, kind: 'notMine' };
    if (isGivenUp(found.attempt)) return returned(this.#kernel, found.attempt, summary);
    const { complete, outputLength, eventCount } = found.attempt;
    const stored = complete ? await this.#kernel.options.logs.length(attemptId) : outputLength;
    // The machine went down between the commit of the end and the sync of the log: the agent still has the rest.
    if (complete && phase === 'ended' && stored < outputLength) {
      return { attemptId, kind: 'keep', fromOffset: stored, fromEvent: eventCount, artifactOffsets: [] };
    }
    return { attemptId, kind: listed(found.attempt, false, phase) === 'cancel' ? 'cancel' : 'release' };
  }

  /** Of a disk that may have been restored nothing is believed but what it lists. */
  #memoryOf({ agentId, incarnation }: AgentSession): Incarnation {
    return this.#kernel.sessions.isDoubted(agentId) ? { storeId: '', bootId: '', hostId: '' } : incarnation;
  }

  /** Not listed, though the database says that it was sent there. */
  async #missing(
    session: AgentSession,
    { live, then }: { live: Live; then: (() => void)[] },
  ): Promise<Verdict[]> {
    const kernel = this.#kernel;
    const { attempt } = live;
    const meaning = unlisted(attempt, live.run.wish === 'none', this.#memoryOf(session));
    switch (meaning) {
      case 'nothing':
        return [];
      case 'send':
        await this.#sending(session, live);
        then.push(() => sendStart(kernel, live, session));
        return [];
      case 'denied':
        await this.#learn(live, [{ kind: 'denied', outcome: { kind: 'cancelled' } }]);
        return [{ attemptId: attempt.id, kind: 'cancel' }];
      case 'interrupted': {
        const detail =
          'its agent no longer knows of it: the machine or its script host was lost while it was under way';
        const stored: AttemptFact = {
          kind: 'stored',
          outputLength: live.storedLength,
          eventCount: attempt.eventCount,
        };
        await this.#learn(live, [
          { kind: 'outcome', outcome: { kind: 'interrupted', detail }, report: null },
          stored,
        ]);
        // A node that was taken for dead may still send it the Start: there must be a tombstone.
        return [{ attemptId: attempt.id, kind: 'cancel' }];
      }
      case 'outputGone': {
        const missing = Math.max(0, (attempt.report?.outputLength ?? 0) - live.storedLength);
        const text = `The agent no longer has what was not yet stored: ${missing} bytes of output are missing from byte ${live.storedLength} on`;
        await this.#learn(
          live,
          [{ kind: 'stored', outputLength: live.storedLength, eventCount: attempt.eventCount }],
          text,
        );
        return [];
      }
    }
  }

  async #learn(live: Live, facts: AttemptFact[], warning?: string): Promise<void> {
    const kernel = this.#kernel;
    await kernel.batch.add(async (turn) => {
      if (warning !== undefined)
        await note(kernel, turn, {
          task: live.run.task,
          level: 'warning',
          text: warning,
          attemptId: live.attempt.id,
        });
      await learn(kernel, turn, { live, facts });
    });
  }

  /** Planned becomes `sending` to this very incarnation, durably, before it is sent. */
  async #sending(session: AgentSession, live: Live): Promise<void> {
    const kernel = this.#kernel;
    if (live.attempt.state !== 'planned') return;
    await kernel.batch.add(async (turn) => {
      const attempt = transition(
        live.attempt,
        { kind: 'sending', incarnation: session.incarnation },
        kernel.options.clock.now(),
      );
      await saveAttempt(kernel, turn, { live, attempt });
    });
  }
}

const NOTHING_ASKED: Afterwards = { then: [], asked: new Set(), ours: new Set() };

function artifactOffsets(live: Live): number[] {
  const offsets: number[] = [];
  for (const [index, artifact] of live.artifacts) offsets[index] = artifact.length;
  return Array.from(offsets, (offset: number | undefined) => offset ?? 0);
}
