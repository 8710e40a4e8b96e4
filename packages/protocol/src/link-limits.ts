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

/** A TLS handshake that takes longer is cut, at both ends: three times the slowest way that we mean to serve (2 s), and some. */
export const HANDSHAKE_TIMEOUT_MS = 10_000;

/** A connection without any call is closed after this. */
export const CONNECTION_IDLE_MS = 60_000;

/** A connection whose peer showed no valid certificate lives no longer: enough to enrol, to renew, or to look at the schema. */
export const UNVERIFIED_CONNECTION_MS = 120_000;

/** How many of those one address may hold at a time. */
export const UNVERIFIED_CONNECTIONS_PER_ADDRESS = 20;
