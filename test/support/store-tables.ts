/** The rows of a server's work, straight from its store, beside the server that runs on it. */
import openDatabase from 'better-sqlite3';
import pg from 'pg';

export interface TaskRow {
  id: string;
  kind: string;
  state: string;
  ended: boolean;
  endedAt: number | null;
  fence: [generation: number, n: number];
}

export interface AttemptRow {
  id: string;
  taskId: string;
  action: string;
  workerId: string;
  try: number;
  leaseId: string;
  fence: [generation: number, n: number];
  state: string;
  outcome: { kind: string; code?: number; reason?: string } | null;
  report: { outputLength: number; eventCount: number; segmentDigests: string[]; digest: string } | null;
  outputLength: number;
  eventCount: number;
  /** Up to here its segments were found right. */
  verifiedLength: number;
  complete: boolean;
}

export interface LeaseRow {
  id: string;
  resourceId: string;
  mode: string;
  taskId: string;
  releasedAt: number | null;
}

export interface StoreTables {
  tasks: TaskRow[];
  attempts: AttemptRow[];
  leases: LeaseRow[];
  /** Ids of the tasks that wait for a lease. */
  requests: string[];
  /** How many numbered events of each attempt there are, and their highest number. */
  events: Map<string, { count: number; highest: number }>;
}

/** A data directory of the embedded store, or the address of a PostgreSQL database. */
export type StorePlace = { databaseFile: string } | { databaseUrl: string };

type Row = Record<string, unknown>;
type Ask = (text: string) => Promise<Row[]>;

export async function readTables(place: StorePlace): Promise<StoreTables> {
  return 'databaseFile' in place ? fromSqlite(place.databaseFile) : fromPostgres(place.databaseUrl);
}

async function fromSqlite(file: string): Promise<StoreTables> {
  const database = openDatabase(file, { readonly: true, fileMustExist: true });
  try {
    // One moment of all tables.
    database.exec('BEGIN');
    return await tablesBy(async (text) => database.prepare(text).all() as Row[]);
  } finally {
    database.close();
  }
}

async function fromPostgres(connectionString: string): Promise<StoreTables> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    return await tablesBy(async (text) => (await client.query<Row>(text)).rows);
  } finally {
    await client.end();
  }
}

async function tablesBy(ask: Ask): Promise<StoreTables> {
  const tasks = await ask('SELECT id, kind, state, ended, ended_at, fence_generation, fence_n FROM tasks');
  const attempts = await ask('SELECT * FROM attempts');
  const leases = await ask('SELECT id, resource_id, mode, task_id, released_at FROM leases');
  const requests = await ask('SELECT task_id FROM lease_requests');
  const events = await ask(
    'SELECT attempt_id, COUNT(*) AS count, MAX(n) AS highest FROM attempt_events GROUP BY attempt_id',
  );
  return {
    tasks: tasks.map(taskOf),
    attempts: attempts.map(attemptOf),
    leases: leases.map((row) => ({
      id: text(row['id']),
      resourceId: text(row['resource_id']),
      mode: text(row['mode']),
      taskId: text(row['task_id']),
      releasedAt: numberOrNull(row['released_at']),
    })),
    requests: requests.map((row) => text(row['task_id'])),
    events: new Map(
      events.map((row) => [
        text(row['attempt_id']),
        { count: Number(row['count']), highest: Number(row['highest']) },
      ]),
    ),
  };
}

function taskOf(row: Row): TaskRow {
  return {
    id: text(row['id']),
    kind: text(row['kind']),
    state: text(row['state']),
    ended: Number(row['ended']) === 1,
    endedAt: numberOrNull(row['ended_at']),
    fence: [Number(row['fence_generation']), Number(row['fence_n'])],
  };
}

function attemptOf(row: Row): AttemptRow {
  return {
    id: text(row['id']),
    taskId: text(row['task_id']),
    action: text(row['action']),
    workerId: text(row['worker_id']),
    try: Number(row['try']),
    leaseId: text(row['lease_id']),
    fence: [Number(row['fence_generation']), Number(row['fence_n'])],
    state: text(row['state']),
    outcome: json(row['outcome']) as AttemptRow['outcome'],
    report: json(row['report']) as AttemptRow['report'],
    outputLength: Number(row['output_length']),
    eventCount: Number(row['event_count']),
    verifiedLength: Number(row['verified_length']),
    complete: Number(row['complete']) === 1,
  };
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new Error(`a column of text holds ${typeof value}`);
  return value;
}

function numberOrNull(value: unknown): number | null {
  return value === null ? null : Number(value);
}

function json(value: unknown): unknown {
  return typeof value === 'string' ? JSON.parse(value) : value;
}
