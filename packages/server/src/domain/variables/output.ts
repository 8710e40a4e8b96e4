/**
 * What steps leave for later ones: output variables under all their names, the
 * status of steps, the answers to manual steps.
 *
 * Of a value `Name` that an action set, `Octopus.Action[Action].Output.Name`;
 * when it ran on a target or on behalf of one, also
 * `Octopus.Action[Action].Output[Machine].Name`, and on that target the first
 * name means that one's value. An action among several of its step is also
 * found by `Octopus.Step[Step].Action[Action].Output.Name`.
 *
 * Always true: which of several values a name without a machine means does not
 * depend on who was faster: the action's later one counts, and of machines
 * the last by their order in the plan.
 */
import type { ResolvedVariable } from './candidate.ts';
import type { ResolvedVariables } from './resolve.ts';
import { ANYWHERE, fold } from './scope.ts';

export interface OutputValue {
  step: string;
  action: string;
  /** Whether the step has other actions beside it. */
  amongSeveral: boolean;
  /** The target; null: the action ran once, for none. */
  machine: { id: string; name: string } | null;
  name: string;
  /** Raw; sealed when it is sensitive, as its event is. */
  value: string;
  sensitive: boolean;
  order: OutputOrder;
}

/** Where a value stands among others of its name: the attempt (ids rise with time), the machine's place in the plan, the event in the attempt. */
export interface OutputOrder {
  attempt: string;
  machine: number;
  event: number;
}

/** Of values by one machine a later attempt, and in it a later event, counts; of machines the last in the plan. */
function isLater(a: OutputOrder, b: OutputOrder): boolean {
  if (a.machine !== b.machine) return a.machine > b.machine;
  return a.attempt === b.attempt ? a.event > b.event : a.attempt > b.attempt;
}

/** Takes values in any order. */
export class OutputVariables {
  readonly #anywhere = new Map<string, Kept>();
  /** By machine, what is its own under names without it. */
  readonly #ofMachine = new Map<string, Map<string, Kept>>();

  add(output: OutputValue): void {
    const { step, action, amongSeveral, machine, name } = output;
    const stems = [`Octopus.Action[${action}].Output`];
    if (amongSeveral) stems.push(`Octopus.Step[${step}].Action[${action}].Output`);
    for (const stem of stems) {
      keep(this.#anywhere, `${stem}.${name}`, output);
      if (machine === null) continue;
      keep(this.#anywhere, `${stem}[${machine.name}].${name}`, output);
      let own = this.#ofMachine.get(machine.id);
      if (own === undefined) this.#ofMachine.set(machine.id, (own = new Map<string, Kept>()));
      keep(own, `${stem}.${name}`, output);
    }
  }

  /** As a step sees them that acts on this target, or on none. */
  on(machineId: string | null): ResolvedVariables {
    const own = machineId === null ? undefined : this.#ofMachine.get(machineId);
    const anywhere = this.#anywhere;
    return {
      get: (name) => (own?.get(fold(name)) ?? anywhere.get(fold(name)))?.variable,
      *[Symbol.iterator]() {
        for (const [folded, kept] of anywhere) yield (own?.get(folded) ?? kept).variable;
      },
    };
  }
}

interface Kept {
  variable: ResolvedVariable;
  order: OutputOrder;
}

function keep(map: Map<string, Kept>, stored: string, output: OutputValue): void {
  const { name, value, sensitive, order } = output;
  const there = map.get(fold(stored));
  if (there !== undefined && isLater(there.order, order)) return;
  map.set(fold(stored), { variable: made(stored, value, { sensitive, place: name }), order });
}

function made(
  name: string,
  value: string,
  { sensitive = false, place = '' }: { sensitive?: boolean; place?: string } = {},
): ResolvedVariable {
  const type = sensitive ? 'sensitive' : 'text';
  const source = { kind: 'output', id: '', name: '', place } as const;
  return { name, value, type, sensitive, source, scope: ANYWHERE, ambiguous: false };
}

export const STEP_STATUSES = [
  'Pending',
  'Skipped',
  'Abandoned',
  'Canceled',
  'Running',
  'Succeeded',
  'Failed',
] as const;
export type StepStatus = (typeof STEP_STATUSES)[number];

export interface StatusFacts {
  name: string;
  /** From 1. */
  number: number;
  status: StepStatus;
  /** Of a failure; empty otherwise. */
  error: string;
  errorDetail: string;
}

/**
 * `Octopus.Step[Name].Status.Code`, `.Error`, `.ErrorDetail` of each step, and of the current one also without its
 * name: `Octopus.Step.Status.…`.
 */
export function statusVariables(steps: readonly StatusFacts[], current: string | null): ResolvedVariables {
  const found = new Map<string, ResolvedVariable>();
  const add = (stem: string, step: StatusFacts): void => {
    const put = (name: string, value: string): void =>
      void found.set(fold(stem + name), made(stem + name, value));
    put('.Status.Code', step.status);
    if (step.error !== '') put('.Status.Error', step.error);
    if (step.errorDetail !== '') put('.Status.ErrorDetail', step.errorDetail);
  };
  for (const step of steps) {
    add(`Octopus.Step[${step.name}]`, step);
    found.set(
      fold(`Octopus.Step[${step.name}].Number`),
      made(`Octopus.Step[${step.name}].Number`, String(step.number)),
    );
    if (current !== null && fold(step.name) === fold(current)) add('Octopus.Step', step);
  }
  return { get: (name) => found.get(fold(name)), [Symbol.iterator]: () => found.values() };
}

/** Who answered a manual step, and how. */
export interface ManualAnswer {
  approved: boolean;
  notes: string;
  user: { id: string; username: string; name: string; email: string };
}

/** As outputs of the manual action, by name: `Manual.Notes` and the like. */
export function manualOutputs({ approved, notes, user }: ManualAnswer): Record<string, string> {
  return {
    'Manual.Notes': notes,
    'Manual.Approved': approved ? 'True' : 'False',
    'Manual.ResponsibleUser.Id': user.id,
    'Manual.ResponsibleUser.Username': user.username,
    'Manual.ResponsibleUser.DisplayName': user.name,
    'Manual.ResponsibleUser.EmailAddress': user.email,
  };
}

/** What an output of a deployment that a step started is called among that step's own: `Deployment[Step].Name`. */
export function childOutputName(childAction: string, name: string): string {
  return `Deployment[${childAction}].${name}`;
}
