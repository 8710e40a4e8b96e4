/** Triggers, as REST and the loop know them. `core.ts` builds what is behind. */
import type { Trigger } from '../../domain/model/trigger.ts';
import type { Told, TriggerRecord } from '../../domain/trigger-time.ts';

export interface TriggerView {
  name: string;
  disabled: boolean;
  cron: string;
  timeZone: string;
  does: Trigger['does'];
  /** Why it starts nothing; empty: it does. */
  off: string;
  /** Null: none comes. */
  nextDueAt: number | null;
  lastRun: TriggerRecord['lastRun'];
  lastFailure: Told | null;
  lastIdle: Told | null;
}

export interface Triggers {
  /** In the order of the project. @param project name or id @throws AppError `notFound` */
  list(spaceId: string, project: string): Promise<TriggerView[]>;
  /**
   * Starts what is due, on whichever node looks first.
   *
   * @returns when the next one is due; null: none is known of
   * @throws AppError when the store takes nothing, or can't be read: nothing is lost by it
   */
  look(): Promise<number | null>;
}
