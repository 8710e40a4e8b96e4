/**
 * Who is let in at a Hello. Two copies of one identity are found out by what
 * can't be true of one agent:
 *
 *   - a session ticket is shown that was replaced before,
 *   - two of its link processes are alive at once,
 *   - its data directory is at another place than the one that it was made for.
 *
 * Then the identity is locked, and the sessions of both end; their scripts go
 * on. An operator's word (`unlock`) lets the first copy that comes go on, and
 * turns the other away.
 *
 * A Hello may also have lain in the network until its link was given up, or its
 * link process had died, and the agent came by another. It shows the same.
 *
 * Always true: no inventory is taken of an agent before all of this is known;
 * nobody is locked for a Hello at whose far end nobody answers any more.
 */
import { disputed, issued, judgeTicket, type SessionTicket } from '../../domain/session-ticket.ts';
import type { Worker } from '../../domain/worker.ts';
import { COPY_PROBE_MS } from '../../limits.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { Presences } from '../kernel/presences.ts';
import type { Admission, AgentHello, Presence } from '../ports/agents.ts';
import type { Tx } from '../ports/store.ts';
import { addressOf } from './nodes.ts';

const DEAD_TICKET =
  'a session ticket was shown that another copy of this agent had replaced: a cloned or restored disk';
const TWO_ALIVE = 'two copies of this agent are running';
const COPIED_FOLDER = 'its data directory was copied or moved from another place';
const TURNED_AWAY =
  'another copy of this agent goes on by an operator’s word; delete this one’s data directory, and register it as a worker of its own';

const TOO_LATE: Admission = {
  kind: 'rejected',
  reason: 'replaced',
  detail: 'this Hello came late, and nobody answers for it any more',
};

export class AgentAdmission {
  readonly #kernel: Kernel;
  readonly #presences = new Presences();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  async admit(hello: AgentHello, presence?: Presence): Promise<Admission> {
    const kernel = this.#kernel;
    const { store, digests } = kernel.options;
    const fresh = digests.newTicket();
    const twoAlive =
      presence !== undefined &&
      presence.instance !== '' &&
      (await this.#presences.arrive(hello.agentId, presence));
    const judge = (alive: boolean): Promise<Admission> =>
      store.write((tx) => this.#judge(tx, hello, { twoAlive, fresh, alive }));
    let admission = await judge(presence === undefined);
    // Asked only where it matters, for it takes a round trip.
    if (admission === TOO_LATE && (await presence?.answers(COPY_PROBE_MS)) === true)
      admission = await judge(true);
    kernel.roster.discardWorker(hello.agentId);
    if (admission.kind === 'welcome') {
      kernel.sessions.setDraining(hello.agentId, hello.draining);
      kernel.sessions.setQuarantined(hello.agentId, hello.quarantined);
    } else if (admission.reason === 'locked' && !admission.onlyThis) {
      this.#presences.lock(hello.agentId, admission.detail);
      const other = kernel.sessions.get(hello.agentId) ?? kernel.options.agents.session(hello.agentId);
      other?.close('locked', admission.detail);
    }
    return admission;
  }

  async #judge(
    tx: Tx,
    hello: AgentHello,
    {
      twoAlive,
      fresh,
      alive,
    }: { twoAlive: boolean; fresh: { ticket: Buffer; hash: string }; alive: boolean },
  ): Promise<Admission> {
    const kernel = this.#kernel;
    const { nodeId } = kernel.options;
    const worker = await tx.workers.find(hello.agentId);
    if (worker === undefined) return revoked(`agent ${hello.agentId} is not registered here`);
    const name = `worker "${worker.name}"`;
    if (worker.revoked) return revoked(`the identity of ${name} is revoked`);
    if (worker.keyFingerprint !== hello.keyFingerprint) return revoked(`the key is not that of ${name}`);
    const none = { agentId: worker.id, nodeId, confirmed: '', pending: [], disputed: [] };
    const known = await tx.tickets.get(worker.id, nodeId);
    const ticket = known ?? none;
    if (worker.locked !== '') {
      const seen = disputed(ticket, hello.ticketHash);
      if (seen !== ticket) await tx.tickets.put(seen);
      return { kind: 'rejected', reason: 'locked', detail: `${name} is locked: ${worker.locked}` };
    }
    const verdict = judgeTicket(known, hello.ticketHash);
    if (verdict === 'turnedAway')
      return { kind: 'rejected', reason: 'locked', onlyThis: true, detail: `${name}: ${TURNED_AWAY}` };
    // An operator's word stands above the place: whoever comes then was chosen.
    const copied = hello.copied === true && ticket.confirmed !== '';
    const why = verdict === 'dead' ? DEAD_TICKET : copied ? COPIED_FOLDER : twoAlive ? TWO_ALIVE : '';
    if (why !== '' && !alive) return TOO_LATE;
    if (why !== '') return this.#lock(tx, { worker, ticket, hello, why });
    kernel.sessions.setDoubted(worker.id, known?.confirmed === '');
    await tx.tickets.put(issued(ticket, hello.ticketHash, fresh.hash));
    const { version, incarnation, facts, ephemeral } = hello;
    const seen = { ...worker, version, incarnation, facts, ephemeral };
    await tx.workers.update(seen);
    const nodes = (await tx.nodes.list()).map(addressOf);
    return { kind: 'welcome', worker: seen, nodes, ticket: fresh.ticket };
  }

  async #lock(
    tx: Tx,
    { worker, ticket, hello, why }: { worker: Worker; ticket: SessionTicket; hello: AgentHello; why: string },
  ): Promise<Admission> {
    const { store, clock } = this.#kernel.options;
    await tx.workers.update({ ...worker, locked: why });
    await tx.tickets.put(disputed(ticket, hello.ticketHash));
    const { facts, incarnation } = hello;
    await tx.audit.append(worker.spaceId, {
      time: clock.now(),
      actor: `agent ${worker.id}`,
      action: 'worker.locked',
      subject: worker.id,
      detail: {
        reason: why,
        hostname: facts.hostname,
        incarnation,
        before: { hostname: worker.facts?.hostname ?? '', incarnation: worker.incarnation },
      },
    });
    store.announce(tx, 'worker', worker.id);
    store.announce(tx, 'trust', worker.id);
    return { kind: 'rejected', reason: 'locked', detail: `worker "${worker.name}" is locked: ${why}` };
  }
}

function revoked(detail: string): Admission {
  return { kind: 'rejected', reason: 'revoked', detail };
}
