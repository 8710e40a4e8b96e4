/** The script of a health check, as the machine policy has it. */
import type { Interpreter, ScriptSpec } from '../../domain/script.ts';
import type { Worker } from '../../domain/worker.ts';
import { SCRIPT_GRACE_MS } from '../../limits.ts';
import type { MachinePolicy } from '../ports/machines.ts';

export function healthScript(policy: MachinePolicy, worker: Worker): ScriptSpec {
  const hasBash = worker.facts?.tools.some((tool) => tool.name === 'bash') ?? true;
  const interpreter: Interpreter = hasBash ? 'bash' : 'sh';
  return {
    interpreter,
    // Without a script the way there and back is all that is tested.
    body: policy.healthCheckScript === '' ? ':' : policy.healthCheckScript,
    arguments: [],
    environment: {},
    variables: [],
    files: [],
    timeoutMs: policy.healthCheckTimeoutMs,
    graceMs: SCRIPT_GRACE_MS,
    isolation: null,
    terminal: null,
    runAs: '',
    maxProcesses: 0,
    outputQuotaBytes: 0,
  };
}
