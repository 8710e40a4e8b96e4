/**
 * Session tickets: what shows at a Hello that the agent's disk is the one that
 * was here last. Each Welcome carries a new one; once the agent has confirmed
 * that it stored it, those before are dead. Who shows a dead one is a copy.
 *
 *   none yet ──▶ held (confirmed, and those on their way) ──a dead one is shown──▶ (identity locked)
 *                  ▲                                                                   │ operator
 *                  └──the first copy that comes──── open (what the copies held is disputed) ◀┘
 *
 * Always true: from the operator's word on one copy goes on, the first to
 * come; what only another one holds is disputed, and turns that one away.
 */
export interface SessionTicket {
  agentId: string;
  nodeId: string;
  /** SHA-256 hex of what the agent holds for sure; empty: an operator has opened it to the first that comes. */
  confirmed: string;
  /** What it may hold, for the confirmation did not come yet; oldest first. */
  pending: readonly string[];
  /** What copies held when an operator let one of them go on. */
  disputed: readonly string[];
}

/** More sessions than this are never being opened at once by one agent. */
const PENDING_KEPT = 8;
/** Copies that were turned away and never stopped; the oldest are forgotten, and would lock the identity again. */
const DISPUTED_KEPT = 64;

export type TicketVerdict = 'good' | 'dead' | 'turnedAway';

export function judgeTicket(ticket: SessionTicket | undefined, shown: string): TicketVerdict {
  if (ticket === undefined || ticket.confirmed === '') return 'good';
  if (shown === ticket.confirmed || ticket.pending.includes(shown)) return 'good';
  return ticket.disputed.includes(shown) ? 'turnedAway' : 'dead';
}

/** A Welcome with a new ticket is about to go to who showed a good one. */
export function issued(ticket: SessionTicket, shown: string, fresh: string): SessionTicket {
  const later = ticket.pending.slice(ticket.pending.indexOf(shown) + 1);
  return { ...ticket, confirmed: shown, pending: [...later, fresh].slice(-PENDING_KEPT) };
}

/** The agent has stored it. An older word that comes late changes nothing. */
export function confirmed(ticket: SessionTicket, stored: string): SessionTicket {
  const at = ticket.pending.indexOf(stored);
  return at < 0 ? ticket : { ...ticket, confirmed: stored, pending: ticket.pending.slice(at + 1) };
}

/** Two copies were seen; this is what the one showed that came last. */
export function disputed(ticket: SessionTicket, shown: string): SessionTicket {
  if (shown === '' || ticket.disputed.includes(shown)) return ticket;
  return { ...ticket, disputed: [...ticket.disputed, shown].slice(-DISPUTED_KEPT) };
}

/** An operator's word: the first copy that comes goes on. */
export function opened(ticket: SessionTicket): SessionTicket {
  const held = [...ticket.pending, ticket.confirmed].reduce(disputed, ticket);
  return { ...held, confirmed: '', pending: [] };
}
