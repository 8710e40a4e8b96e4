/**
 * Every limit and time-out of the server, with its unit in its name and its
 * relation to the others. Parts append their own under a heading.
 */

// ── Machines: pools, workers, health ────────────────────────────────────────

/** Older health records of a worker are dropped. */
export const HEALTH_RECORDS_KEPT_PER_WORKER = 200;
/** Default time between two health checks of a worker (machine policy). */
export const HEALTH_CHECK_INTERVAL_MS = 60 * 60_000;
/** Default time that one health check may take, waiting for a slot included. */
export const HEALTH_CHECK_TIMEOUT_MS = 5 * 60_000;
/** How often the schedule looks for workers whose check is due; well below the shortest interval allowed. */
export const HEALTH_SCHEDULE_BEAT_MS = 15_000;
/** Shortest interval between health checks that a policy may ask for. */
export const HEALTH_CHECK_SHORTEST_INTERVAL_MS = 60_000;
/** A worker that has been without a session for so long is `unavailable`: above a reconnect (30 s at most, see the agent's back-off). */
export const UNAVAILABLE_AFTER_MS = 45_000;
/** Slots of a worker that states none. */
export const DEFAULT_SLOTS = 10;
export const LARGEST_SLOTS = 1000;
export const LONGEST_NAME_CHARACTERS = 200;
export const LONGEST_DESCRIPTION_CHARACTERS = 5000;

// ── Tokens and API keys ─────────────────────────────────────────────────────

/** A registration token that states no life. */
export const TOKEN_LIFE_MS = 60 * 60_000;
export const LONGEST_TOKEN_LIFE_MS = 90 * 24 * 60 * 60_000;
/** A built-in worker's own token: it is used within seconds. */
export const BUILTIN_TOKEN_LIFE_MS = 5 * 60_000;
/** The built-in worker is started again, if it ended, at most so often. */
export const BUILTIN_RESTART_LONGEST_MS = 60_000;

// ── API ─────────────────────────────────────────────────────────────────────

/** Body of a request: a script with its files. */
export const LARGEST_REQUEST_BYTES = 32 * 1024 * 1024;
/** An API key that was found good is not looked up again for so long, unless the trust topic speaks. */
export const API_KEY_CACHE_MS = 5_000;
/** Failed authentications an address may make in a window before it is answered `tooMany`. */
export const AUTH_FAILURES_PER_WINDOW = 20;
export const AUTH_FAILURE_WINDOW_MS = 60_000;
/** Addresses whose failures are counted at once; the oldest is forgotten. */
export const AUTH_FAILURE_ADDRESSES = 10_000;
/** A comment on an idle event stream, so that proxies and followers know it lives. */
export const STREAM_HEARTBEAT_MS = 15_000;
/** Log bytes read at once for a follower or a download: bounds the memory of each. */
export const STREAM_READ_BYTES = 256 * 1024;
export const DEFAULT_LIST_LIMIT = 50;
export const LARGEST_LIST_LIMIT = 1000;
