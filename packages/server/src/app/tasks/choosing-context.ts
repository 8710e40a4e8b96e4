/** What a choice rests on, beside the request itself. */
import type { SpaceRoster } from '../kernel/roster.ts';

export interface ChoosingContext {
  roster: SpaceRoster;
  nodeId: string;
  now: number;
  /** Tasks that hold a resource. */
  holders: (resourceId: string) => string[];
  /** By pool: the worker chosen last, for round-robin. Changed by each choice. */
  lastChosen: Map<string, string>;
  /** The worker that a task used before, for pin-task. */
  pinned: (taskId: string) => string | undefined;
}
