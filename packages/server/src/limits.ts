/**
 * Every limit and time-out of the server, with its unit in its name and its
 * relation to the others. Parts append their own under a heading.
 */

// ── Machines: pools, workers, health ────────────────────────────────────────

/** A timer is set for no longer than this, and then anew: a clock that is set is noticed. */
export const LONGEST_TIMER_MS = 60 * 60_000;
/** Terminal of a step's script that asks for one. */
export const SCRIPT_TERMINAL = { columns: 120, rows: 40 };
/** The longest that a webhook may take, whatever its step says; below it is the step's own time-out. */
export const LONGEST_WEBHOOK_MS = 30 * 60_000;
/** So much of its answer is read. */
export const WEBHOOK_ANSWER_BYTES = 64 * 1024;
/** Of a webhook's answer, so much stands in the task's log. */
export const WEBHOOK_TEXT_CHARACTERS = 4_000;

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
/**
 * A worker that has been without a session for so long is shown as `unavailable`: above a quick reconnect. Placement
 * waits longer for its return (RECONNECT_GRACE_MS).
 */
export const UNAVAILABLE_AFTER_MS = 15_000;
/** Health checks that the schedule has under way at once: they share the queue with people's tasks. */
export const HEALTH_CHECKS_AT_ONCE = 8;
/** Of a check's words, so much is looked at for its reason. */
export const HEALTH_TEXT_BYTES = 16 * 1024;
/** Between two looks of the schedule at all workers for graces that end one after another. */
export const HEALTH_LOOK_PAUSE_MS = 1_000;
/** Slots of a worker that states none. */
export const DEFAULT_SLOTS = 10;
export const LARGEST_SLOTS = 1000;
export const LONGEST_NAME_CHARACTERS = 200;
export const LONGEST_DESCRIPTION_CHARACTERS = 5000;

/** A forced deletion waits so long for what it cancelled: above the grace of a script (10 s) and the sweep after it. */
export const FORCED_DELETE_WAIT_MS = 30_000;
/** Then its worker is revoked, and what is still leased on it given up: by another node too, and a dead node's successor. */
export const REVOKED_SETTLE_MS = 20_000;

// ── Tokens and API keys ─────────────────────────────────────────────────────

/** A registration token that states no life. */
export const TOKEN_LIFE_MS = 60 * 60_000;
export const LONGEST_TOKEN_LIFE_MS = 90 * 24 * 60 * 60_000;
/** A built-in worker's own token: it is used within seconds. */
export const BUILTIN_TOKEN_LIFE_MS = 5 * 60_000;
/** How often it is seen whether the built-in worker runs, and the first wait before it is started again. */
export const BUILTIN_LOOK_MS = 10_000;
/** Its registration must have come about within this: below the life of its token. */
export const BUILTIN_REGISTER_MS = 60_000;
/** It is given so long to stop when it is switched off: above an agent's own shutdown. */
export const BUILTIN_STOP_MS = 20_000;
/** The built-in worker is started again, if it ended, at most so often. */
export const BUILTIN_RESTART_LONGEST_MS = 60_000;

// ── API ─────────────────────────────────────────────────────────────────────

