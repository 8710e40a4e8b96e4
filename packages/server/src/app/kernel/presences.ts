/**
 * The link processes that are here, from their Hello on, by the name that each
 * has for its life: two that are alive at once are two copies of one agent.
 */
import { COPY_PROBE_MS } from '../../limits.ts';
import type { Presence } from '../ports/agents.ts';

export class Presences {
  readonly #here = new Map<string, Set<Presence>>();

  /** @returns whether another link process of this agent is alive; one whose end nobody told of does not answer */
  async arrive(agentId: string, arriving: Presence): Promise<boolean> {
    const here = this.#here.get(agentId) ?? new Set();
    const rivals = [...here].filter(({ instance }) => instance !== arriving.instance);
    this.#here.set(agentId, here.add(arriving));
    void arriving.ended.then(() => {
      here.delete(arriving);
      if (here.size === 0 && this.#here.get(agentId) === here) this.#here.delete(agentId);
    });
    const answers = await Promise.all(rivals.map((rival) => rival.answers(COPY_PROBE_MS)));
    return answers.includes(true);
  }

  /** All of its sessions here end. */
  lock(agentId: string, detail: string): void {
    for (const presence of this.#here.get(agentId) ?? []) presence.close('locked', detail);
  }
}
