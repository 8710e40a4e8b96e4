/** Sizes and time-outs of connections that both programs must agree on; those of sessions are in `limits.ts` of each program. */

/** Largest message either way. A longer one ends the stream, so senders cut far below it (1 MiB). */
export const MESSAGE_BYTES = 16 * 1024 * 1024;

/** HTTP/2 receive window of a connection and each stream: above what our byte credits allow in flight, so that they rule. */
export const CONNECTION_WINDOW_BYTES = 16 * 1024 * 1024;

/**
 * HTTP/2 pings find a dead peer when the application's own (5 s, dead after 13 s) can't: a back-stop, so they take
 * longer. On a data connection a ping waits behind an attempt's byte credit (1 MiB): 16 s on a line of 64 KB/s.
 */
export const KEEPALIVE_INTERVAL_MS = 10_000;
export const KEEPALIVE_TIMEOUT_MS = 20_000;

// ── Before authentication ───────────────────────────────────────────────────

/** A TLS handshake that takes longer is cut, at both ends: three times the slowest way that we mean to serve (2 s), and some. */
export const HANDSHAKE_TIMEOUT_MS = 10_000;

/** Handshakes under way at once: each costs a millisecond or two, and all may have their next step in one turn of the event loop. */
export const HANDSHAKES_AT_ONCE = 64;
/** Of those, one address's at most: the others get their turn while it is slow. */
export const HANDSHAKES_AT_ONCE_OF_AN_ADDRESS = 48;
/** Begun in one turn of the event loop, so that none gets long. */
export const HANDSHAKES_BEGUN_IN_A_TURN = 8;
/** Connections that wait for their handshake, each with a descriptor and some kilobytes: thousands of agents that come back at once. */
export const HANDSHAKES_WAITING = 4_096;
/** They wait no longer; an agent has given up by then, and comes again. */
export const HANDSHAKE_WAIT_MS = 15_000;

/** A connection without any call is closed after this. */
export const CONNECTION_IDLE_MS = 60_000;

/** A connection whose peer showed no valid certificate lives no longer: enough to enrol, to renew, or to look at the schema. */
export const UNVERIFIED_CONNECTION_MS = 120_000;
/** How many of those one address may hold at a time, and all. */
export const UNVERIFIED_CONNECTIONS_PER_ADDRESS = 20;
export const UNVERIFIED_CONNECTIONS = 500;
/**
 * Where there are too many, one that is older makes room for a newcomer: enrolling, or being paired, takes less. So who
 * only holds places keeps nobody out for long.
 */
export const UNVERIFIED_MAKES_ROOM_AFTER_MS = 5_000;
/** What it may send in its life, the handshake included: an enrolment takes some 3 KB. */
export const UNVERIFIED_BYTES = 256 * 1024;
/** How often that is looked at, while there is one. */
export const UNVERIFIED_LOOK_MS = 100;
/** Its largest message, calls at once, and what HTTP/2 may hold for it (whole megabytes). */
export const UNVERIFIED_MESSAGE_BYTES = 64 * 1024;
export const UNVERIFIED_STREAMS = 8;
export const UNVERIFIED_HTTP2_MEGABYTES = 1;

/** What is turned away is told in one log line for so long. */
export const TURNED_AWAY_LOG_MS = 10_000;

// ── Of a known peer ─────────────────────────────────────────────────────────

/** Calls at once of a peer that is known: a control stream, a data stream, and such as are just ending. */
export const PEER_STREAMS = 16;

/** Control frames that wait for a peer to read: a busy agent's are hundreds. */
export const UNREAD_FRAMES_LIMIT = 20_000;