/** Body of a request: a script with its files. */
export const LARGEST_REQUEST_BYTES = 32 * 1024 * 1024;
/** An API key that was found good is not looked up again for so long, unless the trust topic speaks. */
export const API_KEY_CACHE_MS = 5_000;
/** When a key was last used is written at most so often: what the list shows is right to about this. */
export const API_KEY_USE_WRITE_MS = 60_000;
/** Keys kept so at once. */
export const API_KEYS_CACHED = 1000;
/** Failed authentications an address may make in a window before it is answered `tooMany`. */
export const AUTH_FAILURES_PER_WINDOW = 20;
export const AUTH_FAILURE_WINDOW_MS = 60_000;
/** Addresses whose failures are counted at once; the oldest is forgotten. */
export const AUTH_FAILURE_ADDRESSES = 10_000;
/** A comment on an idle event stream, so that proxies and followers know it lives. */
export const STREAM_HEARTBEAT_MS = 15_000;
/** Log bytes read at once for a download: bounds the memory of each. Larger than a follower's, for speed. */
export const DOWNLOAD_READ_BYTES = 1024 * 1024;
/** Log bytes read at once for a follower: bounds the memory of each. */
export const STREAM_READ_BYTES = 256 * 1024;
export const DEFAULT_LIST_LIMIT = 50;
export const LARGEST_LIST_LIMIT = 1000;
/** A request's head and body must have come within this; streams out are not bounded. */
export const REQUEST_TIMEOUT_MS = 60_000;
/** When the API closes, streams get so long to end by themselves. */
export const API_CLOSE_GRACE_MS = 2_000;
/** Values and names in the JSON of a request, at most: far above the largest script's variables, files and environment. */
export const JSON_VALUES = 100_000;
/** Lists and objects within each other; our schemas have five. */
export const JSON_DEPTH = 32;
/** Wrong fields that an answer names: nobody reads on, and there may be a million. */
export const FIELD_PROBLEMS_TOLD = 20;
export const LONGEST_SCRIPT_BODY_CHARACTERS = 4 * 1024 * 1024;
export const LARGEST_SCRIPT_FILES = 500;
export const LARGEST_SCRIPT_VARIABLES = 5000;
export const LARGEST_TASK_WORKERS = 500;
export const LONGEST_GRACE_MS = 10 * 60_000;
export const LONGEST_TASK_TIMEOUT_MS = 30 * 24 * 60 * 60_000;

// ── API: connections, and what each API key may hold at once ────────────────

/** A request's head: a cursor of some hundred attempts stands in its path. */
export const HTTP_HEAD_BYTES = 16 * 1024;
/** It must have come within this from the connection's begin, or from its first byte: also of who never speaks. */
export const HTTP_HEAD_MS = 15_000;
/** Between two requests of a connection: above the minute after which proxies let go of theirs. */
export const HTTP_KEEP_ALIVE_MS = 72_000;
/** How often HTTP_HEAD_MS and REQUEST_TIMEOUT_MS are looked at: they are late by so much. */
export const HTTP_LOOK_MS = 1_000;
/** Connections in all; below the descriptors that a service gets, with the agents' beside them. */
export const HTTP_CONNECTIONS = 10_000;
/** Requests of one connection whose answers wait: clients send the next one after the answer, so one is usual. */
export const HTTP_REQUESTS_UNANSWERED = 16;
/**
 * Connections on which no working API key was shown yet: in all, whatever their addresses, for behind a reverse proxy
 * all have one. Above what one turn of the event loop accepts (some 511), so that who has a key gets to show it.
 */
export const STRANGER_CONNECTIONS = 2_000;
/** Such a connection's life; it is told to leave (`Connection: close`) by an answer after the shorter one. */
export const STRANGER_CONNECTION_MS = 60_000;
export const STRANGER_LEAVES_AFTER_MS = 30_000;
/** What it may send in its life: a wrong key with the script beside it is still answered. */
export const STRANGER_BYTES = 1024 * 1024;
export const STRANGER_LOOK_MS = 100;
/** Ids of keys are read again for an unknown one at most so often, while its address is barred. */
export const API_KEY_IDS_READ_MS = 1_000;
/** Bodies of requests that are being read or worked on: in all, and of one key, which is one of the largest. */
export const BODIES_BYTES = 3 * LARGEST_REQUEST_BYTES;
export const BODIES_OF_A_KEY_BYTES = LARGEST_REQUEST_BYTES;
/** Agent packages (64 MiB) that are being taken at once: each stands in memory more than once. */
export const PACKAGE_UPLOADS = 1;
/** Downloads under way, in all and of one key: each holds some four times DOWNLOAD_READ_BYTES. */
export const DOWNLOADS = 48;
export const DOWNLOADS_OF_A_KEY = 16;
/** Requests that wait for room among the above; beyond them they are answered `tooMany`. */
export const REQUESTS_WAITING = 1_000;
/**
 * Log reads of followers and downloads at once, in all and of one key: they share libuv's threads (4) with the store's
 * sync, which everybody's submissions wait for.
 */
