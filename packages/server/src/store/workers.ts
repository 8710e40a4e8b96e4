/**
 * Workers as rows, and which pools they are in (`worker_pools`). A worker's
 * id is its agent's id and unique over all spaces.
 */
import type { WorkerRepository } from '../app/ports/machines.ts';
import type { HealthState, Worker } from '../domain/worker.ts';
import type { Sql, SqlValue } from './db.ts';
import { orConflict } from './unique.ts';

interface WorkerRow {
  space_id: string;
  id: string;
  name: string;
  mode: string;
  address: string;
  key_fingerprint: string;
  labels: string;
  slots: number;
  enabled: number;
  draining: number;
  locked: string;
  quarantined: string;
  revoked: number;
  ephemeral: number;
  version: string;
  facts: string | null;
  incarnation: string | null;
  health: string;
  health_reason: string;
  health_at: number;
  connected_at: number | null;
  last_seen_at: number | null;
  created_at: number;
  pool_ids: string | null;
}

/** Columns that may change, in the order of `changing()`. */
const CHANGING = [
  'name',
  'name_key',
  'mode',
  'address',
  'key_fingerprint',
  'labels',
  'slots',
  'enabled',
  'draining',
  'locked',
  'quarantined',
  'revoked',
  'ephemeral',
  'version',
  'facts',
  'incarnation',
  'health',
  'health_reason',
  'health_at',
  'connected_at',
  'last_seen_at',
] as const;

const SELECT = `SELECT w.*, (SELECT string_agg(m.pool_id, ',') FROM worker_pools m
  WHERE m.space_id = w.space_id AND m.worker_id = w.id) AS pool_ids FROM workers w`;

export function workerRepository(sql: Sql): WorkerRepository {
  return {
    async insert(worker) {
      const columns = ['space_id', 'id', 'created_at', ...CHANGING];
      await orConflict(
        `There is a worker "${worker.name}" already`,
        sql.run(
          `INSERT INTO workers (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
          worker.spaceId,
          worker.id,
          worker.createdAt,
          ...changing(worker),
        ),
      );
      await putPools(sql, worker);
    },
    async get(spaceId, id) {
      return toWorker(await sql.get<WorkerRow>(`${SELECT} WHERE w.space_id = ? AND w.id = ?`, spaceId, id));
    },
    async find(id) {
      return toWorker(await sql.get<WorkerRow>(`${SELECT} WHERE w.id = ?`, id));
    },
    async byName(spaceId, name) {
      return toWorker(
        await sql.get<WorkerRow>(
          `${SELECT} WHERE w.space_id = ? AND w.name_key = ?`,
          spaceId,
          name.toLowerCase(),
        ),
      );
    },
    async list(spaceId, filter = {}) {
      const rows =
        filter.poolId === undefined
          ? await sql.all<WorkerRow>(`${SELECT} WHERE w.space_id = ? ORDER BY w.name_key`, spaceId)
          : await sql.all<WorkerRow>(
              `${SELECT} WHERE w.space_id = ? AND w.id IN
                (SELECT p.worker_id FROM worker_pools p WHERE p.space_id = ? AND p.pool_id = ?) ORDER BY w.name_key`,
              spaceId,
              spaceId,
              filter.poolId,
            );
      return rows.map(fromRow);
    },
    async listening() {
      const rows = await sql.all<WorkerRow>(`${SELECT} WHERE w.mode = 'listening' ORDER BY w.id`);
      return rows.map(fromRow);
    },
    async update(worker) {
      await orConflict(
        `There is a worker "${worker.name}" already`,
        sql.run(
          `UPDATE workers SET ${CHANGING.map((column) => `${column} = ?`).join(', ')} WHERE space_id = ? AND id = ?`,
          ...changing(worker),
          worker.spaceId,
          worker.id,
        ),
      );
      await changePools(sql, worker);
    },
    async delete(spaceId, id) {
      await sql.run('DELETE FROM worker_pools WHERE space_id = ? AND worker_id = ?', spaceId, id);
      await sql.run('DELETE FROM health_records WHERE space_id = ? AND worker_id = ?', spaceId, id);
      await sql.run('DELETE FROM health_checks WHERE space_id = ? AND worker_id = ?', spaceId, id);
      await sql.run('DELETE FROM workers WHERE space_id = ? AND id = ?', spaceId, id);
    },
  };
}

function changing(worker: Worker): SqlValue[] {
  return [
    worker.name,
    worker.name.toLowerCase(),
    worker.mode,
    worker.address,
    worker.keyFingerprint,
    JSON.stringify(worker.labels),
    worker.slots,
    Number(worker.enabled),
    Number(worker.draining),
    worker.locked,
    worker.quarantined,
    Number(worker.revoked),
    Number(worker.ephemeral),
    worker.version,
    worker.facts === null ? null : JSON.stringify(worker.facts),
    worker.incarnation === null ? null : JSON.stringify(worker.incarnation),
    worker.health,
    worker.healthReason,
    worker.healthAt,
    worker.connectedAt,
    worker.lastSeenAt,
  ];
}

/** Workers change often (seen, health), their pools rarely: only what differs is written. */
async function changePools(sql: Sql, worker: Worker): Promise<void> {
  const rows = await sql.all<{ pool_id: string }>(
    'SELECT pool_id FROM worker_pools WHERE space_id = ? AND worker_id = ?',
    worker.spaceId,
    worker.id,
  );
  const stored = rows.map((row) => row.pool_id);
  if (stored.length === worker.poolIds.length && stored.every((id) => worker.poolIds.includes(id))) return;
  await sql.run('DELETE FROM worker_pools WHERE space_id = ? AND worker_id = ?', worker.spaceId, worker.id);
  await putPools(sql, worker);
}

async function putPools(sql: Sql, worker: Worker): Promise<void> {
  for (const poolId of new Set(worker.poolIds)) {
    await sql.run(
      'INSERT INTO worker_pools (space_id, worker_id, pool_id) VALUES (?, ?, ?)',
      worker.spaceId,
      worker.id,
      poolId,
    );
  }
}

function toWorker(row: WorkerRow | undefined): Worker | undefined {
  return row === undefined ? undefined : fromRow(row);
}

function fromRow(row: WorkerRow): Worker {
  return {
    spaceId: row.space_id,
    id: row.id,
    name: row.name,
    mode: row.mode as Worker['mode'],
    address: row.address,
    keyFingerprint: row.key_fingerprint,
    poolIds: row.pool_ids === null ? [] : row.pool_ids.split(',').sort(),
    labels: JSON.parse(row.labels) as Record<string, string>,
    slots: row.slots,
    enabled: row.enabled === 1,
    draining: row.draining === 1,
    locked: row.locked,
    quarantined: row.quarantined,
    revoked: row.revoked === 1,
    ephemeral: row.ephemeral === 1,
    version: row.version,
    facts: row.facts === null ? null : (JSON.parse(row.facts) as Worker['facts']),
    incarnation: row.incarnation === null ? null : (JSON.parse(row.incarnation) as Worker['incarnation']),
    health: row.health as HealthState,
    healthReason: row.health_reason,
    healthAt: row.health_at,
    connectedAt: row.connected_at,
    lastSeenAt: row.last_seen_at,
    createdAt: row.created_at,
  };
}
