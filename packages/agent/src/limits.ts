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
/** A dial that has not come to a node within this has failed: above a TLS handshake's own 10 s, below what TCP takes to give up. */
export const DIAL_TIMEOUT_MS = 12_000;
/** A node that said goodbye because it stops may be back soon: for so long the wait between tries stays below the next. */
export const DIAL_RESTART_MS = 60_000;
export const DIAL_RESTART_BACKOFF_MS = 2_000;
/** A session that lasted so long was good: the next back-off starts from the first window again. */
export const DIAL_GOOD_SESSION_MS = 10_000;
/** An ephemeral agent's deregistration must be answered within this. */
export const DEREGISTER_TIMEOUT_MS = 5_000;
/** A deregistered agent's script host ends within this: above the grace that scripts get. */
export const HOST_STOP_MS = 30_000;
/** An unpaired agent's self-signed certificate: as long as anybody may take to pair it. */
export const SELF_SIGNED_LIFE_MS = 365 * 24 * 60 * 60_000;
/** A pairing that was begun must be completed within this. */
export const PAIRING_LIFE_MS = 60_000;

/** What was turned away is written down so long after it. */
export const REFUSALS_WRITE_MS = 1_000;

// ---- the machine ----

/** After a start the first look at tools' versions waits for this: the session goes first. */
export const FACTS_FIRST_LOOK_MS = 2_000;
/** Facts are looked up again at this beat (tools are installed and removed, disks fill up). */
export const FACTS_INTERVAL_MS = 10 * 60_000;
/** A tool that does not say its version within this is named without one. */
export const TOOL_TIMEOUT_MS = 5_000;
/** Free disk is reported again when it changed by more than this share. */
export const FREE_DISK_CHANGE_SHARE = 0.1;

// ---- link: sessions ----

/** Between two pings of ours to a server node. */
export const PING_INTERVAL_MS = 5_000;
/** Nothing heard from a node for so long: the session is dead. Two pings may get lost; and it is known, and shown, within the 15 s promised. */
export const DEAD_AFTER_MS = 13_000;
/** From Hello to the reply to our inventory; as the server's. */
export const HANDSHAKE_MS = 25_000;
/** Attempts in one inventory frame: a page stays far below the largest message. */
export const INVENTORY_PAGE = 200;
/** Answers with bulk that a server may be waiting for: one for each attempt that is mended is usual. */
export const ANSWERS_WAITING = 1_200;
/** A session ticket of ours is 32 bytes; a newer server's may be longer. */
export const LONGEST_TICKET_BYTES = 1024;
/** Server nodes that a Welcome may name; a polling agent dials each. */
export const SERVER_NODES = 100;

// ---- link: output on its way ----

/** Unacknowledged output of one attempt, where Welcome names none. */
export const ATTEMPT_WINDOW_BYTES = 1024 * 1024;
/** Unacknowledged output of a session, where Welcome names none. */
export const SESSION_WINDOW_BYTES = 16 * 1024 * 1024;
/** Spool bytes in one Output frame: at least one record, and small against the windows. */
export const OUTPUT_CHUNK_BYTES = 256 * 1024;
/** Events in one frame, and their bytes. */
export const EVENTS_PER_FRAME = 200;
export const EVENTS_CHUNK_BYTES = 256 * 1024;
/** Events sent and not yet acknowledged, of an attempt. */
export const EVENTS_WINDOW = 1_000;
/** More than this waiting: it goes by a data connection, so that it can't delay a heartbeat or a cancel. */
export const DATA_THRESHOLD_BYTES = 64 * 1024;
/** What goes by control all the same, while there is no data connection: rate, and what may go at once. */
export const CONTROL_BYTES_PER_SECOND = 2 * 1024 * 1024;
export const CONTROL_BURST_BYTES = 128 * 1024;
/** A data connection that is joined no sooner than this has failed. */
export const DATA_JOIN_MS = 10_000;
/** Nothing to send for so long: the data connection is closed. */
export const DATA_IDLE_MS = 10_000;
/** Bytes are under way on a data connection, and none was acknowledged for so long: it has failed. */
export const DATA_PROGRESS_MS = 20_000;
/** Failures in a row after which the link is degraded. */
export const DATA_FAILURES_TO_DEGRADED = 3;
/** Between two tries to open one: first and longest. */
export const DATA_RETRY_FIRST_MS = 250;
export const DATA_RETRY_LONGEST_MS = 30_000;
/** A change of phase waits so long for what may follow in the same breath: a short script's end makes it needless. */
export const PHASE_HOLD_MS = 10;

