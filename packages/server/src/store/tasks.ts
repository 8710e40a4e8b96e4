/** Tasks and their log as rows. `spec` never changes, so that an update does not write it again. */
import type { TaskLogLevel, TaskRepository } from '../app/ports/tasks.ts';
import { isEnded } from '../domain/task-transition.ts';
import { scriptOf, type Task, type TaskSpec, type TaskState } from '../domain/task.ts';
import type { Sql, SqlValue } from './db.ts';

interface TaskRow {
  space_id: string;
  id: string;
  kind: string;
  name: string;
  state: string;
  spec: string;
  ticket: number;
  node_id: string | null;
  epoch: number;
  fence_generation: number;
  fence_n: number;
  wait_reason: string;
  timeout_ms: number;
  cancel_requested_at: number | null;
  message: string;
  created_at: number;
  started_at: number | null;
  ended_at: number | null;
  created_by: string;
}

interface LogRow {
  n: number;
  time: number;
  level: string;
  text: string;
  attempt_id: string;
  activity: string;
}

const CHANGING = [
  'state',
  'ended',
  'node_id',
  'epoch',
  'fence_generation',
  'fence_n',
  'wait_reason',
  'cancel_requested_at',
  'message',
  'started_at',
  'ended_at',
] as const;
const FIXED = [
  'space_id',
  'id',
  'kind',
  'name',
  'spec',
  'pool_id',
  'ticket',
  'timeout_ms',
  'created_at',
  'created_by',
] as const;

const INSERT = `INSERT INTO tasks (${[...FIXED, ...CHANGING].join(', ')}) VALUES (${[...FIXED, ...CHANGING].map(() => '?').join(', ')})`;
// A wish to cancel that another node left is not overwritten by an owner that has not heard of it.
const SET = CHANGING.map((column) =>
  column === 'cancel_requested_at' ? `${column} = COALESCE(?, ${column})` : `${column} = ?`,
).join(', ');
const UPDATE = `UPDATE tasks SET ${SET} WHERE space_id = ? AND id = ?`;
const UPDATE_OWNED = `${UPDATE} AND node_id = ? AND epoch = ?`;
const UPDATE_FREE = `${UPDATE} AND node_id IS NULL`;
const APPEND = `INSERT INTO task_log (space_id, task_id, n, time, level, text, attempt_id, activity) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT DO NOTHING`;
const APPEND_NEXT = `INSERT INTO task_log (space_id, task_id, n, time, level, text, attempt_id, activity)
  SELECT ?, ?, COALESCE(MAX(n), 0) + 1, CAST(? AS BIGINT), ?, ?, ?, ? FROM task_log WHERE space_id = ? AND task_id = ? RETURNING n`;

