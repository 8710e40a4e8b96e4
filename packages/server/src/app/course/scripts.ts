/** What an attempt of a run is told to do: the script with everything put in, and all variables as its place sees them. */
import type { Lease } from '../../domain/lease.ts';
import type { ScriptText } from '../../domain/model/process.ts';
import type { ScriptSpec } from '../../domain/script.ts';
import { SCRIPT_GRACE_MS, SCRIPT_TERMINAL } from '../../limits.ts';
import type { Turn } from '../kernel/batch.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { healthScript } from '../machines/health-script.ts';
import type { CourseRun } from './activities.ts';
import { sceneOf } from './scene-of.ts';
import type { Place } from './tries.ts';

export async function scriptFor(
  kernel: Kernel,
  turn: Turn,
  of: {
    run: CourseRun;
    place: Place;
    lease: Lease;
    /** Instead of the action's own script: the clean-up. */
    text?: ScriptText;
  },
): Promise<{ script: ScriptSpec } | { problem: string }> {
  const { run, place, lease } = of;
  const { does, timeoutMs } = place.action;
  if (does.kind === 'healthCheck') {
    const { spaceId } = run.task;
    const policy = (await turn.tx.health.policies(spaceId)).find(({ isDefault }) => isDefault);
    const worker = await turn.tx.workers.get(spaceId, lease.resource.id);
    if (policy === undefined || worker === undefined) return { problem: 'its machine is gone' };
    return { script: healthScript(policy, worker) };
  }
  if (does.kind !== 'script') return { problem: 'it runs no script' };
  const text = of.text ?? does.script;
  const scene = await sceneOf(kernel, turn, run);
  const found = scene.variables(place);
  if ('problem' in found) return found;
  const texts: string[] = [];
  const environment = Object.entries(text.environment);
  for (const each of [text.body, ...text.arguments, ...environment.map(([, value]) => value)]) {
    const made = scene.evaluate(each, found.known);
    if ('problem' in made) return made;
    texts.push(made.text);
  }
  const [body = '', ...rest] = texts;
  const values = rest.slice(text.arguments.length);
  return {
    script: {
      interpreter: text.interpreter,
      body,
      arguments: rest.slice(0, text.arguments.length),
      environment: Object.fromEntries(environment.map(([name], i) => [name, values[i] ?? ''])),
      variables: found.variables,
      files: [],
      timeoutMs,
      graceMs: SCRIPT_GRACE_MS,
      isolation: null,
      terminal: does.terminal ? SCRIPT_TERMINAL : null,
      runAs: does.runAs,
      maxProcesses: 0,
      outputQuotaBytes: 0,
    },
  };
}