// ---- link: workspaces ----

/** Free bytes on the data directory's disk below which no new attempt is taken. */
export const DISK_FLOOR_BYTES = 256 * 1024 * 1024;
/** Set aside in each workspace, so that a full disk can still be reported: above the largest outcome. */
export const RESERVE_BYTES = 16 * 1024;
/** How often acknowledged offsets are written down. Losing them costs sending again, no more. */
export const ACK_SAVE_MS = 5_000;
/** The host hears of acknowledged output each so many bytes: it only reclaims room by it. */
export const ACK_TELL_BYTES = 1024 * 1024;
/** Kept after its end, an attempt that no server knows. */
export const UNKNOWN_KEPT_MS = 24 * 60 * 60_000;
/** Kept after its end, an attempt whose server does not come back to release it. */
export const UNRELEASED_KEPT_MS = 30 * 24 * 60 * 60_000;
/** Tombstones: far above the time for which a Start may be late. */
export const TOMBSTONE_KEPT_MS = 7 * 24 * 60 * 60_000;
/** At most so many, the newest: ten scripts a second for five hours and more, which no Start is late. Some 25 MB. */
export const TOMBSTONES_KEPT = 200_000;
/** Attempts under way beyond which no more is taken: above the slots that a server gives a worker (1,000) and an upgrade. */
export const ATTEMPTS_UNDER_WAY = 1_100;
/** Attempts here, ended ones too: below what a server takes in one inventory (20,000). */
export const ATTEMPTS_KEPT = 10_000;
/** How often the janitor looks. */
export const JANITOR_INTERVAL_MS = 10 * 60_000;
/** A workspace with more output than this is removed off the main thread. */
export const REMOVE_INLINE_BYTES = 1024 * 1024;

// ---- the script host ----

