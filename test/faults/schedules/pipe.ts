/** One direction of a simulated line: what is sent arrives later, in the order sent, not before the hold is over, and never after the cut. */
import type { World } from './world.ts';

export interface Hold {
  /** Nothing arrives before: a black hole, or a slow line. */
  heldUntil: number;
  cut: boolean;
}

export class Pipe {
  readonly #world: World;
  readonly #hold: Hold;
  readonly #longestMs: number;
  readonly #underWay: (() => void)[] = [];
  #arrivesAt = 0;

  constructor(world: World, hold: Hold, longestMs: number) {
    this.#world = world;
    this.#hold = hold;
    this.#longestMs = longestMs;
  }

  carry(deliver: () => void): void {
    const world = this.#world;
    this.#underWay.push(deliver);
    this.#arrivesAt = Math.max(world.now + world.between(0, this.#longestMs), this.#arrivesAt);
    world.after(this.#arrivesAt - world.now, () => this.#arrive());
  }

  /** Each arrival takes what was sent first, whichever it was made for. */
  #arrive(): void {
    const waitMs = this.#hold.heldUntil - this.#world.now;
    if (this.#hold.cut) this.#underWay.length = 0;
    else if (waitMs > 0) this.#world.after(waitMs, () => this.#arrive());
    else this.#underWay.shift()?.();
  }
}
