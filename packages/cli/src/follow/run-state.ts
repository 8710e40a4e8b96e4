/**
 * What is known of a run, from the events of its task. State is told as it is
 * now and may be told twice: an event replaces what was known before it.
 */
import type { Activity, Interruption, RunTree, Task, TaskEvent } from '../shapes.ts';
import { OutputLines } from './output-lines.ts';

export type Plan = Pick<RunTree, 'steps' | 'targets'>;

export interface AttemptNow {
  id: string;
  /** Of the activity. */
  key: string;
  /** It is the clean-up after the activity's script. */
  cleanUp: boolean;
  workerName: string;
  state: string;
  progress: { percentage: number; message: string } | undefined;
  /** Last lines of its output, oldest first. */
  tail: string[];
}

/** Lines kept of what a script says. */
export const TAIL_LINES = 5;

const CLEAN_UP = '~cleanUp';

export class RunState {
  task: Task;
  plan: Plan | undefined;
  readonly activities = new Map<string, Activity>();
  readonly interruptions = new Map<string, Interruption>();
  readonly attempts = new Map<string, AttemptNow>();
  /** A tree of a thousand targets asks for those of each, eight times a second. */
  readonly #byKey = new Map<string, AttemptNow[]>();
  readonly #lines = new Map<string, OutputLines>();
  ended = false;

  constructor(task: Task) {
    this.task = task;
  }

  take(event: TaskEvent): void {
    switch (event.event) {
      case 'task':
        this.task = event.data;
        break;
      case 'plan':
        this.plan = event.data;
        break;
      case 'activity':
        this.activities.set(event.data.key, event.data);
        break;
      case 'interruption':
        this.interruptions.set(event.data.id, event.data);
        break;
      case 'attempt': {
        const { id, workerName, state } = event.data;
        const known = this.attempts.get(id) ?? { progress: undefined, tail: [] };
        const { key, cleanUp } = partOf(event.data.action);
        const attempt: AttemptNow = Object.assign(known, { id, key, cleanUp, workerName, state });
        if (!this.attempts.has(id)) this.#byKey.set(key, [...this.attemptsOf(key), attempt]);
        this.attempts.set(id, attempt);
        break;
      }
      case 'event': {
        const attempt = this.attempts.get(event.data.attemptId);
        if (event.data.kind !== 'progress' || attempt === undefined) break;
        const { percentage, message } = event.data;
        attempt.progress = { percentage, message };
        break;
      }
      case 'end':
        this.task = event.data.task;
        this.ended = true;
        break;
      case 'log':
      case 'output':
    }
  }

  /** Whole lines of an `output` event, of stdout and stderr as they were read; markers are told by `marker`. */
  lines(event: Extract<TaskEvent, { event: 'output' }>, marker: (json: string) => string): string[] {
    const { attemptId, records } = event.data;
    const lines = records.flatMap(({ stream, base64 }) => {
      const bytes = Buffer.from(base64, 'base64');
      return stream === 'marker' ? [marker(bytes.toString())] : this.#reader(attemptId, stream).add(bytes);
    });
    return this.#said(attemptId, lines);
  }

  /** What the attempts said after their last newlines. */
  lastLines(): { attemptId: string; line: string }[] {
    return [...this.#lines].flatMap(([key, reader]) => {
      const attemptId = key.slice(0, key.indexOf(' '));
      return this.#said(attemptId, reader.end()).map((line) => ({ attemptId, line }));
    });
  }

  /** Of an activity, in the order in which they were heard of. */
  attemptsOf(key: string): readonly AttemptNow[] {
    return this.#byKey.get(key) ?? [];
  }

  #reader(attemptId: string, stream: string): OutputLines {
    const key = `${attemptId} ${stream}`;
    const reader = this.#lines.get(key) ?? new OutputLines();
    this.#lines.set(key, reader);
    return reader;
  }

  #said(attemptId: string, lines: string[]): string[] {
    const attempt = this.attempts.get(attemptId);
    if (attempt !== undefined) attempt.tail = [...attempt.tail, ...lines].slice(-TAIL_LINES);
    return lines;
  }
}

/** The activity that an attempt's action is of. */
export function partOf(action: string): { key: string; cleanUp: boolean } {
  const cleanUp = action.endsWith(CLEAN_UP);
  return { key: cleanUp ? action.slice(0, -CLEAN_UP.length) : action, cleanUp };
}

/** Where a key stands in the plan: `2`, `2.0`, or `2.0@ID` for a target. */
export function placeOf(key: string): { step: number; action: number | null; targetId: string | null } {
  const [, step, action, targetId] = /^(\d+)(?:\.(\d+)(?:@(.+))?)?$/.exec(key) ?? [];
  return {
    step: Number(step ?? -1),
    action: action === undefined ? null : Number(action),
    targetId: targetId ?? null,
  };
}

/** Step, action and target of a key, by their names; an action that is called as its step is said once. */
export function pathOf(plan: Plan | undefined, key: string): string[] {
  const { step: n, action, targetId } = placeOf(key);
  const step = plan?.steps[n];
  if (step === undefined) return key === '' ? [] : [key];
  const path = [step.name];
  const called = action === null ? undefined : step.actions[action]?.name;
  if (called !== undefined && called !== step.name) path.push(called);
  if (targetId !== null) path.push(plan?.targets.find(({ id }) => id === targetId)?.name ?? targetId);
  return path;
}
