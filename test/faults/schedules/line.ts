/**
 * One stream between an agent and a server node, both ends of which are told
 * of its end at times of their own.
 *
 * Always true: what arrives, arrives in the order sent; nothing arrives at an
 * end that is closed, or after the line was cut.
 */
import { Pipe, type Hold } from './pipe.ts';
import type { World } from './world.ts';

/** Longest that an end believes in a peer that says nothing: the session's dead time. */
const DEAD_AFTER_MS = 15_000;

export interface End<In> {
  take: (frame: In) => void;
  closed: () => void;
}

export class Line<ToServer, ToAgent> {
  readonly #world: World;
  readonly #ends: { server: End<ToServer>; agent: End<ToAgent> };
  readonly #open = { server: true, agent: true };
  readonly #hold: Hold = { heldUntil: 0, cut: false };
  readonly #pipes: { server: Pipe; agent: Pipe };

  constructor(world: World, ends: { server: End<ToServer>; agent: End<ToAgent> }) {
    this.#world = world;
    this.#ends = ends;
    this.#pipes = { server: new Pipe(world, this.#hold, 40), agent: new Pipe(world, this.#hold, 40) };
  }

  get openAtAgent(): boolean {
    return this.#open.agent;
  }

  get openAtServer(): boolean {
    return this.#open.server;
  }

  toServer(frame: ToServer): void {
    if (this.#open.agent) this.#carry('server', () => this.#ends.server.take(frame));
  }

  toAgent(frame: ToAgent): void {
    if (this.#open.server) this.#carry('agent', () => this.#ends.agent.take(frame));
  }

  /** What is under way is lost; each end learns of it soon (RST), or when it has heard nothing for too long. */
  cut(): void {
    if (this.#hold.cut) return;
    this.#hold.cut = true;
    for (const end of ['server', 'agent'] as const) {
      const noticed = this.#world.chance(0.5) ? this.#world.between(0, 50) : DEAD_AFTER_MS;
      this.#world.after(noticed, () => this.#close(end));
    }
  }

  /** No frame passes for so long; an end that waits too long for one gives up. */
  hold(ms: number): void {
    this.#hold.heldUntil = Math.max(this.#hold.heldUntil, this.#world.now + ms);
    if (ms >= DEAD_AFTER_MS) this.#world.after(DEAD_AFTER_MS, () => this.#closeBoth());
  }

  /** One side ends it: its own end at once, the other when it hears. */
  endBy(side: 'server' | 'agent'): void {
    const other = side === 'server' ? 'agent' : 'server';
    if (!this.#open[side]) return;
    this.#open[side] = false;
    this.#carry(other, () => this.#close(other));
    this.#ends[side].closed();
  }

  #closeBoth(): void {
    this.#close('server');
    this.#close('agent');
  }

  #close(end: 'server' | 'agent'): void {
    if (!this.#open[end]) return;
    this.#open[end] = false;
    this.#ends[end].closed();
  }

  #carry(to: 'server' | 'agent', deliver: () => void): void {
    this.#pipes[to].carry(() => {
      if (this.#open[to]) deliver();
    });
  }
}