export const LOG_READS = 2;
export const LOG_READS_OF_A_KEY = 1;
/** Followers (event streams), in all and of one key: a command that follows its task is one. */
export const STREAMS = 4_000;
export const STREAMS_OF_A_KEY = 2_000;
/** What all followers together have not read yet (memory holds it some four times); above it the one that has not read for longest is cut, and may come back with its cursor. */
export const STREAMS_UNREAD_BYTES = 32 * 1024 * 1024;
/** News of a task that wait for a follower; with more it is cut likewise. */
export const STREAM_NEWS_WAITING = 5_000;
/** Bytes wait for a peer, and it has taken none for so long: it is cut. The longest chunk takes less on 20 KB/s. */
export const UNREAD_MS = 60_000;

// ── Store ───────────────────────────────────────────────────────────────────

/** Prepared statements kept for a connection; the repositories have some 150 texts. */
export const STATEMENTS_CACHED = 500;
/** Commits between two checkpoints: some 40 MB of WAL at ten pages each. */
export const CHECKPOINT_AFTER_COMMITS = 1000;
/** A WAL of so many pages (64 MB) is emptied while writers wait a moment, so that it starts anew. */
export const WAL_LONG_FRAMES = 16_384;
/** The checkpoint thread ends after so long without work: an idle server does not carry it. */
export const CHECKPOINT_IDLE_MS = 30_000;
/** A store that takes nothing (a full disk, say) is tried again after this: the first time, and at most. */
export const STORAGE_RETRY_FIRST_MS = 250;
export const STORAGE_RETRY_LONGEST_MS = 2_000;
/** A log that could not be written counts as out for so long after its last failure: above the longest retry. */
export const LOG_OUT_SHOWN_MS = 5_000;
/** Connections of a node to PostgreSQL, beside the one that listens. */
export const POSTGRES_CONNECTIONS = 10;
/** A first connection to PostgreSQL; below what a service manager grants a start. */
export const POSTGRES_CONNECT_MS = 10_000;
/** Tries of a transaction that PostgreSQL could not serialise; from the second on, one at a time in a node. */
export const POSTGRES_TRIES = 40;
/** Wait before trying such a transaction again: the first, and the longest. */
export const POSTGRES_RETRY_FIRST_MS = 2;
export const POSTGRES_RETRY_LONGEST_MS = 250;
/** A transaction that its body left idle for so long is ended by PostgreSQL: far above any body. */
export const POSTGRES_IDLE_TRANSACTION_MS = 60_000;
/** Wait before connecting again to listen: the first, and the longest. Polling does without it meanwhile. */
export const LISTEN_RETRY_FIRST_MS = 250;
export const LISTEN_RETRY_LONGEST_MS = 10_000;

// ── Trust: certificates, enrolment, pairing ─────────────────────────────────

/** The authority outlives what it signs by far; there is no rotation yet. */
export const AUTHORITY_LIFE_MS = 20 * 365 * 24 * 60 * 60_000;
/** Agents renew with a third of it left, on the live session. */
export const AGENT_CERTIFICATE_LIFE_MS = 90 * 24 * 60 * 60_000;
/** This node's own, made at each start and renewed with a third of it left. */
export const NODE_CERTIFICATE_LIFE_MS = 90 * 24 * 60 * 60_000;
/** It is seen at this beat whether that one is still valid: the clock may have been set since it was made. */
export const OWN_CERTIFICATE_LOOK_MS = 10_000;
/** A challenge to an agent with an expired certificate must be answered within this. */
export const RENEWAL_CHALLENGE_LIFE_MS = 60_000;
/** Refused enrolments of one address in a window, before it is answered `tooMany` unheard. */
export const ENROLMENT_FAILURES_PER_WINDOW = 10;
export const ENROLMENT_FAILURE_WINDOW_MS = 60_000;
/** Addresses whose failures are counted at once; the oldest is forgotten. */
export const ENROLMENT_FAILURE_ADDRESSES = 10_000;
/** Each call of a pairing. */
export const PAIRING_CALL_TIMEOUT_MS = 10_000;
/** An agent that is to be paired may be starting: for so long it is tried, with such pauses. A person waits for it. */
export const PAIRING_REACH_MS = 10_000;
export const PAIRING_REACH_PAUSE_MS = 250;

