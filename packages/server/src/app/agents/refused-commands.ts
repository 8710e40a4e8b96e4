/**
 * An agent refuses a command whose fence is lower than one that it has obeyed:
 * its sender no longer owns the task, or the command was under way for long.
 * The audit trail tells of it, and this node looks whether it lost the task.
 */
import { record } from '../kernel/audit.ts';
import { dropRun, isOurs, type Kernel } from '../kernel/kernel.ts';
import type { AgentSession, RefusedCommand } from '../ports/agents.ts';

export async function commandRefused(
  kernel: Kernel,
  { agentId }: AgentSession,
  { attemptId, refused }: { attemptId: string; refused: RefusedCommand },
): Promise<void> {
  const { store, clock, logger, nodeId } = kernel.options;
  const { command, reason, storedFence } = refused;
  logger.warn('an agent refused a command', { attemptId, command, reason });
  if (reason !== 'staleFence') return;
  const run = kernel.runs.attempt(attemptId)?.run;
  const lost = await store.write(async (tx) => {
    const attempt = await tx.attempts.find(attemptId);
    if (attempt?.workerId !== agentId) return false;
    const { spaceId, taskId } = attempt;
    const detail = { command, reason, nodeId, taskId, workerId: agentId, storedFence };
    const by = { spaceId, actor: `agent ${agentId}`, clock };
    await record(tx, by, { action: 'command.refused', subject: attemptId, detail });
    return run !== undefined && !(await isOurs(tx, run));
  });
  if (lost && run !== undefined) dropRun(kernel, run);
}
