/** The tree of a run, from what is known of it: task, steps, then targets or actions. Pure. */
import type { Activity, Interruption } from '../shapes.ts';
import { oneLine } from './output-lines.ts';
import type { AttemptNow, Plan, RunState } from './run-state.ts';

export type NodeState = Activity['state'] | 'pending' | 'waiting' | 'timedOut';

export interface TreeNode {
  label: string;
  state: NodeState;
  /** What became of it, or why it waits, on one line; may be empty. */
  detail: string;
  tries: number;
  startedAt: number | null;
  endedAt: number | null;
  nextTryAt: number | null;
  progress: { percentage: number; message: string } | undefined;
  /** What its script said last. */
  tail: string[];
  children: TreeNode[];
}

export type TreeInput = Pick<RunState, 'task' | 'plan' | 'activities' | 'interruptions' | 'attemptsOf'>;

export function runTree(input: TreeInput): TreeNode {
  const { task, plan } = input;
  const waits = task.place === null ? task.waitReason : `${task.waitReason} (place ${task.place})`;
  return {
    ...leaf(oneLine(task.name), STATE_OF_TASK[task.state]),
    detail: oneLine(task.waitReason === '' ? task.message : waits),
    startedAt: task.startedAt,
    endedAt: task.endedAt,
    children: (plan?.steps ?? []).map((step, n) => stepNode(input, step, n)),
  };
}

const STATE_OF_TASK: Record<TreeInput['task']['state'], NodeState> = {
  queued: 'queued',
  executing: 'running',
  waiting: 'waiting',
  cancelling: 'running',
  success: 'success',
  failed: 'failed',
  cancelled: 'cancelled',
  timedOut: 'timedOut',
};

type Step = Plan['steps'][number];

function stepNode(input: TreeInput, step: Step, n: number): TreeNode {
  const activity = input.activities.get(String(n));
  const left = step.left
    .filter(({ name }) => name !== step.name)
    .map(({ name, why }) => ({ ...leaf(oneLine(name), 'skipped'), detail: oneLine(why) }));
  const own =
    activity === undefined ? leaf(oneLine(step.name), 'pending') : activityNode(input, step.name, activity);
  if (activity === undefined && step.skipped !== '')
    return { ...own, state: 'skipped', detail: oneLine(step.skipped) };
  // Of a single action that runs once, step and action are one to people.
  const [only, ...more] = step.actions;
  if (step.targets === null && only?.name === step.name && more.length === 0) {
    const unit = input.activities.get(`${n}.0`);
    const merged = unit === undefined ? own : { ...activityNode(input, step.name, unit), label: own.label };
    return { ...merged, children: left };
  }
  const units =
    step.targets === null
      ? actionNodes(input, { step, n, targetId: null })
      : step.targets.flatMap((targetId) => targetNode(input, { step, n, targetId }));
  return { ...own, children: [...units, ...left] };
}

interface Lane {
  step: Step;
  n: number;
  targetId: string | null;
}

function targetNode(input: TreeInput, lane: Lane): TreeNode[] {
  const { step, n, targetId } = lane;
  const name = input.plan?.targets.find(({ id }) => id === targetId)?.name ?? targetId ?? '';
  if (step.actions.length === 1) {
    const activity = input.activities.get(`${n}.0@${targetId ?? ''}`);
    return [activity === undefined ? leaf(oneLine(name), 'pending') : activityNode(input, name, activity)];
  }
  const children = actionNodes(input, lane);
  const begun = children.flatMap(({ startedAt }) => startedAt ?? []);
  const over = children.map(({ endedAt }) => endedAt);
  return [
    {
      ...leaf(oneLine(name), summed(children)),
      startedAt: begun.length === 0 ? null : Math.min(...begun),
      endedAt: over.includes(null) ? null : Math.max(...over.filter((time) => time !== null)),
      children,
    },
  ];
}

function actionNodes(input: TreeInput, { step, n, targetId }: Lane): TreeNode[] {
  return step.actions.map(({ name }, action) => {
    const key = targetId === null ? `${n}.${action}` : `${n}.${action}@${targetId}`;
    const activity = input.activities.get(key);
    return activity === undefined ? leaf(oneLine(name), 'pending') : activityNode(input, name, activity);
  });
}

/** What a target is in whose actions are in these states. */
function summed(children: readonly TreeNode[]): NodeState {
  const states = new Set(children.map(({ state }) => state));
  const first = (...wanted: NodeState[]): NodeState | undefined => wanted.find((state) => states.has(state));
  const going = first('deciding', 'waiting', 'running', 'retrying', 'queued');
  if (going !== undefined) return going;
  if (states.has('pending')) return states.size === 1 ? 'pending' : 'running';
  return first('excluded', 'failed', 'cancelled', 'ignored', 'success') ?? 'skipped';
}

function activityNode(input: TreeInput, name: string, activity: Activity): TreeNode {
  const attempts = input.attemptsOf(activity.key);
  const last = attempts.findLast(({ cleanUp }) => !cleanUp);
  const under = activity.endedAt === null;
  return {
    label: oneLine(name),
    state: asks(activity) ? 'waiting' : activity.state,
    detail: detailOf(input, activity, attempts),
    tries: activity.tries,
    startedAt: activity.startedAt,
    endedAt: activity.endedAt,
    nextTryAt: activity.nextTryAt,
    progress: under ? last?.progress : undefined,
    tail: under && activity.state === 'running' ? (last?.tail ?? []) : [],
    children: [],
  };
}

/** A manual step runs as long as people have not answered: to them it waits. */
function asks({ state, waitsFor }: Activity): boolean {
  return state === 'running' && waitsFor?.kind === 'interruption';
}

function detailOf(input: TreeInput, activity: Activity, attempts: readonly AttemptNow[]): string {
  const { waitsFor, message } = activity;
  if (waitsFor?.kind === 'interruption')
    return questionLine(input.interruptions.get(waitsFor.id), activity, waitsFor.id);
  if (waitsFor?.kind === 'task') return `waits for task ${waitsFor.id}`;
  if (message !== '' || activity.endedAt !== null) return oneLine(message);
  const last = attempts.at(-1);
  if (last === undefined) return activity.state === 'queued' ? 'waits for a machine' : '';
  return oneLine(last.cleanUp ? `cleans up on ${last.workerName}` : `on ${last.workerName}`);
}

function questionLine(question: Interruption | undefined, activity: Activity, id: string): string {
  const who = question === undefined || question.responsible === '' ? 'somebody' : question.responsible;
  const answers = question === undefined ? '' : ` (${question.options.join(', ')})`;
  const why = asks(activity) ? '' : `${activity.message === '' ? '' : `${activity.message}; `}waits `;
  return oneLine(`${why}for ${who} to answer${answers}: longshore intervention answer ${id}`);
}

function leaf(label: string, state: NodeState): TreeNode {
  return {
    ...{ label, state, detail: '', tries: 0, startedAt: null, endedAt: null, nextTryAt: null },
    ...{ progress: undefined, tail: [], children: [] },
  };
}
