/**
 * Orphans of scripts come to the host (it is a subreaper), and someone must
 * take their end, or they stay as zombies.
 *
 * Always true: only a dead child is taken that nobody else here waits for.
 * Others (a terminal's, Node's own) are told apart by time: whoever started
 * one takes its end at once, so only what is still dead at the next look is ours.
 */
import type { Cancel, Clock } from '@longshore/base';

import { isDead, listProcesses } from '../../machine/processes.ts';

const BETWEEN_LOOKS_MS = 2000;

export class Orphans {
  readonly #reap: ((pid: number) => boolean) | null;
  readonly #clock: Clock;
  readonly #own = new Set<number>();
  #deadAtLastLook = new Map<number, number>();
  #cancelLook: Cancel | undefined;

  /** @param reap null where we are no subreaper: orphans are init's then */
  constructor(reap: ((pid: number) => boolean) | null, clock: Clock) {
    this.#reap = reap;
    this.#clock = clock;
  }

  /** A child whose end someone waits for. */
  own(pid: number): void {
    this.#own.add(pid);
  }

  isOwn(pid: number): boolean {
    return this.#own.has(pid);
  }

  disown(pid: number): void {
    this.#own.delete(pid);
    this.reapLater();
  }

  /** Looks after the dead soon; costs nothing until then, however often it is called. */
  reapLater(): void {
    if (this.#reap === null) return;
    this.#cancelLook ??= this.#clock.after(BETWEEN_LOOKS_MS, () => {
      this.#cancelLook = undefined;
      this.#look(this.#reap ?? (() => false));
    });
  }

  close(): void {
    this.#cancelLook?.();
    this.#cancelLook = undefined;
  }

  #look(reap: (pid: number) => boolean): void {
    const dead = new Map<number, number>();
    for (const facts of listProcesses()) {
      if (facts.parent !== process.pid || !isDead(facts) || this.#own.has(facts.pid)) continue;
      if (this.#deadAtLastLook.get(facts.pid) !== facts.startTime || !reap(facts.pid))
        dead.set(facts.pid, facts.startTime);
    }
    this.#deadAtLastLook = dead;
    if (dead.size > 0 || this.#own.size > 0) this.reapLater();
  }
}