export function taskRepository(sql: Sql): TaskRepository {
  return {
    async insert(task) {
      const target = scriptOf(task)?.target;
      const poolId = target?.kind === 'pool' ? target.poolId : null;
      await sql.run(
        INSERT,
        task.spaceId,
        task.id,
        task.kind,
        task.name,
        JSON.stringify(task.spec),
        poolId,
        task.ticket,
        task.timeoutMs,
        task.createdAt,
        task.createdBy,
        ...changing(task),
      );
    },
    async get(spaceId, id) {
      const row = await sql.get<TaskRow>('SELECT * FROM tasks WHERE space_id = ? AND id = ?', spaceId, id);
      return row === undefined ? undefined : fromRow(row);
    },
    async list(spaceId, filter) {
      const where = ['space_id = ?'];
      const params: SqlValue[] = [spaceId];
      const and = (condition: string, ...values: SqlValue[]): void => {
        where.push(condition);
        params.push(...values);
      };
      if (filter.states !== undefined) andState(and, filter.states);
      if (filter.kind !== undefined) and('kind = ?', filter.kind);
      if (filter.poolId !== undefined) and('pool_id = ?', filter.poolId);
      if (filter.workerId !== undefined) {
        and(
          'id IN (SELECT l.task_id FROM leases l WHERE l.space_id = ? AND l.resource_id = ?)',
          spaceId,
          filter.workerId,
        );
      }
      if (filter.before !== undefined) and('id < ?', filter.before);
      const rows = await sql.all<TaskRow>(
        `SELECT * FROM tasks WHERE ${where.join(' AND ')} ORDER BY id DESC LIMIT ?`,
        ...params,
        filter.limit,
      );
      return rows.map(fromRow);
    },
    async ownedBy(nodeId) {
      return (
        await sql.all<TaskRow>('SELECT * FROM tasks WHERE node_id = ? AND ended = 0 ORDER BY ticket', nodeId)
      ).map(fromRow);
    },
    async owners() {
      const rows = await sql.all<{ node_id: string }>(
        'SELECT DISTINCT node_id FROM tasks WHERE ended = 0 AND node_id IS NOT NULL',
      );
      return rows.map((row) => row.node_id);
    },
    async askedToCancel(nodeId) {
      const rows = await sql.all<{ id: string }>(
        `SELECT id FROM tasks WHERE node_id = ? AND ended = 0 AND cancel_requested_at IS NOT NULL AND state <> 'cancelling'`,
        nodeId,
      );
      return rows.map((row) => row.id);
    },
    async update(task, owner) {
      const values: SqlValue[] = [...changing(task), task.spaceId, task.id];
      if (owner === undefined) return (await sql.run(UPDATE, ...values)) > 0;
      if (owner.nodeId === null) return (await sql.run(UPDATE_FREE, ...values)) > 0;
      return (await sql.run(UPDATE_OWNED, ...values, owner.nodeId, owner.epoch)) > 0;
    },
    async requestCancel(spaceId, id, at) {
      await sql.run(
        'UPDATE tasks SET cancel_requested_at = ? WHERE space_id = ? AND id = ? AND ended = 0 AND cancel_requested_at IS NULL',
        at,
        spaceId,
        id,
      );
    },
    async appendLog({ spaceId, id }, entry, after) {
      const { time, level, text, attemptId, activity } = entry;
      if (after !== undefined) {
        const n = after + 1;
        // Another owner may have written meanwhile.
        const added = await sql.run(APPEND, spaceId, id, n, time, level, text, attemptId, activity);
        if (added > 0) return { ...entry, n };
      }
      const next = [spaceId, id, time, level, text, attemptId, activity, spaceId, id];
      const row = await sql.get<{ n: number }>(APPEND_NEXT, ...next);
      return { ...entry, n: row?.n ?? 0 };
    },
    async log(spaceId, taskId, afterN, limit) {
      const rows = await sql.all<LogRow>(
        'SELECT n, time, level, text, attempt_id, activity FROM task_log WHERE space_id = ? AND task_id = ? AND n > ? ORDER BY n LIMIT ?',
        spaceId,
        taskId,
        afterN,
        limit,
      );
      return rows.map((row) => ({
        n: row.n,
        time: row.time,
        level: row.level as TaskLogLevel,
        text: row.text,
        attemptId: row.attempt_id,
        activity: row.activity,
      }));
    },
    async countByState() {
      const rows = await sql.all<{ state: string; n: number }>(
        'SELECT state, COUNT(*) AS n FROM tasks WHERE ended = 0 GROUP BY state',
      );
      return Object.fromEntries(rows.map((row) => [row.state, row.n]));
    },
  };
}

/** Each kind of state by the index that holds it: those that ended, and the few that have not. */
function andState(
  and: (condition: string, ...values: SqlValue[]) => void,
  states: readonly TaskState[],
): void {
  const listed = `state IN (${states.map(() => '?').join(', ') || 'NULL'})`;
  if (states.every(isEnded)) and(`ended = 1 AND ${listed}`, ...states);
  else if (states.some(isEnded)) and(listed, ...states);
  else and(`id IN (SELECT u.id FROM tasks u WHERE u.ended = 0 AND u.${listed})`, ...states);
}

function changing(task: Task): SqlValue[] {
  return [
    task.state,
    Number(task.endedAt !== null),
    task.nodeId,
    task.epoch,
    task.fence.generation,
    task.fence.n,
    task.waitReason,
    task.cancelRequestedAt,
    task.message,
    task.startedAt,
    task.endedAt,
  ];
}

function fromRow(row: TaskRow): Task {
  return {
    spaceId: row.space_id,
    id: row.id,
    kind: row.kind as Task['kind'],
    name: row.name,
    state: row.state as TaskState,
    spec: JSON.parse(row.spec) as TaskSpec,
    ticket: row.ticket,
    nodeId: row.node_id,
    epoch: row.epoch,
    fence: { generation: row.fence_generation, n: row.fence_n },
    waitReason: row.wait_reason,
    timeoutMs: row.timeout_ms,
    cancelRequestedAt: row.cancel_requested_at,
    message: row.message,
    createdAt: row.created_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    createdBy: row.created_by,
  };
}
