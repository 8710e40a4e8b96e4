/** Sends a Start whose `sending` is durable. The script goes out in clear, over the session's mTLS and nowhere else. */
import type { ScriptSpec } from '../../domain/script.ts';
import { scriptOf, type TaskSpec } from '../../domain/task.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Live } from '../kernel/runs.ts';
import type { AgentSession } from '../ports/agents.ts';
import type { Sealer } from '../ports/sealer.ts';

export function sendStart(kernel: Kernel, live: Live, session: AgentSession | undefined): void {
  const { attempt, run } = live;
  // Without a session its next inventory says that the agent does not have it, and it is sent again.
  if (session === undefined || attempt.state !== 'sending') return;
  const { sealer, largestLogBytes = 0 } = kernel.options;
  const own = scriptOf(run.task);
  const script = live.script ?? own?.script;
  if (script === undefined) return;
  const spec = { largestLogBytes, ...opened(sealer, run.task.id, script) };
  const upgrade = own?.upgrade;
  const agentPackage = upgrade?.packages[attempt.workerId];
  session.start({
    ...{ attemptId: attempt.id, taskId: run.task.id, fence: attempt.fence, spec },
    ...(upgrade === undefined || agentPackage === undefined
      ? {}
      : { upgrade: { version: upgrade.version, confirmWithinMs: upgrade.confirmWithinMs, ...agentPackage } }),
  });
}

/** At rest: every sensitive value sealed, bound to its task and name. */
export function sealed(sealer: Sealer, taskId: string, script: ScriptSpec): ScriptSpec {
  if (!script.variables.some((variable) => variable.sensitive)) return script;
  return {
    ...script,
    variables: script.variables.map((variable) =>
      variable.sensitive
        ? { ...variable, value: sealer.seal(variable.value, contextOf(taskId, variable.name)) }
        : variable,
    ),
  };
}

/** As `sealed`, for all that a task may do. */
export function sealedSpec(sealer: Sealer, taskId: string, spec: TaskSpec): TaskSpec {
  if (!('run' in spec)) return { ...spec, script: sealed(sealer, taskId, spec.script) };
  const prompted = spec.run.prompted.map((variable) =>
    variable.sensitive
      ? { ...variable, value: sealer.seal(variable.value, contextOf(taskId, variable.name)) }
      : variable,
  );
  return { run: { ...spec.run, prompted } };
}

/** What an attempt of a run is told (in clear), as it is kept: `#{…}` may have put secrets anywhere in it. */
export function sealedScript(sealer: Sealer, attemptId: string, script: ScriptSpec): string {
  return sealer.seal(JSON.stringify(script), scriptContext(attemptId));
}

export function openedScript(sealer: Sealer, attemptId: string, text: string): ScriptSpec {
  return JSON.parse(sealer.open(text, scriptContext(attemptId))) as ScriptSpec;
}

export function scriptContext(attemptId: string): string {
  return `attempt:${attemptId}:script`;
}

function opened(sealer: Sealer, taskId: string, script: ScriptSpec): ScriptSpec {
  if (!script.variables.some((variable) => variable.sensitive)) return script;
  return {
    ...script,
    variables: script.variables.map((variable) =>
      variable.sensitive
        ? { ...variable, value: sealer.open(variable.value, contextOf(taskId, variable.name)) }
        : variable,
    ),
  };
}

export function contextOf(taskId: string, name: string): string {
  return `task:${taskId}:${name}`;
}
