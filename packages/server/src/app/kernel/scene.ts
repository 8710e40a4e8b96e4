/**
 * Where the texts of a run are evaluated: its variables as each place of it
 * sees them, with facts of the run and what the steps before left.
 *
 * Always true: what was made with a sensitive value is sensitive; a problem
 * never holds a value.
 */
import { isCode, toError } from '@longshore/base';
import { evaluate, evaluateVariable, isTruthy, TemplateError, Variables } from '@longshore/template';

import { stepKey, unitKey, type Activity } from '../../domain/deployment/activity.ts';
import type { Evaluate } from '../../domain/deployment/course.ts';
import type { PlannedAction, PlannedStep, PlanTarget } from '../../domain/deployment/plan.ts';
import type { ScriptVariable } from '../../domain/script.ts';
import type { ResolvedVariable } from '../../domain/variables/candidate.ts';
import { MASK } from '../../domain/variables/explain.ts';
import {
  statusVariables,
  type OutputVariables,
  type StatusFacts,
  type StepStatus,
} from '../../domain/variables/output.ts';
import { layered, type ResolvedVariables, type RunVariables } from '../../domain/variables/resolve.ts';
import type { RunFacts, StepFacts } from '../../domain/variables/run-facts.ts';
import { fold, type TargetContext } from '../../domain/variables/scope.ts';
import { systemVariables } from '../../domain/variables/system.ts';

export interface ScenePlace {
  step: number;
  planned: PlannedStep;
  action: PlannedAction | null;
  target: PlanTarget | null;
}

export interface SceneParts {
  facts: RunFacts;
  variables: RunVariables;
  outputs: OutputVariables;
  steps: readonly PlannedStep[];
  targets: readonly PlanTarget[];
  activities: ReadonlyMap<string, Activity>;
  /** The pool whose worker runs an action; null: none does. */
  poolOf: (action: PlannedAction, target: PlanTarget | null) => { id: string; name: string } | null;
  /** By target: the host of its listening agent. */
  hosts: ReadonlyMap<string, string>;
  /** Opens a sensitive value. */
  open: (variable: ResolvedVariable) => string;
  now: () => number;
}

type Made = { text: string } | { problem: string };

export class RunScene {
  readonly #parts: SceneParts;
  readonly #targets = new Map<string, TargetContext>();

  constructor(parts: SceneParts) {
    this.#parts = parts;
    for (const target of parts.targets) this.#targets.set(target.id, target);
  }

  get outputs(): OutputVariables {
    return this.#parts.outputs;
  }