// ── The dialler of listening agents ─────────────────────────────────────────

/** Windowed full jitter between tries of one agent. */
export const DIAL_FIRST_BACKOFF_MS = 250;
export const DIAL_LONGEST_BACKOFF_MS = 30_000;
/**
 * The window grows no further than this while few agents are away: an agent that is restarted goes on within 5 s,
 * however long it was away and however often that happened before.
 */
export const DIAL_RETURN_BACKOFF_MS = 1_500;
/** … as far as all agents that are away are tried no more often than this together. */
export const DIALS_PER_SECOND = 100;
/** Dials begun in one turn of the event loop: each costs some milliseconds. */
export const DIALS_BEGUN_IN_A_TURN = 4;
/** A session that lasted so long was good: the next back-off starts from the first window again. */
export const DIAL_GOOD_SESSION_MS = 10_000;
/** One that said goodbye may be restarting: for so long it is tried at the first pace. */
export const DIAL_RESTART_MS = 10_000;
/** Workers are read again at this beat too, for an announcement is a hint, never the truth. */
export const WORKER_RESCAN_MS = 30_000;
/** What is announced within so long is read once: a worker added is dialled after it. */
export const WORKER_RESCAN_PAUSE_MS = 100;
/** Between TERM and KILL, for a script that states none. */
export const SCRIPT_GRACE_MS = 10_000;

// ── Work: tasks, attempts, leases, nodes ────────────────────────────────────

/** Tasks that a node executes at once unless its options say otherwise. */
export const DEFAULT_TASK_CAP = 50;
/** Changes that share one commit at most: bounds how long the embedded store's connection is taken. */
export const CHANGES_IN_ONE_COMMIT = 256;
/** A phase that nobody waits for (accepted, running) is written with the next commit, or after so long. */
export const LAZY_WRITE_MS = 50;
/** A lost link is told of in its tasks after so long: above a quick reconnect (0.25 s). */
export const UNREACHABLE_NOTICE_MS = 2_000;
/** A worker whose session ended counts as about to return for so long: above the agents' longest back-off (30 s). */
export const RECONNECT_GRACE_MS = 35_000;
/** A timer may fire a little early by the monotonic clock: what it is to find over is asked for so much later. */
export const TIMER_EARLY_MS = 5;
/** Keys of rows that a rotation of the master key holds at a time; of their values it holds one row's. */
export const RESEALED_ROWS_A_PAGE = 500;

/** A node's beat, for the other nodes. */
export const NODE_BEAT_MS = 2_000;
/** A node whose beat stood still for so long on the observer's clock is dead: several beats. */
export const NODE_DEAD_AFTER_MS = 15_000;
/** How often nodes judge each other: well below `NODE_DEAD_AFTER_MS`. */
export const NODE_JUDGE_MS = 2_000;
/** With several nodes announcements may be lost: the queue and requests to cancel are looked at so often. */
export const SAFETY_POLL_MS = 5_000;
/** The reaper looks for leases of ended tasks so often: there should be none. */
export const REAPER_MS = 60_000;
/** Leases that the reaper looks at in one pass. */
export const REAPER_LEASES = 500;
/** Bytes read at once to hash the open segment again after a restart. */
export const REHASH_READ_BYTES = 256 * 1024;
/** Markers for missing output are made for so much of it at once: bounds the memory of a gap of any size. */
export const MISSING_PIECE_BYTES = 1024 * 1024;
/** A segment is fetched so often when its bytes are not what its digest says; a line heals in one, an agent's disk never. */
export const SEGMENT_REFUSALS = 5;

// ── Logs ────────────────────────────────────────────────────────────────────

