/**
 * Runs as trees in a terminal, drawn again in place: a line of output, or
 * whatever is to stay, goes above them. What is drawn never is higher than
 * the terminal, so that nothing is left of it when it is drawn again.
 */
import { systemClock } from '@longshore/base';
import { createLogUpdate } from 'log-update';
import pc from 'picocolors';

import { limits } from '../limits.ts';
import type { RunState } from './run-state.ts';
import { runTree } from './run-tree.ts';
import { treeLines, type Room } from './tree-lines.ts';

export class RunLive implements Disposable {
  readonly #states: readonly RunState[];
  readonly #terminal: NodeJS.WriteStream;
  readonly #draw: ReturnType<typeof createLogUpdate>;
  readonly #stop: () => void;
  #paused = false;
  #frame = 0;

  constructor(states: readonly RunState[], terminal: NodeJS.WriteStream) {
    this.#states = states;
    this.#terminal = terminal;
    this.#draw = createLogUpdate(terminal);
    this.#stop = systemClock.every(limits.redrawMs, () => this.#redraw());
    this.#redraw();
  }

  /** Stays above the trees. */
  keep(lines: readonly string[]): void {
    if (lines.length === 0) return;
    if (this.#paused) this.#terminal.write(`${lines.join('\n')}\n`);
    else {
      this.#draw.clear();
      this.#terminal.write(`${lines.join('\n')}\n`);
      this.#redraw();
    }
  }

  /** Somebody is asked something: nothing is drawn until `resume`. */
  pause(): void {
    if (this.#paused) return;
    this.#redraw();
    this.#paused = true;
    this.#draw.done();
  }

  resume(): void {
    this.#paused = false;
    this.#redraw();
  }

  /** The last picture of it, with all that failed, stays. */
  [Symbol.dispose](): void {
    this.#stop();
    if (!this.#paused) this.#draw.clear();
    this.#draw.done();
    const { width, colour } = this.#room();
    const lines = treeLines(this.#states.map(runTree), { width, colour, height: Infinity, now: Date.now() });
    this.#terminal.write(`${lines.join('\n')}\n`);
  }

  #redraw(): void {
    if (this.#paused) return;
    this.#frame += 1;
    this.#draw(treeLines(this.#states.map(runTree), this.#room()).join('\n'));
  }

  #room(): Room {
    const { columns, rows } = this.#terminal;
    // A terminal that does not know its size says 0. One line is the cursor's.
    const height = Math.max(1, (rows || 24) - 1);
    return {
      ...{ width: columns || 80, height, now: Date.now() },
      ...{ colour: pc.isColorSupported, frame: this.#frame },
    };
  }
}
