/**
 * The live sessions of this node, one an agent. A newer session of an agent
 * has already fenced the older one off; here it takes its place.
 *
 * Always true: of an agent's sessions whose inventory is still to be answered
 * only the newest goes on. An older one's may lie in the network while the
 * newer is at work, and would then deny attempts that were begun since.
 */
import type { AgentDirectory, AgentSession } from '../app/ports/agents.ts';

export class SessionDirectory implements AgentDirectory {
  readonly #sessions = new Map<string, AgentSession>();
  /** Welcomed, and not inventoried yet. */
  readonly #welcomed = new Map<string, AgentSession>();

  session(agentId: string): AgentSession | undefined {
    return this.#sessions.get(agentId);
  }

  sessions(): Iterable<AgentSession> {
    return this.#sessions.values();
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** The session is about to be welcomed; an older one that has not come so far as to be added is closed. */
  welcome(session: AgentSession): void {
    const before = this.#welcomed.get(session.agentId);
    this.#welcomed.set(session.agentId, session);
    before?.close('replaced', 'a newer session of this agent was opened before its inventory came');
  }

  /** The session takes the agent's place; one that stood there is closed. */
  add(session: AgentSession): void {
    if (this.#welcomed.get(session.agentId) === session) this.#welcomed.delete(session.agentId);
    const before = this.#sessions.get(session.agentId);
    this.#sessions.set(session.agentId, session);
    if (before !== undefined && before !== session)
      before.close('replaced', 'a newer session of this agent took over');
  }

  /** No effect when a newer session stands there. */
  remove(session: AgentSession): void {
    if (this.#welcomed.get(session.agentId) === session) this.#welcomed.delete(session.agentId);
    if (this.#sessions.get(session.agentId) === session) this.#sessions.delete(session.agentId);
  }

  /** For a node that stops. */
  closeAll(detail: string): void {
    for (const session of [...this.#sessions.values()]) session.close('shutdown', detail);
  }
}