/** TERM, then this long, then KILL to all; where a script does not say otherwise. */
export const DEFAULT_GRACE_MS = 10_000;
/** Output that an attempt may have on disk unless it says otherwise; beyond it, it waits. */
export const DEFAULT_OUTPUT_QUOTA_BYTES = 10 * 1024 ** 3;
/** A script's output waits below this much free space: the machine and the reports of ends need some. */
export const FREE_SPACE_FLOOR_BYTES = 256 * 1024 ** 2;
/** Free space is looked up each time so much was written; far below the floor. */
export const FREE_SPACE_LOOK_BYTES = 16 * 1024 ** 2;
/** While the disk is full it is looked at again at this beat. */
export const FREE_SPACE_RETRY_MS = 1_000;
/** An outcome that the disk does not take is tried again after this: the first time, and at most. */
export const OUTCOME_RETRY_FIRST_MS = 250;
export const OUTCOME_RETRY_LONGEST_MS = 5_000;
/** Records are gathered up to this before they are written: two of the longest and some. */
export const SPOOL_BATCH_BYTES = 160 * 1024;
/** Output is taken into a batch by parts of at most this: one or two records. */
export const SPOOL_PART_BYTES = SPOOL_BATCH_BYTES / 2;
/** How often a script that waits for a lock says so again. */
export const ISOLATION_NOTE_INTERVAL_MS = 10 * 60_000;
/** A lock that a script of another host holds is looked at again at this beat. */
export const FOREIGN_LOCK_LOOK_MS = 250;
/** An idle host looks at this beat whether its data directory still exists. */
export const HOST_RECORD_LOOK_MS = 30_000;
/** A host that has run nothing for so long gives memory back; the first script after it pays about a millisecond. */
export const HOST_REST_AFTER_MS = 2_000;
/** The link looks at this beat whether it is quiet: it used no more than this share of a processor. */
export const LINK_QUIET_BEAT_MS = 1_000;
export const LINK_QUIET_SHARE = 0.05;
/** A link that was quiet for so long gives memory back: after its start, and after each busy time later. */
export const LINK_FIRST_REST_AFTER_MS = 1_000;
export const LINK_REST_AFTER_MS = 10_000;
/** The host's log is put aside (one older file is kept) above this. */
export const HOST_LOG_LIMIT_BYTES = 10 * 1024 ** 2;
/** A host that was just launched answers within this, also on a loaded machine. */
export const HOST_LAUNCH_TIMEOUT_MS = 15_000;
/** One that ended before it answered is launched again after this: a few times at once, then seldom, for it may be broken. */
export const HOST_RELAUNCH_FIRST_MS = 100;
export const HOST_RELAUNCH_LONGEST_MS = 5_000;
/** While a host is being launched, the link looks for it at this beat: an agent is ready only with its host. */
export const HOST_LAUNCH_LOOK_MS = 8;
/** While no host answers, the link looks again at this beat. */
export const HOST_RETRY_MS = 200;
/** What a dead host left behind is gone within this, or the worker is quarantined. */
export const LEFTOVERS_TIMEOUT_MS = 10_000;
/** A listening agent that was just paired answers first, then closes what the port offered before. */
export const SWITCH_GRACE_MS = 500;
/** A stop waits so long for servers to end their streams after our goodbye. */
export const GOODBYE_GRACE_MS = 500;
/** And for a script host to read what was sent to it; what one that stands still has not read is sent again by the next link. */
export const HOST_LET_GO_MS = 1_000;
/**
 * Each part of a stop has so long, above the two before; then it is left to the end of the process, and the log says
 * so. With all of them a stop is over before a service manager's patience (systemd's 90 s, a container's 10 s mostly).
 */
export const STOP_PART_MS = 2_000;

// ---- terminals ----

/** When its process has ended, no more is read from a terminal than the kernel can have held (some 70 KB): an orphan may write on. */
export const LONGEST_TERMINAL_DRAIN_BYTES = 1024 * 1024;
/** Input that a program on a terminal doesn't take is tried again at this beat. */
export const TERMINAL_INPUT_RETRY_MS = 10;
/** Emptied workspaces that wait for the next attempts: about as many as run at once on a busy worker. */
export const SPARES_KEPT = 64;
/** Output that is read from spools between two minor collections: V8 by itself lets some 64 MB of dead buffers gather. */
export const OUTPUT_BYTES_A_COLLECTION = 8 * 1024 * 1024;

// ---- upgrades ----

/** A version has so long, unless its upgrade says less, to have a session and its script host; with ending it and starting the one before it stays below 60 s. */
export const TRIAL_MS = 30_000;
/** A version on trial gives itself up so long after its time: the guard has done it by then, unless it was killed. */
export const TRIAL_OWN_MORE_MS = 5_000;
/** A self-test ends within this. */
export const SELF_TEST_MS = 30_000;
/** The one script of a self-test ends within this. */
export const SELF_TEST_SCRIPT_MS = 15_000;
/** The guard looks at the trial's files at this beat. */
export const TRIAL_LOOK_MS = 50;
/** A link that was asked to become another version has done so within this. */
export const BECOME_MS = 10_000;
/** A link that ended is started again by the machine's services within this; else the guard does it. */
export const RESTARTED_BY_OTHERS_MS = 4_000;
/** Bytes of a package that are asked for at a time: small, for they go by control. The server sends as much. */
export const LONGEST_PACKAGE_CHUNK_BYTES = 256 * 1024;
