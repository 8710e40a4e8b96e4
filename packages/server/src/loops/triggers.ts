/**
 * Looks at triggers when the next one is due, when a project changes, and at
 * a beat: clocks are set, and announcements may be lost. Every node looks; the
 * database says whose the due time is (`app/triggers/triggers.ts`).
 */
import { toError, type Cancel, type Clock, type Logger } from '@longshore/base';

import type { Store } from '../app/ports/store.ts';
import type { Triggers } from '../app/ports/trigger-api.ts';
import { TRIGGER_LOOK_MS } from '../limits.ts';

export interface TriggerLoopParts {
  store: Pick<Store, 'listen'>;
  clock: Clock;
  logger: Logger;
  triggers: Pick<Triggers, 'look'>;
}

export class TriggerLoop {
  readonly #parts: TriggerLoopParts;
  #timer: Cancel | undefined;
  #stopListening: Cancel | undefined;
  #round: Promise<void> = Promise.resolve();
  #asked = false;
  #closed = false;

  constructor(parts: TriggerLoopParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#stopListening = this.#parts.store.listen('resource', (kind) => {
      if (kind === 'project') this.#lookSoon();
    });
    this.#lookSoon();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.();
    this.#stopListening?.();
    await this.#round;
  }

  /** Resolves when it has looked as often as it was asked to so far. */
  settled(): Promise<void> {
    return this.#round;
  }

  /** One look after the other; however often it is asked for before it begins, one is enough. */
  #lookSoon(): void {
    if (this.#asked || this.#closed) return;
    this.#asked = true;
    this.#timer?.();
    this.#round = this.#round.then(async () => {
      this.#asked = false;
      if (!this.#closed) this.#arm(await this.#look());
    });
  }

  async #look(): Promise<number | null> {
    try {
      return await this.#parts.triggers.look();
    } catch (thrown) {
      if (!this.#closed)
        this.#parts.logger.warn('looking for triggers that are due failed; it is tried again', {
          error: toError(thrown),
        });
      return null;
    }
  }

  #arm(next: number | null): void {
    if (this.#closed || this.#asked) return;
    const { clock } = this.#parts;
    const ms = next === null ? TRIGGER_LOOK_MS : Math.min(TRIGGER_LOOK_MS, Math.max(1, next - clock.now()));
    this.#timer?.();
    this.#timer = clock.after(ms, () => this.#lookSoon());
  }
}
