/**
 * How far a release may go along its lifecycle.
 *
 * Always true: an environment is open as soon as each phase before its own
 * that is not optional is complete, and stays so.
 */
import type { Phase } from '../model/lifecycle.ts';

export interface Progress {
  /** Of the lifecycle; none: each environment is a phase of its own, in their order. */
  phases: readonly Phase[];
  /** All environments, in their order. */
  environments: readonly { id: string; name: string }[];
  /** Where a deployment of the release (for the tenant) has succeeded. */
  succeeded: ReadonlySet<string>;
}

/** Why the release may not be deployed there; empty: it may. */
export function progressionBar(progress: Progress, environmentId: string): string {
  const phases = phasesOf(progress);
  const at = phases.findIndex((phase) => members(phase).includes(environmentId));
  const name = nameOf(progress, environmentId);
  if (at < 0) return `environment "${name}" is in no phase of its lifecycle`;
  const missing = phases.slice(0, at).find((phase) => !phase.optional && !isComplete(phase, progress));
  if (missing === undefined) return '';
  return `it must first succeed in ${wanted(missing, progress)} (phase "${missing.name}")`;
}

/** Environments that the release is to be deployed to by itself, now that it has come so far. */
export function automaticNow(progress: Progress): string[] {
  const phases = phasesOf(progress);
  const reached = phases.filter((_, i) =>
    phases.slice(0, i).every((phase) => phase.optional || isComplete(phase, progress)),
  );
  return reached.flatMap((phase) => phase.automatic.filter((id) => !progress.succeeded.has(id)));
}

/** Whether deployments to it go before others. */
export function isPriority(progress: Progress, environmentId: string): boolean {
  return phasesOf(progress).some((phase) => phase.priority && members(phase).includes(environmentId));
}

function phasesOf({ phases, environments }: Progress): readonly Phase[] {
  if (phases.length > 0) return phases;
  return environments.map(({ id, name }) => ({
    name,
    environments: [id],
    automatic: [],
    minimum: 0,
    optional: false,
    priority: false,
  }));
}

function members(phase: Phase): string[] {
  return [...new Set([...phase.automatic, ...phase.environments])];
}

function needed(phase: Phase): number {
  const all = members(phase).length;
  return phase.minimum === 0 ? all : Math.min(phase.minimum, all);
}

function isComplete(phase: Phase, { succeeded }: Progress): boolean {
  return members(phase).filter((id) => succeeded.has(id)).length >= needed(phase);
}

function wanted(phase: Phase, progress: Progress): string {
  const names = members(phase).map((id) => `"${nameOf(progress, id)}"`);
  if (names.length <= 1) return names[0] ?? '';
  const n = needed(phase);
  return n === names.length ? names.join(' and ') : `${n} of ${names.join(', ')}`;
}

function nameOf({ environments }: Progress, id: string): string {
  return environments.find((one) => one.id === id)?.name ?? id;
}
