/**
 * What comes from agents, handed to whom it concerns.
 *
 * Always true: an agent is heard on its own attempts only. What it says of
 * another worker's is `forbidden`, which ends its session: no honest agent
 * can say it, for ids are drawn by the server and told to one agent each.
 */
import { isGivenUp } from '../../domain/attempt-transition.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { requireOwn } from '../kernel/own.ts';
import { unlessAway, type Mending } from '../output/mending.ts';
import type { AgentInbox, AgentSession } from '../ports/agents.ts';
import { AgentAdmission } from './admission.ts';
import type { Agents } from './agents.ts';
import type { Attempts } from './attempts.ts';
import type { Inventory } from './inventory.ts';
import { commandRefused } from './refused-commands.ts';
import { Strays } from './strays.ts';

export function inboxOf(
  kernel: Kernel,
  parts: { agents: Agents; attempts: Attempts; inventory: Inventory; mending: Mending },
): AgentInbox {
  const { agents, attempts, inventory, mending } = parts;
  /** What was given up is not: its task goes on, or has ended, without it. @throws AppError `forbidden` */
  const isUnderWay = ({ agentId }: AgentSession, attemptId: string): boolean => {
    const attempt = kernel.runs.attempt(attemptId)?.attempt;
    if (attempt !== undefined) requireOwn(agentId, attempt);
    return attempt !== undefined && !isGivenUp(attempt);
  };
  const strays = new Strays(kernel);
  const admission = new AgentAdmission(kernel);
  return {
    admit: (hello, presence) => admission.admit(hello, presence),
    ticketStored: (agentId, hash) => agents.ticketStored(agentId, hash),
    inventory: (session, list) => inventory.answer(session, list),
    async opened(session) {
      // Before new work is given to it, so that what is new is not taken for what was missing.
      await inventory.opened(session);
      // It ended meanwhile, and that was told: work that is given to it now would wait for ever.
      if (session.over) return;
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
      return isUnderWay(session, attemptId)
        ? attempts.output(attemptId, offset, records, digest)
        : strays.output({ session, attemptId }, offset, records);
    },
    async outputMissing(session, attemptId, offset, bytes) {
      return isUnderWay(session, attemptId)
        ? attempts.outputMissing(attemptId, offset, bytes)
        : strays.outputMissing({ session, attemptId }, { from: offset, to: offset + bytes });
    },
    async events(session, attemptId, events) {
      return isUnderWay(session, attemptId)
        ? attempts.events(attemptId, events)
        : strays.passOver({ session, attemptId }, events.at(-1)?.n ?? 0);
    },
    async outcome(session, attemptId, outcome, report) {
      if (isUnderWay(session, attemptId)) await attempts.outcome(attemptId, outcome, report);
      else await strays.outcome({ session, attemptId }, { outcome, report });
    },
    async artifact(session, attemptId, chunk) {
      const taken = { offset: chunk.offset + chunk.content.length, complete: chunk.last };
      return isUnderWay(session, attemptId)
        ? attempts.artifact(attemptId, chunk)
        : strays.passOver({ session, attemptId }, taken);
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
