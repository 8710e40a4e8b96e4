/** What people configure, as rows. Names are unique among their kind and parent, whatever their case. */
import type { ResourceRepository } from '../app/ports/resources.ts';
import { aKind, type Resource, type ResourceKind } from '../domain/model/resource.ts';
import type { Sql, SqlValue } from './db.ts';
import { orConflict } from './unique.ts';

interface ResourceRow {
  space_id: string;
  id: string;
  kind: string;
  name: string;
  parent_id: string;
  body: string;
  version: number;
  created_at: number;
  changed_at: number;
}

const COLUMNS = 'space_id, id, kind, name, parent_id, body, version, created_at, changed_at';

export function resourceRepository(sql: Sql): ResourceRepository {
  const one = async (where: string, ...params: SqlValue[]): Promise<Resource | undefined> => {
    const row = await sql.get<ResourceRow>(`SELECT ${COLUMNS} FROM resources WHERE ${where}`, ...params);
    return row === undefined ? undefined : fromRow(row);
  };
  const many = async (where: string, ...params: SqlValue[]): Promise<Resource[]> => {
    const rows = await sql.all<ResourceRow>(
      `SELECT ${COLUMNS} FROM resources WHERE ${where} ORDER BY kind, name_key, id`,
      ...params,
    );
    return rows.map(fromRow);
  };
  return {
    async insert(resource) {
      await orConflict(
        taken(resource),
        sql.run(
          `INSERT INTO resources (${COLUMNS}, name_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
          resource.spaceId,
          resource.id,
          resource.kind,
          resource.name,
          resource.parentId,
          JSON.stringify(resource.body),
          resource.version,
          resource.createdAt,
          resource.changedAt,
          resource.name.toLowerCase(),
        ),
      );
    },
    get: (spaceId, id) => one('space_id = ? AND id = ?', spaceId, id),
    byName: async <Kind extends ResourceKind>(spaceId: string, kind: Kind, name: string, parentId = '') =>
      (await one(
        'space_id = ? AND kind = ? AND parent_id = ? AND name_key = ?',
        ...[spaceId, kind, parentId, name.toLowerCase()],
      )) as Resource<Kind> | undefined,
    list: async <Kind extends ResourceKind>(spaceId: string, kind: Kind, parentId?: string) =>
      (parentId === undefined
        ? await many('space_id = ? AND kind = ?', spaceId, kind)
        : await many(
            'space_id = ? AND kind = ? AND parent_id = ?',
            spaceId,
            kind,
            parentId,
          )) as Resource<Kind>[],
    versions: (spaceId, kind) =>
      sql.all('SELECT id, version FROM resources WHERE space_id = ? AND kind = ?', spaceId, kind),
    all: (spaceId) => many('space_id = ?', spaceId),
    async update(resource, expected) {
      const changed = await orConflict(
        taken(resource),
        sql.run(
          `UPDATE resources SET name = ?, name_key = ?, body = ?, version = ?, changed_at = ?
            WHERE space_id = ? AND id = ? AND version = ?`,
          resource.name,
          resource.name.toLowerCase(),
          JSON.stringify(resource.body),
          resource.version,
          resource.changedAt,
          resource.spaceId,
          resource.id,
          expected,
        ),
      );
      return changed > 0;
    },
    async delete(spaceId, id, expected) {
      const gone =
        expected === undefined
          ? await sql.run('DELETE FROM resources WHERE space_id = ? AND id = ?', spaceId, id)
          : await sql.run(
              'DELETE FROM resources WHERE space_id = ? AND id = ? AND version = ?',
              ...[spaceId, id, expected],
            );
      return gone > 0;
    },
  };
}

function taken({ kind, name }: Resource): string {
  return `There is ${aKind(kind)} "${name}" already`;
}

function fromRow(row: ResourceRow): Resource {
  return {
    spaceId: row.space_id,
    id: row.id,
    kind: row.kind as ResourceKind,
    name: row.name,
    parentId: row.parent_id,
    body: JSON.parse(row.body) as Resource['body'],
    version: row.version,
    createdAt: row.created_at,
    changedAt: row.changed_at,
  };
}
