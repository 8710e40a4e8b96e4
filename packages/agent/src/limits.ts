/** Every time-out and size of the agent and its script host, with the reason for it. */

// ---- service messages ----

/** A service message that is still open after so many bytes is released as text. */
export const LONGEST_SERVICE_MESSAGE_BYTES = 1024 * 1024;

// ---- identity and connections ----

/** Renewal begins with this share of the certificate's life left. */
export const RENEWAL_SHARE_LEFT = 1 / 3;
/** A renewal that failed or was not answered is tried again after this; far below the 30 days that are left. */
export const RENEWAL_RETRY_MS = 60 * 60_000;
/** Each call of an enrolment or of a renewal without a session. */
export const ENROLMENT_CALL_TIMEOUT_MS = 15_000;
/** Windowed full jitter between tries to reach a server node. */
export const DIAL_FIRST_BACKOFF_MS = 250;
export const DIAL_LONGEST_BACKOFF_MS = 30_000;
/** A session that lasted so long was good: the next back-off starts from the first window again. */
export const DIAL_GOOD_SESSION_MS = 10_000;
/** On stop, sessions say goodbye within this; then they are cut. */
export const GOODBYE_TIMEOUT_MS = 3_000;
/** An ephemeral agent's deregistration must be answered within this. */
export const DEREGISTER_TIMEOUT_MS = 5_000;
/** An unpaired agent's self-signed certificate: as long as anybody may take to pair it. */
export const SELF_SIGNED_LIFE_MS = 365 * 24 * 60 * 60_000;
/** A pairing that was begun must be completed within this. */
export const PAIRING_LIFE_MS = 60_000;

// ---- the machine ----

/** Facts are looked up again at this beat (tools are installed and removed, disks fill up). */
export const FACTS_INTERVAL_MS = 10 * 60_000;
/** A tool that does not say its version within this is named without one. */
export const TOOL_TIMEOUT_MS = 5_000;
/** Free disk is reported again when it changed by more than this share. */
export const FREE_DISK_CHANGE_SHARE = 0.1;

