/** Times of triggers as rows. A row is changed only by who knows how far it is: of two nodes one has its way. */
import type { TriggerRepository } from '../app/ports/triggers.ts';
import type { Told, TriggerRecord } from '../domain/trigger-time.ts';
import type { Sql, SqlValue } from './db.ts';

interface TriggerRow {
  space_id: string;
  project_id: string;
  name: string;
  schedule: string;
  due_at: number;
  last_run: string | null;
  last_failure: string | null;
  last_idle: string | null;
}

const COLUMNS = 'space_id, project_id, name, schedule, due_at, last_run, last_failure, last_idle';
const KEY = 'space_id = ? AND project_id = ? AND name = ?';

export function triggerRepository(sql: Sql): TriggerRepository {
  const all = async (where: string, ...params: SqlValue[]): Promise<TriggerRecord[]> =>
    (
      await sql.all<TriggerRow>(
        `SELECT ${COLUMNS} FROM trigger_times WHERE ${where} ORDER BY project_id, name`,
        ...params,
      )
    ).map(fromRow);
  return {
    list: (spaceId, projectId) =>
      projectId === undefined
        ? all('space_id = ?', spaceId)
        : all('space_id = ? AND project_id = ?', spaceId, projectId),
    get: async (spaceId, projectId, name) => (await all(KEY, spaceId, projectId, name))[0],
    async put(record, was) {
      const { spaceId, projectId, name, schedule, dealtWith } = record;
      const key = [spaceId, projectId, name];
      const body = [
        schedule,
        dealtWith,
        orNull(record.lastRun),
        orNull(record.lastFailure),
        orNull(record.lastIdle),
      ];
      const changed =
        was === null
          ? await sql.run(
              `INSERT INTO trigger_times (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (space_id, project_id, name) DO NOTHING`,
              ...key,
              ...body,
            )
          : await sql.run(
              `UPDATE trigger_times SET schedule = ?, due_at = ?, last_run = ?, last_failure = ?, last_idle = ?
                WHERE ${KEY} AND due_at = ?`,
              ...body,
              ...key,
              was,
            );
      return changed === 1;
    },
    async remove(spaceId, projectId, name) {
      await sql.run(`DELETE FROM trigger_times WHERE ${KEY}`, spaceId, projectId, name);
    },
  };
}

function orNull(value: object | null): string | null {
  return value === null ? null : JSON.stringify(value);
}

function fromRow(row: TriggerRow): TriggerRecord {
  const told = (text: string | null): Told | null => (text === null ? null : (JSON.parse(text) as Told));
  return {
    spaceId: row.space_id,
    projectId: row.project_id,
    name: row.name,
    schedule: row.schedule,
    dealtWith: row.due_at,
    lastRun: row.last_run === null ? null : (JSON.parse(row.last_run) as TriggerRecord['lastRun']),
    lastFailure: told(row.last_failure),
    lastIdle: told(row.last_idle),
  };
}
