/** Agent packages as rows, their bytes in rows of one piece each. */
import type { AgentPackage, PackageRepository } from '../app/ports/packages.ts';
import { PACKAGE_CHUNK_BYTES } from '../limits.ts';
import type { Sql } from './db.ts';
import { orConflict } from './unique.ts';

interface PackageRow {
  space_id: string;
  id: string;
  version: string;
  os: string;
  arch: string;
  min_node: string;
  digest: string;
  length: number;
  created_at: number;
  created_by: string;
}

const COLUMNS = 'space_id, id, version, os, arch, min_node, digest, length, created_at, created_by';

export function packageRepository(sql: Sql): PackageRepository {
  return {
    async insert(one, bytes) {
      await orConflict(
        `There is an agent package of version ${one.version} for ${one.os} ${one.arch} already: delete it first`,
        sql.run(
          `INSERT INTO agent_packages (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
          one.spaceId,
          one.id,
          one.version,
          one.os,
          one.arch,
          one.minNode,
          one.digest,
          one.length,
          one.createdAt,
          one.createdBy,
        ),
      );
      for (let at = 0; at < bytes.length; at += PACKAGE_CHUNK_BYTES) {
        await sql.run(
          'INSERT INTO agent_package_chunks (digest, start_offset, bytes) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
          one.digest,
          at,
          bytes.subarray(at, at + PACKAGE_CHUNK_BYTES),
        );
      }
    },
    async get(spaceId, id) {
      const row = await sql.get<PackageRow>(
        `SELECT ${COLUMNS} FROM agent_packages WHERE space_id = ? AND id = ?`,
        spaceId,
        id,
      );
      return row === undefined ? undefined : fromRow(row);
    },
    async list(spaceId) {
      const rows = await sql.all<PackageRow>(
        `SELECT ${COLUMNS} FROM agent_packages WHERE space_id = ? ORDER BY id DESC`,
        spaceId,
      );
      return rows.map(fromRow);
    },
    async delete({ spaceId, id, digest }) {
      await sql.run('DELETE FROM agent_packages WHERE space_id = ? AND id = ?', spaceId, id);
      await sql.run(
        'DELETE FROM agent_package_chunks WHERE digest = ? AND NOT EXISTS (SELECT 1 FROM agent_packages WHERE digest = ?)',
        digest,
        digest,
      );
    },
    async piece(digest, offset) {
      const row = await sql.get<{ start_offset: number; bytes: Uint8Array }>(
        'SELECT start_offset, bytes FROM agent_package_chunks WHERE digest = ? AND start_offset <= ? ORDER BY start_offset DESC LIMIT 1',
        digest,
        offset,
      );
      const piece = row?.bytes.subarray(offset - row.start_offset);
      return piece === undefined || piece.length === 0 ? undefined : piece;
    },
  };
}

function fromRow(row: PackageRow): AgentPackage {
  return {
    spaceId: row.space_id,
    id: row.id,
    version: row.version,
    os: row.os,
    arch: row.arch,
    minNode: row.min_node,
    digest: row.digest,
    length: row.length,
    createdAt: row.created_at,
    createdBy: row.created_by,
  };
}