  /** The text with everything put in that there is; what there is not stays as it is written. */
  text(text: string, place: ScenePlace): Made {
    return text.includes('#{') ? guarded(() => this.#evaluated(text, this.#at(place))) : { text };
  }

  texts(
    texts: Readonly<Record<string, string>>,
    place: ScenePlace,
  ): { texts: Record<string, string> } | { problem: string } {
    return guarded(() => this.#texts(texts, () => this.#at(place)));
  }

  /** As `texts`, for people to read: sensitive values are masked. */
  shown(
    texts: Readonly<Record<string, string>>,
    place: ScenePlace,
  ): { texts: Record<string, string> } | { problem: string } {
    return this.#texts(texts, () => this.#known([...this.#resolved(place)], () => MASK));
  }

  /** What another program said, with all that is sensitive here masked. */
  masked(text: string, place: ScenePlace): string {
    const secrets = [...this.#resolved(place)]
      .filter((one) => one.sensitive)
      .map((one) => this.#parts.open(one));
    // Longer ones first: where one begins like another, the rest of it would stay.
    secrets.sort((a, b) => b.length - a.length);
    let result = text;
    for (const value of secrets) if (value.trim() !== '') result = result.replaceAll(value, MASK);
    return result;
  }

  /** Those of the texts that a sensitive value has a part in. */
  sensitiveOf(texts: Readonly<Record<string, string>>, place: ScenePlace): string[] {
    const all = [...this.#resolved(place)];
    const sensitive = new Set(all.filter((one) => one.sensitive).map((one) => fold(one.name)));
    const known = this.#known(all);
    return Object.entries(texts).flatMap(([name, text]) => {
      if (!text.includes('#{')) return [];
      const { used } = evaluate(text, known, this.#options());
      return [...used].some((each) => sensitive.has(each)) ? [name] : [];
    });
  }

  #texts(
    texts: Readonly<Record<string, string>>,
    variables: () => Variables,
  ): { texts: Record<string, string> } | { problem: string } {
    const result: Record<string, string> = {};
    let known: Variables | undefined;
    for (const [name, text] of Object.entries(texts)) {
      const made = text.includes('#{') ? this.#evaluated(text, (known ??= variables())) : { text };
      if ('problem' in made) return made;
      result[name] = made.text;
    }
    return { texts: result };
  }

  /** A run condition. */
  readonly truthy: Evaluate = (expression, at) => {
    const planned = this.#parts.steps[at.step];
    if (planned === undefined) return { truthy: false };
    const action = at.action === null ? null : (planned.actions[at.action] ?? null);
    const target = this.#parts.targets.find(({ id }) => id === at.targetId) ?? null;
    try {
      const variables = this.#at({ step: at.step, planned, action, target });
      return { truthy: isTruthy(expression, variables, this.#options()) };
    } catch (thrown) {
      return { problem: told(thrown) };
    }
  };

  /** All variables as a script at this place gets them. */
  variables(place: ScenePlace): { variables: ScriptVariable[]; known: Variables } | { problem: string } {
    return guarded(() => this.#variables(place));
  }

  #variables(place: ScenePlace): { variables: ScriptVariable[]; known: Variables } | { problem: string } {
    const all = [...this.#resolved(place)];
    const sensitive = new Set(all.filter((one) => one.sensitive).map((one) => fold(one.name)));
    const known = this.#known(all);
    const variables: ScriptVariable[] = [];
    for (const { name } of all) {
      try {
        const value = evaluateVariable(name, known, this.#options());
        if (value === undefined) continue;
        const secret = [...value.used, fold(name)].some((used) => sensitive.has(used));
        variables.push({ name, value: value.text, sensitive: secret });
      } catch (thrown) {
        return { problem: `variable "${name}": ${told(thrown)}` };
      }
    }
    return { variables, known };
  }

  evaluate(text: string, known: Variables): Made {
    return text.includes('#{') ? this.#evaluated(text, known) : { text };
  }

  #evaluated(text: string, known: Variables): Made {
    const made = evaluate(text, known, this.#options());
    const fatal = made.problems.find(({ code }) => FATAL.has(code));
    return fatal === undefined ? { text: made.text } : { problem: fatal.message };
  }

  #options() {
    return { now: () => new Date(this.#parts.now()) };
  }

  #at(place: ScenePlace): Variables {
    return this.#known([...this.#resolved(place)]);
  }

  #known(all: readonly ResolvedVariable[], open = this.#parts.open): Variables {
    return Variables.from(all.map((one) => [one.name, one.sensitive ? open(one) : one.value] as const));
  }

  #resolved(place: ScenePlace): ResolvedVariables {
    const { facts, variables, outputs } = this.#parts;
    const { planned, action, target } = place;
    const context = target === null ? null : (this.#targets.get(target.id) ?? null);
    const names = action === null ? [planned.name] : [planned.name, action.name];
    return layered(
      systemVariables({
        run: { ...facts, failure: this.#failure(place) },
        step: this.#stepFacts(place),
        machine:
          target === null
            ? null
            : {
                ...{ id: target.id, name: target.name, roles: target.roles },
                host: this.#parts.hosts.get(target.id) ?? null,
              },
      }),
      statusVariables(this.#statuses(), planned.name),
      outputs.on(target?.id ?? null),
      variables.in({ stepNames: names, stepRoles: planned.roles, target: context }),
    );
  }

  /** What failed first: a step, or, in a step that goes on, an action before this one in its own lane. */
  #failure({ step, planned, target }: ScenePlace): RunFacts['failure'] {
    const { steps, activities } = this.#parts;
    const keys = [
      ...steps.map((_, each) => stepKey(each)),
      ...planned.actions.map((_, each) => unitKey(step, each, target?.id ?? null)),
    ];
    let first: Activity | undefined;
    for (const key of keys) {
      const activity = activities.get(key);
      if (activity?.state !== 'failed') continue;
      if (first === undefined || (activity.endedAt ?? 0) < (first.endedAt ?? 0)) first = activity;
    }
    return first === undefined ? null : { message: first.message, detail: first.message };
  }

  #stepFacts({ step, planned, action, target }: ScenePlace): StepFacts {
    const before = this.#parts.steps.slice(0, step).reduce((n, one) => n + one.actions.length, 0);
    const number = action === null ? 0 : before + planned.actions.indexOf(action) + 1;
    return {
      id: stepKey(step),
      name: planned.name,
      number: step + 1,
      roles: planned.roles,
      action:
        action === null
          ? null
          : {
              id: String(number),
              name: action.name,
              number,
              script:
                action.does.kind === 'script'
                  ? { body: action.does.script.body, syntax: action.does.script.interpreter }
                  : null,
              manual:
                action.does.kind === 'manual'
                  ? { instructions: action.does.instructions, responsible: action.does.responsible }
                  : null,
            },
      workerPool: action === null ? null : this.#parts.poolOf(action, target),
    };
  }

  #statuses(): StatusFacts[] {
    return this.#parts.steps.map((planned, step) => {
      const activity = this.#parts.activities.get(stepKey(step));
      const failed = activity?.state === 'failed';
      return {
        name: planned.name,
        number: step + 1,
        status: activity === undefined ? 'Pending' : (STATUS[activity.state] ?? 'Running'),
        error: failed ? activity.message : '',
        errorDetail: failed ? activity.message : '',
      };
    });
  }
}

const FATAL: ReadonlySet<string> = new Set(['recursion', 'tooDeep', 'tooLarge']);

const STATUS: Readonly<Partial<Record<Activity['state'], StepStatus>>> = {
  running: 'Running',
  success: 'Succeeded',
  failed: 'Failed',
  skipped: 'Skipped',
  cancelled: 'Canceled',
};

function guarded<T>(work: () => T): T | { problem: string } {
  try {
    return work();
  } catch (thrown) {
    return { problem: told(thrown) };
  }
}

function told(thrown: unknown): string {
  // A sealed value that does not open fails its step, not the server's turn.
  if (thrown instanceof TemplateError || isCode(thrown, 'corrupt')) return toError(thrown).message;
  throw thrown;
}
