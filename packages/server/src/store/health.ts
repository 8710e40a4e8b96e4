/** What was found about workers' health, newest kept, and the policies that say how it is found. */
import type { HealthRecord, HealthRepository, MachinePolicy } from '../app/ports/machines.ts';
import type { HealthState } from '../domain/worker.ts';
import { HEALTH_RECORDS_KEPT_PER_WORKER } from '../limits.ts';
import type { Sql } from './db.ts';

interface PolicyRow {
  space_id: string;
  id: string;
  name: string;
  is_default: number;
  health_check_interval_ms: number;
  health_check_script: string;
  health_check_timeout_ms: number;
}

export function healthRepository(sql: Sql): HealthRepository {
  return {
    append: (spaceId, workerId, record) => append(sql, { spaceId, workerId }, record),
    async history(spaceId, workerId, limit) {
      const rows = await sql.all<{ time: number; state: string; reason: string; task_id: string }>(
        `SELECT time, state, reason, task_id FROM health_records WHERE space_id = ? AND worker_id = ?
          ORDER BY n DESC, time DESC LIMIT ?`,
        spaceId,
        workerId,
        limit,
      );
      return rows.map((row) => ({
        time: row.time,
        state: row.state as HealthState,
        reason: row.reason,
        taskId: row.task_id,
      }));
    },
    async askedAt(spaceId, workerId) {
      const row = await sql.get<{ asked_at: number }>(
        'SELECT asked_at FROM health_checks WHERE space_id = ? AND worker_id = ?',
        spaceId,
        workerId,
      );
      return row?.asked_at ?? null;
    },
    async claimCheck(spaceId, workerId, { was, at }) {
      const changed =
        was === null
          ? await sql.run(
              `INSERT INTO health_checks (space_id, worker_id, asked_at) VALUES (?, ?, ?)
                ON CONFLICT (space_id, worker_id) DO NOTHING`,
              spaceId,
              workerId,
              at,
            )
          : await sql.run(
              'UPDATE health_checks SET asked_at = ? WHERE space_id = ? AND worker_id = ? AND asked_at = ?',
              at,
              spaceId,
              workerId,
              was,
            );
      return changed === 1;
    },
    async policies(spaceId) {
      const rows = await sql.all<PolicyRow>(
        'SELECT * FROM machine_policies WHERE space_id = ? ORDER BY id',
        spaceId,
      );
      return rows.map(fromRow);
    },
    async putPolicy(policy) {
      await sql.run(
        `INSERT INTO machine_policies
          (space_id, id, name, is_default, health_check_interval_ms, health_check_script, health_check_timeout_ms)
          VALUES (?, ?, ?, ?, ?, ?, ?)
          ON CONFLICT (space_id, id) DO UPDATE SET name = excluded.name, is_default = excluded.is_default,
            health_check_interval_ms = excluded.health_check_interval_ms,
            health_check_script = excluded.health_check_script,
            health_check_timeout_ms = excluded.health_check_timeout_ms`,
        policy.spaceId,
        policy.id,
        policy.name,
        Number(policy.isDefault),
        policy.healthCheckIntervalMs,
        policy.healthCheckScript,
        policy.healthCheckTimeoutMs,
      );
    },
  };
}

async function append(
  sql: Sql,
  of: { spaceId: string; workerId: string },
  record: HealthRecord,
): Promise<void> {
  const last = await sql.get<{ n: number | null }>(
    'SELECT MAX(n) AS n FROM health_records WHERE space_id = ? AND worker_id = ?',
    of.spaceId,
    of.workerId,
  );
  const n = (last?.n ?? 0) + 1;
  await sql.run(
    'INSERT INTO health_records (space_id, worker_id, n, time, state, reason, task_id) VALUES (?, ?, ?, ?, ?, ?, ?)',
    of.spaceId,
    of.workerId,
    n,
    record.time,
    record.state,
    record.reason,
    record.taskId,
  );
  await sql.run(
    'DELETE FROM health_records WHERE space_id = ? AND worker_id = ? AND n <= ?',
    of.spaceId,
    of.workerId,
    n - HEALTH_RECORDS_KEPT_PER_WORKER,
  );
}

function fromRow(row: PolicyRow): MachinePolicy {
  return {
    spaceId: row.space_id,
    id: row.id,
    name: row.name,
    isDefault: row.is_default === 1,
    healthCheckIntervalMs: row.health_check_interval_ms,
    healthCheckScript: row.health_check_script,
    healthCheckTimeoutMs: row.health_check_timeout_ms,
  };
}