/** Files of attempts' output that are open at once; the one unused for longest is closed for the next. */
export const LOG_FILES_OPEN = 64;
/** Log bytes, come or read, after which their dead buffers are collected: bounds what a loud script leaves in memory. */
export const LOG_BYTES_A_COLLECTION = 8 * 1024 * 1024;
/** Appends up to so much are written at once on the main thread (the page cache takes them in microseconds); longer ones off it. */
export const LOG_WRITE_INLINE_BYTES = 16 * 1024;
/** Files synced at the same time: leaves threads of libuv's pool (4) to the store's own sync. */
export const LOG_SYNCS_AT_ONCE = 2;
/** Log bytes read at once to find a torn tail. */
export const LOG_RECOVER_READ_BYTES = 1024 * 1024;
/** Logs that are read and synced at once when their tasks are taken up: times the one above, its memory. */
export const LOGS_RECOVERED_AT_ONCE = 8;
/** Bytes of a chunk row in PostgreSQL, at most; appends of one turn share rows up to it. */
export const LOG_CHUNK_BYTES = 1024 * 1024;
/** Artifact bytes read at once. */
export const ARTIFACT_READ_BYTES = 256 * 1024;

/** Stored output is checked by parts of so much, giving way between them: about a row in PostgreSQL, and half a millisecond. */
export const LOG_CHECK_READ_BYTES = 1024 * 1024;
/** Ended attempts whose segments are looked up at once for the check. */
export const LOG_CHECK_ATTEMPTS = 20;
/** Where no segment is known, damage is looked for in so much: many records. */
export const MENDING_WINDOW_BYTES = 4 * 1024 * 1024;

// ── Process ─────────────────────────────────────────────────────────────────

/**
 * How often the lateness of the event loop is sampled: a block may be longer than what is seen of it by so much. Not
 * oftener, for each sample wakes an idle server.
 */
export const EVENT_LOOP_SAMPLE_MS = 50;
/** A stop that takes longer is cut short: what was acknowledged is durable anyway. */
export const STOP_LONGEST_MS = 25_000;

// ── Upgrades of agents ──────────────────────────────────────────────────────

/** Bytes of an agent package in a row, and in one frame: small, for they go by control, before which no heartbeat may wait long. */
export const PACKAGE_CHUNK_BYTES = 128 * 1024;
/** What an operator may give a new version to prove itself: with going back it stays within 60 s. */
export const SHORTEST_CONFIRMATION_MS = 1_000;
export const LONGEST_CONFIRMATION_MS = 30_000;
/** An upgrade of one worker, from its self-test on: above all the time-outs that the agent has for its parts. */
export const UPGRADE_LONGEST_MS = 5 * 60_000;

// ── Sessions with agents ────────────────────────────────────────────────────

/** Between two pings of ours to an agent; the agent's own are as often. */
export const PING_INTERVAL_MS = 5_000;
/** Nothing heard from an agent for so long: the session is dead. Two pings may get lost; and it is known, and shown, within the 15 s promised. */
export const DEAD_AFTER_MS = 13_000;
/** From dialling, or the stream's begin, to our reply to the inventory: five times there and back on a line that is late by 2 s each way. */
export const HANDSHAKE_MS = 25_000;
/** Output of one attempt, and of a session, that an agent may send before we acknowledged it; below CONNECTION_WINDOW_BYTES. */
export const ATTEMPT_WINDOW_BYTES = 1024 * 1024;
export const SESSION_WINDOW_BYTES = 16 * 1024 * 1024;
/** Another link process of the same agent that lives answers within this: far above a round trip, well below DEAD_AFTER_MS. */
export const COPY_PROBE_MS = 2_000;
/**
 * Output and artifacts of a session that may wait to be stored. An agent whose data connection was cut sends again what
 * is still on its way through a slow disk: so more than the window of a session, which an honest agent keeps to.
 */
export const SESSION_HELD_BYTES = 4 * SESSION_WINDOW_BYTES;
/** Reports of a session that may wait to be stored: a thousand attempts have some each. */
export const REPORTS_HELD_LIMIT = 20_000;
/** Attempts in one inventory: far more than a machine ever keeps. */
export const INVENTORY_LIMIT = 20_000;
/** Digests of segments (4 MiB of output each) in one inventory. */
export const INVENTORY_DIGESTS_LIMIT = 1_000_000;
/** Artifacts of an attempt: their indexes are below. */
export const LARGEST_ARTIFACTS = 100_000;

