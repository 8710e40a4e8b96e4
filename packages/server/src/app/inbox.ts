/**
 * What comes from agents, handed to whom it concerns.
 *
 * Always true: an agent is heard on its own attempts only. What it says of
 * another worker's is `forbidden`, which ends its session: no honest agent
 * can say it, for ids are drawn by the server and told to one agent each.
 */
import { AppError } from '@longshore/base';

import type { Attempt } from '../domain/attempt.ts';
import { AgentAdmission } from './admission.ts';
import type { Agents } from './agents.ts';
import type { Attempts } from './attempts.ts';
import type { Inventory } from './inventory.ts';
import type { Kernel } from './kernel.ts';
import { unlessAway, type Mending } from './mending.ts';
import { appendMissing } from './missing.ts';
import { requireOwn } from './own.ts';
import type { AgentInbox, AgentSession } from './ports/agents.ts';
import { commandRefused } from './refused-commands.ts';

export function inboxOf(
  kernel: Kernel,
  parts: { agents: Agents; attempts: Attempts; inventory: Inventory; mending: Mending },
): AgentInbox {
  const { agents, attempts, inventory, mending } = parts;
  /** @throws AppError `forbidden` */
  const isUnderWay = ({ agentId }: AgentSession, attemptId: string): boolean => {
    const attempt = kernel.runs.attempt(attemptId)?.attempt;
    if (attempt !== undefined) requireOwn(agentId, attempt);
    return attempt !== undefined;
  };
  /** What comes for a task that has ended (given up on, say) is taken, so that the agent can be done with it; another node's is not. */
  const stray = async <T>(
    { agentId }: AgentSession,
    attemptId: string,
    take: (attempt: Attempt) => Promise<T>,
  ): Promise<T> => {
    const attempt = await inventory.strayAttempt(attemptId);
    if (attempt === undefined) throw new AppError('notFound', `attempt ${attemptId} is not this node's`);
    requireOwn(agentId, attempt);
    return take(attempt);
  };
  const admission = new AgentAdmission(kernel);
  return {
    admit: (hello, presence) => admission.admit(hello, presence),
    ticketStored: (agentId, hash) => agents.ticketStored(agentId, hash),
    inventory: (session, list) => inventory.answer(session, list),
    async opened(session) {
      // Before new work is given to it, so that what is new is not taken for what was missing.
      await inventory.opened(session);
      await agents.opened(session);
      await inventory.sendPlanned(session);
      void unlessAway(kernel, mending.opened(session.agentId));
    },
    closed: (session, why, silentMs) => agents.closed(session, why, silentMs),
    async startReply(session, attemptId, reply) {
      if (isUnderWay(session, attemptId)) await attempts.startReply(attemptId, reply);
    },
    async phaseChanged(session, attemptId, phase) {
      if (isUnderWay(session, attemptId)) await attempts.phaseChanged(attemptId, phase);
    },
    async output(session, attemptId, offset, records, digest) {
      if (isUnderWay(session, attemptId)) return attempts.output(attemptId, offset, records, digest);
      return stray(session, attemptId, async (attempt) => {
        requireWithin(attempt, offset + records.length);
        return kernel.options.logs.append(attemptId, offset, records).durable;
      });
    },
    async outputMissing(session, attemptId, offset, bytes) {
      if (isUnderWay(session, attemptId)) return attempts.outputMissing(attemptId, offset, bytes);
      const gap = { from: offset, to: offset + bytes };
      return stray(session, attemptId, async (attempt) => {
        requireWithin(attempt, gap.to);
        return (await appendMissing(kernel.options.logs, attemptId, gap)).durable;
      });
    },
    async events(session, attemptId, events) {
      if (isUnderWay(session, attemptId)) return attempts.events(attemptId, events);
      // Its task has ended without them: nothing reads them any more.
      return stray(session, attemptId, async () => events.at(-1)?.n ?? 0);
    },
    async outcome(session, attemptId, outcome, report) {
      if (isUnderWay(session, attemptId)) await attempts.outcome(attemptId, outcome, report);
      else await inventory.stray(session, attemptId, { outcome, outputLength: report.outputLength });
    },
    async artifact(session, attemptId, chunk) {
      if (isUnderWay(session, attemptId)) return attempts.artifact(attemptId, chunk);
      return stray(session, attemptId, async () => ({
        offset: chunk.offset + chunk.content.length,
        complete: chunk.last,
      }));
    },
    commandRefused: (session, attemptId, refused) => commandRefused(kernel, session, { attemptId, refused }),
    factsChanged: (session, facts) => agents.factsChanged(session, facts),
    draining: (session, draining) => agents.draining(session, draining),
    quarantined: (session, reason) => agents.quarantined(session, reason),
    deregister: (session) => agents.deregister(session),
    async warning(session, attemptId, text) {
      if (isUnderWay(session, attemptId)) await attempts.warning(attemptId, text);
    },
  };
}

/** A complete attempt's log is what its outcome said: nothing comes after its end. Of one given up nobody knows that. */
function requireWithin({ id, complete, outputLength, outcome }: Attempt, end: number): void {
  if (complete && outcome?.kind !== 'lost' && end > outputLength)
    throw new AppError(
      'forbidden',
      `output of attempt ${id} up to ${end}: it is complete with ${outputLength} bytes`,
    );
}
