/** Attempts, their events and artifacts as rows. Output bytes are not here (logs/). */
import type {
  ArtifactRecord,
  AttemptEventRecord,
  AttemptRepository,
  OperatorsWord,
} from '../app/ports/attempts.ts';
import type { Attempt, AttemptReport, AttemptState, SegmentRange } from '../domain/attempt.ts';
import type { Incarnation } from '../domain/incarnation.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { Sql, SqlValue } from './db.ts';

interface AttemptRow {
  space_id: string;
  id: string;
  task_id: string;
  action: string;
  worker_id: string;
  try: number;
  lease_id: string;
  fence_generation: number;
  fence_n: number;
  state: string;
  incarnation: string | null;
  output_length: number;
  event_count: number;
  verified_length: number;
  segment_digests: string;
  segment_ranges: string;
  outcome: string | null;
  report: string | null;
  complete: number;
  created_at: number;
  started_at: number | null;
  ended_at: number | null;
}

interface EventRow {
  n: number;
  at_offset: number;
  time: number;
  kind: string;
  body: string;
}

interface ArtifactRow {
  space_id: string;
  id: string;
  task_id: string;
  attempt_id: string;
  idx: number;
  name: string;
  length: number;
  digest: string;
  error: string;
  created_at: number;
}

interface WordRow {
  space_id: string;
  attempt_id: string;
  task_id: string;
  said_by: string;
}

const FIXED = ['space_id', 'id', 'task_id', 'action', 'worker_id', 'try', 'lease_id', 'created_at'] as const;
const CHANGING = [
  'fence_generation',
  'fence_n',
  'state',
  'incarnation',
  'output_length',
  'event_count',
  'verified_length',
  'segment_digests',
  'segment_ranges',
  'outcome',
  'report',
  'complete',
  'started_at',
  'ended_at',
] as const;
const ALL = [...FIXED, ...CHANGING];
const INSERT = `INSERT INTO attempts (${ALL.join(', ')}) VALUES (${ALL.map(() => '?').join(', ')})`;
const UPDATE = `UPDATE attempts SET ${CHANGING.map((column) => `${column} = ?`).join(', ')} WHERE space_id = ? AND id = ?
  AND (fence_generation < ? OR (fence_generation = ? AND fence_n <= ?))`;

export function attemptRepository(sql: Sql): AttemptRepository {
  const many = async (where: string, ...params: SqlValue[]): Promise<Attempt[]> =>
    (await sql.all<AttemptRow>(`SELECT * FROM attempts WHERE ${where}`, ...params)).map(fromRow);
  const one = async (where: string, ...params: SqlValue[]): Promise<Attempt | undefined> =>
    (await many(where, ...params))[0];
  return {
    async insert(attempt) {
      const { spaceId, id, taskId, action, workerId, leaseId, createdAt } = attempt;
      await sql.run(
        INSERT,
        spaceId,
        id,
        taskId,
        action,
        workerId,
        attempt.try,
        leaseId,
        createdAt,
        ...changing(attempt),
      );
    },
    get: (spaceId, id) => one('space_id = ? AND id = ?', spaceId, id),
    // Each space has a book: so the key serves, and no index of ids alone is kept for it.
    find: (id) => one('space_id IN (SELECT space_id FROM lease_books) AND id = ?', id),
    // In the order of their leases' fences, which rise whatever the clocks of the nodes that made them show.
    ofTask: (spaceId, taskId) =>
      many(
        `space_id = ? AND task_id = ? ORDER BY
          (SELECT l.fence_n FROM leases l WHERE l.space_id = attempts.space_id AND l.id = attempts.lease_id), id`,
        spaceId,
        taskId,
      ),
    openOnWorker: (workerId) => many('worker_id = ? AND complete = 0 ORDER BY id', workerId),
    async update(attempt) {
      const { generation, n } = attempt.fence;
      const key: SqlValue[] = [attempt.spaceId, attempt.id, generation, generation, n];
      return (await sql.run(UPDATE, ...changing(attempt), ...key)) > 0;
    },
    withOutput: (spaceId, afterId, limit) =>
      many(
        'space_id = ? AND id > ? AND complete = 1 AND output_length > 0 ORDER BY id LIMIT ?',
        spaceId,
        afterId,
        limit,
      ),
    async putScript({ spaceId, id }, sealed) {
      await sql.run(
        'INSERT INTO attempt_scripts (space_id, attempt_id, script) VALUES (?, ?, ?)',
        spaceId,
        id,
        sealed,
      );
    },
    async script({ spaceId, id }) {
      const row = await sql.get<{ script: string }>(
        'SELECT script FROM attempt_scripts WHERE space_id = ? AND attempt_id = ?',
        spaceId,
        id,
      );
      return row?.script;
    },
    async dropScript({ spaceId, id }) {
      await sql.run('DELETE FROM attempt_scripts WHERE space_id = ? AND attempt_id = ?', spaceId, id);
    },
    async appendEvents(attempt, events) {
      for (const { n, atOffset, time, kind, ...body } of events) {
        await sql.run(
          `INSERT INTO attempt_events (space_id, attempt_id, n, at_offset, time, kind, body) VALUES (?, ?, ?, ?, ?, ?, ?)
           ON CONFLICT DO NOTHING`,
          attempt.spaceId,
          attempt.id,
          n,
          atOffset,
          time,
          kind,
          JSON.stringify(body),
        );
      }
    },
    async events(spaceId, attemptId, afterN) {
      const rows = await sql.all<EventRow>(
        'SELECT n, at_offset, time, kind, body FROM attempt_events WHERE space_id = ? AND attempt_id = ? AND n > ? ORDER BY n',
        spaceId,
        attemptId,
        afterN,
      );
      return rows.map(toEvent);
    },
    async putArtifact(artifact) {
      await sql.run(
        `INSERT INTO artifacts (space_id, id, task_id, attempt_id, idx, name, length, digest, error, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (space_id, id) DO UPDATE SET length = excluded.length, digest = excluded.digest, error = excluded.error`,
        artifact.spaceId,
        artifact.id,
        artifact.taskId,
        artifact.attemptId,
        artifact.index,
        artifact.name,
        artifact.length,
        artifact.digest,
        artifact.error,
        artifact.createdAt,
      );
    },
    async artifacts(spaceId, taskId) {
      const rows = await sql.all<ArtifactRow>(
        'SELECT * FROM artifacts WHERE space_id = ? AND task_id = ? ORDER BY attempt_id, idx',
        spaceId,
        taskId,
      );
      return rows.map(toArtifact);
    },
    async artifact(spaceId, id) {
      const row = await sql.get<ArtifactRow>(
        'SELECT * FROM artifacts WHERE space_id = ? AND id = ?',
        spaceId,
        id,
      );
      return row === undefined ? undefined : toArtifact(row);
    },
    async leaveWord({ spaceId, attemptId, taskId, saidBy }) {
      await sql.run(
        `INSERT INTO operators_words (space_id, attempt_id, task_id, said_by) VALUES (?, ?, ?, ?)
         ON CONFLICT (space_id, task_id, attempt_id) DO NOTHING`,
        spaceId,
        attemptId,
        taskId,
        saidBy,
      );
    },
    async words(spaceId, taskId) {
      const rows = await sql.all<WordRow>(
        'SELECT * FROM operators_words WHERE space_id = ? AND task_id = ?',
        spaceId,
        taskId,
      );
      return rows.map(toWord);
    },
    async wordsFor(nodeId) {
      const rows = await sql.all<WordRow>(
        `SELECT w.* FROM operators_words w JOIN tasks t ON t.space_id = w.space_id AND t.id = w.task_id
         WHERE t.node_id = ?`,
        nodeId,
      );
      return rows.map(toWord);
    },
    async takeWord({ spaceId, taskId, attemptId }) {
      await sql.run(
        'DELETE FROM operators_words WHERE space_id = ? AND task_id = ? AND attempt_id = ?',
        spaceId,
        taskId,
        attemptId,
      );
    },
  };
}