/** Pieces of agent packages that an agent may have asked for: it asks for one after the other. */
export const PACKAGE_PIECES_WAITING = 16;

/** A stop waits so long for polling agents to end their streams after our goodbye. */
export const GOODBYE_GRACE_MS = 1_000;

// ── Revocation of live sessions ─────────────────────────────────────────────

/** Workers whose trust changed in one breath are read in one transaction. */
export const REVOCATION_GATHER_MS = 50;
/** After its goodbye a revoked agent's connections are cut: with the one above, seconds at most. */
export const REVOCATION_GOODBYE_MS = 1_000;
/** All live sessions are held against their rows at this beat, for an announcement is a hint, never the truth. */
export const REVOCATION_RESCAN_MS = 60_000;

// ── Log journal ─────────────────────────────────────────────────────────────

/** Appends up to so much are made durable in the shared journal; longer ones by a sync of their own file. */
export const JOURNAL_ENTRY_LONGEST_BYTES = 4 * 1024;
/** Each of the journal's two files: written over from the start when its entries are safe elsewhere. */
export const JOURNAL_FILE_BYTES = 8 * 1024 * 1024;
/** A full journal file rests so long before its logs are synced: by then the kernel (30 s) has written most of them itself. */
export const JOURNAL_REST_MS = 35_000;

// ── Triggers ────────────────────────────────────────────────────────────────

/** Triggers are looked at this often at least: clocks may be set, and announcements lost. Each next due time has its own timer. */
export const TRIGGER_LOOK_MS = 15_000;
/** A due time that was missed (no server was up) is run only when it is not older: a nightly run is not for the office hours. */
export const TRIGGER_LATE_LONGEST_MS = 60 * 60_000;
/** A due time dealt with that is further ahead of the clock was written under a wrong clock. Above a day: a clock may be a date off. */
export const TRIGGER_AHEAD_LONGEST_MS = 25 * 60 * 60_000;
/** Missed due times are counted up to so many. */
export const TRIGGER_SKIPPED_COUNTED = 1_000;
/** Schedules whose patterns are kept read. */
export const SCHEDULES_KEPT = 1_000;

// ── Rest ────────────────────────────────────────────────────────────────────

/** A server looks at this beat whether it is quiet: it used no more than this share of a processor. The pings of 500 agents take 0.04. */
export const QUIET_BEAT_MS = 1_000;
export const QUIET_SHARE = 0.15;
/** A server that was quiet for so long collects its garbage: after its start, and after each busy time later. */
export const FIRST_REST_AFTER_MS = 1_000;
export const REST_AFTER_MS = 10_000;

// ── Configuration as code ───────────────────────────────────────────────────

/** Files that one apply takes: YAML, and the scripts that it names. */
export const MODEL_FILES = 2_000;
export const LONGEST_MODEL_PATH_CHARACTERS = 1_000;
/** One YAML file; scripts in it count. Bounds what its parser holds. */
export const LONGEST_MODEL_FILE_CHARACTERS = 4 * 1024 * 1024;
/**
 * Words and marks of YAML in one file (a script's whole text is one of them), and in all files: the parser takes about
 * a second for 100,000, and other work goes on between two files.
 */
export const MODEL_FILE_TOKENS = 100_000;
export const MODEL_TOKENS = 500_000;
/** Lists and maps in brackets within each other: the parser's cost grows with their square. */
export const MODEL_BRACKETS_DEPTH = 16;
/** Blanks and marks (`- - -`) before a line's first word: each mark may open a level. */
export const MODEL_INDENTATION = 200;
export const MODEL_DOCUMENTS = 5_000;
/** Wrong places that an answer tells at once. */
export const MODEL_PROBLEMS_TOLD = 100;
/** Steps of a process, entries of any other list or map. */
export const MODEL_LIST_ENTRIES = 2_000;
export const LONGEST_VALUE_CHARACTERS = 256 * 1024;
export const LARGEST_RETRIES = 10;
export const LARGEST_PARALLELISM = 1_000;
