/**
 * The tree of a run, for one follower of its task: the plan once, before the
 * first activity; each activity and question as it is now, and again when it
 * has changed.
 *
 * Always true: one that was told as ended is not told as under way again,
 * whatever was heard late.
 */
import type { RunTree } from '../app/ports/run-api.ts';
import { hasEnded, type Activity } from '../domain/deployment/activity.ts';
import type { Interruption } from '../domain/deployment/interruption.ts';
import { interruptionView, runTreeView } from './run-views.ts';

export type RunEvent = 'plan' | 'activity' | 'interruption';

export class RunTelling {
  readonly #read: () => Promise<RunTree>;
  readonly #tell: (event: RunEvent, json: string) => void;
  readonly #told = new Map<string, { json: string; ended: boolean }>();
  #hasPlan = false;

  constructor(read: () => Promise<RunTree>, tell: (event: RunEvent, json: string) => void) {
    this.#read = read;
    this.#tell = tell;
  }

  /** What is stored by now. */
  async whole(): Promise<void> {
    const tree = await this.#read();
    if (tree.plan === undefined) return;
    const { steps, targets } = runTreeView(tree);
    if (!this.#hasPlan) this.#tell('plan', JSON.stringify({ steps, targets }));
    this.#hasPlan = true;
    for (const activity of tree.activities)
      this.#state('activity', activity.key, activity, hasEnded(activity));
    for (const interruption of tree.interruptions) this.interruption(interruption);
  }

  async activity(activity: Activity): Promise<void> {
    // Plan and first activities are one commit: the plan can be had by now.
    if (!this.#hasPlan) await this.whole();
    this.#state('activity', activity.key, activity, hasEnded(activity));
  }

  interruption(interruption: Interruption): void {
    this.#state(
      'interruption',
      interruption.id,
      interruptionView(interruption),
      interruption.endedAt !== null,
    );
  }

  #state(event: 'activity' | 'interruption', key: string, view: object, ended: boolean): void {
    const before = this.#told.get(`${event} ${key}`);
    const json = JSON.stringify(view);
    if (before?.json === json || (before?.ended === true && !ended)) return;
    this.#told.set(`${event} ${key}`, { json, ended });
    this.#tell(event, json);
  }
}
