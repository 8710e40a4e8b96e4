/**
 * What this agent turned away, counted in `<dataDir>/refused.json`, for
 * `longshore-agent show`: an agent has no metrics of its own. Written now and
 * then, and only when something was; a disk that does not take it is no
 * trouble.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Cancel, Clock } from '@longshore/base';
import { readJson, shape, type Shape } from '@longshore/base/shape';

import { REFUSALS_WRITE_MS } from '../limits.ts';

export interface Refusals {
  /** By reason, since the agent was set up. */
  counts: Record<string, number>;
  /** The last one, milliseconds since the epoch. */
  lastAt: number;
}

const REFUSALS: Shape<Refusals> = shape.fields({ counts: shape.map(shape.count), lastAt: shape.number });
const NONE: Refusals = { counts: {}, lastAt: 0 };

/** What was written down; nothing where that is not there, or can't be read. */
export function readRefusals(dataDir: string): Refusals {
  try {
    const file = fileOf(dataDir);
    return readJson(readFileSync(file, 'utf8'), REFUSALS, file);
  } catch {
    return NONE;
  }
}

export class RefusalsFile {
  readonly #file: string;
  readonly #clock: Clock;
  readonly #counts: Map<string, number>;
  #lastAt: number;
  #stopTimer: Cancel | undefined;

  constructor(dataDir: string, clock: Clock) {
    this.#file = fileOf(dataDir);
    this.#clock = clock;
    const { counts, lastAt } = readRefusals(dataDir);
    this.#counts = new Map(Object.entries(counts));
    this.#lastAt = lastAt;
  }

  add(reason: string): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1);
    this.#lastAt = this.#clock.now();
    this.#stopTimer ??= this.#clock.after(REFUSALS_WRITE_MS, () => this.#write());
  }

  /** Writes what is not written yet. Idempotent. */
  close(): void {
    if (this.#stopTimer !== undefined) this.#write();
  }

  #write(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    const refusals: Refusals = { counts: Object.fromEntries(this.#counts), lastAt: this.#lastAt };
    const temp = `${this.#file}.new`;
    try {
      writeFileSync(temp, JSON.stringify(refusals), { mode: 0o600 });
      renameSync(temp, this.#file);
    } catch {
      rmSync(temp, { force: true });
    }
  }
}

function fileOf(dataDir: string): string {
  return join(dataDir, 'refused.json');
}
