/** Worker pools as rows. Names are unique in a space whatever their case; the database allows one default. */
import type { PoolRepository } from '../app/ports/machines.ts';
import type { Strategy, WorkerPool } from '../domain/pool.ts';
import type { Sql } from './db.ts';
import { orConflict } from './unique.ts';

interface PoolRow {
  space_id: string;
  id: string;
  name: string;
  description: string;
  kind: string;
  strategy: string;
  is_default: number;
  created_at: number;
}

const COLUMNS = 'space_id, id, name, description, kind, strategy, is_default, created_at';

export function poolRepository(sql: Sql): PoolRepository {
  return {
    async insert(pool) {
      await orConflict(
        taken(pool),
        sql.run(
          `INSERT INTO pools (${COLUMNS}, name_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
          pool.spaceId,
          pool.id,
          pool.name,
          pool.description,
          pool.kind,
          pool.strategy,
          Number(pool.isDefault),
          pool.createdAt,
          pool.name.toLowerCase(),
        ),
      );
    },
    async get(spaceId, id) {
      return toPool(
        await sql.get<PoolRow>(`SELECT ${COLUMNS} FROM pools WHERE space_id = ? AND id = ?`, spaceId, id),
      );
    },
    async byName(spaceId, name) {
      return toPool(
        await sql.get<PoolRow>(
          `SELECT ${COLUMNS} FROM pools WHERE space_id = ? AND name_key = ?`,
          spaceId,
          name.toLowerCase(),
        ),
      );
    },
    async list(spaceId) {
      const rows = await sql.all<PoolRow>(
        `SELECT ${COLUMNS} FROM pools WHERE space_id = ? ORDER BY name_key`,
        spaceId,
      );
      return rows.map(fromRow);
    },
    async update(pool) {
      await orConflict(
        taken(pool),
        sql.run(
          `UPDATE pools SET name = ?, name_key = ?, description = ?, kind = ?, strategy = ?, is_default = ?
            WHERE space_id = ? AND id = ?`,
          pool.name,
          pool.name.toLowerCase(),
          pool.description,
          pool.kind,
          pool.strategy,
          Number(pool.isDefault),
          pool.spaceId,
          pool.id,
        ),
      );
    },
    async delete(spaceId, id) {
      await sql.run('DELETE FROM pools WHERE space_id = ? AND id = ?', spaceId, id);
    },
  };
}

function taken(pool: WorkerPool): string {
  return `There is a worker pool "${pool.name}" already, or another default pool was set at the same moment`;
}

function toPool(row: PoolRow | undefined): WorkerPool | undefined {
  return row === undefined ? undefined : fromRow(row);
}

function fromRow(row: PoolRow): WorkerPool {
  return {
    spaceId: row.space_id,
    id: row.id,
    name: row.name,
    description: row.description,
    kind: row.kind as WorkerPool['kind'],
    strategy: row.strategy as Strategy,
    isDefault: row.is_default === 1,
    createdAt: row.created_at,
  };
}