function toWord(row: WordRow): OperatorsWord {
  const { space_id: spaceId, attempt_id: attemptId, task_id: taskId, said_by: saidBy } = row;
  return { spaceId, attemptId, taskId, saidBy };
}

function changing(attempt: Attempt): SqlValue[] {
  return [
    attempt.fence.generation,
    attempt.fence.n,
    attempt.state,
    json(attempt.incarnation),
    attempt.outputLength,
    attempt.eventCount,
    attempt.verifiedLength,
    JSON.stringify(attempt.segmentDigests),
    JSON.stringify(attempt.segmentRanges),
    json(attempt.outcome),
    json(attempt.report),
    Number(attempt.complete),
    attempt.startedAt,
    attempt.endedAt,
  ];
}

function json(value: object | null): string | null {
  return value === null ? null : JSON.stringify(value);
}

function parsed(text: string | null): unknown {
  return text === null ? null : JSON.parse(text);
}

function fromRow(row: AttemptRow): Attempt {
  return {
    spaceId: row.space_id,
    id: row.id,
    taskId: row.task_id,
    action: row.action,
    workerId: row.worker_id,
    try: row.try,
    leaseId: row.lease_id,
    fence: { generation: row.fence_generation, n: row.fence_n },
    state: row.state as AttemptState,
    incarnation: parsed(row.incarnation) as Incarnation | null,
    outputLength: row.output_length,
    eventCount: row.event_count,
    verifiedLength: row.verified_length,
    segmentDigests: JSON.parse(row.segment_digests) as string[],
    segmentRanges: JSON.parse(row.segment_ranges) as SegmentRange[],
    outcome: parsed(row.outcome) as Outcome | null,
    report: parsed(row.report) as AttemptReport | null,
    complete: row.complete === 1,
    createdAt: row.created_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
  };
}

function toEvent(row: EventRow): AttemptEventRecord {
  return {
    n: row.n,
    atOffset: row.at_offset,
    time: row.time,
    kind: row.kind,
    ...(JSON.parse(row.body) as object),
  } as AttemptEventRecord;
}

function toArtifact(row: ArtifactRow): ArtifactRecord {
  return {
    spaceId: row.space_id,
    id: row.id,
    taskId: row.task_id,
    attemptId: row.attempt_id,
    index: row.idx,
    name: row.name,
    length: row.length,
    digest: row.digest,
    error: row.error,
    createdAt: row.created_at,
  };
}
