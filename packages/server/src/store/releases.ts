/** Releases, snapshots, and which snapshot of a runbook is published, as rows. */
import type { RunRepository } from '../app/ports/runs.ts';
import type { Release, Snapshot } from '../domain/deployment/release.ts';
import type { Sql, SqlValue } from './db.ts';
import { orConflict } from './unique.ts';
import { Where } from './where.ts';

interface SnapshotRow {
  space_id: string;
  id: string;
  project_id: string;
  runbook_id: string;
  body: string;
  created_at: number;
}

interface ReleaseRow {
  space_id: string;
  id: string;
  project_id: string;
  version: string;
  channel: string;
  snapshot_id: string;
  notes: string;
  blocked: string;
  created_at: number;
  created_by: string;
}

const RELEASE =
  'space_id, id, project_id, version, channel, snapshot_id, notes, blocked, created_at, created_by';

type Releases = Pick<
  RunRepository,
  | 'insertSnapshot'
  | 'snapshot'
  | 'publish'
  | 'published'
  | 'unpublish'
  | 'insertRelease'
  | 'release'
  | 'releaseOf'
  | 'releases'
  | 'newestRelease'
  | 'updateRelease'
  | 'deleteRelease'
>;

export function releaseRepository(sql: Sql): Releases {
  const releases = async (rest: string, ...params: SqlValue[]): Promise<Release[]> =>
    (await sql.all<ReleaseRow>(`SELECT ${RELEASE} FROM releases WHERE ${rest}`, ...params)).map(toRelease);
  return {
    async insertSnapshot({ spaceId, id, projectId, runbookId, process, variables, createdAt }) {
      await sql.run(
        'INSERT INTO snapshots (space_id, id, project_id, runbook_id, body, created_at) VALUES (?, ?, ?, ?, ?, ?)',
        spaceId,
        id,
        projectId,
        runbookId,
        JSON.stringify({ process, variables }),
        createdAt,
      );
    },
    async snapshot(spaceId, id) {
      const row = await sql.get<SnapshotRow>(
        'SELECT * FROM snapshots WHERE space_id = ? AND id = ?',
        spaceId,
        id,
      );
      return row === undefined ? undefined : toSnapshot(row);
    },
    async publish({ spaceId, runbookId, snapshotId, publishedAt, publishedBy }) {
      await sql.run(
        `INSERT INTO published_snapshots (space_id, runbook_id, snapshot_id, published_at, published_by) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (space_id, runbook_id) DO UPDATE SET snapshot_id = excluded.snapshot_id,
           published_at = excluded.published_at, published_by = excluded.published_by`,
        spaceId,
        runbookId,
        snapshotId,
        publishedAt,
        publishedBy,
      );
    },
    async published(spaceId, runbookId) {
      const row = await sql.get<{ snapshot_id: string; published_at: number; published_by: string }>(
        'SELECT snapshot_id, published_at, published_by FROM published_snapshots WHERE space_id = ? AND runbook_id = ?',
        spaceId,
        runbookId,
      );
      if (row === undefined) return undefined;
      const { snapshot_id: snapshotId, published_at: publishedAt, published_by: publishedBy } = row;
      return { spaceId, runbookId, snapshotId, publishedAt, publishedBy };
    },
    async unpublish(spaceId, runbookId) {
      await sql.run(
        'DELETE FROM published_snapshots WHERE space_id = ? AND runbook_id = ?',
        spaceId,
        runbookId,
      );
    },
    async insertRelease(release) {
      await orConflict(
        `There is a release ${release.version} of this project already`,
        sql.run(
          `INSERT INTO releases (${RELEASE}, version_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
          release.spaceId,
          release.id,
          release.projectId,
          release.version,
          release.channel,
          release.snapshotId,
          release.notes,
          release.blocked,
          release.createdAt,
          release.createdBy,
          release.version.toLowerCase(),
        ),
      );
    },
    release: async (spaceId, id) => (await releases('space_id = ? AND id = ?', spaceId, id))[0],
    releaseOf: async (spaceId, projectId, version) =>
      (
        await releases(
          'space_id = ? AND project_id = ? AND version_key = ?',
          spaceId,
          projectId,
          version.toLowerCase(),
        )
      )[0],
    async releases(spaceId, { projectId, channel, before, limit }) {
      const where = new Where(spaceId);
      where.and('project_id = ?', projectId);
      where.and('LOWER(channel) = ?', channel?.toLowerCase());
      where.and('id < ?', before);
      return releases(`${where.text} ORDER BY id DESC LIMIT ?`, ...where.params, limit);
    },
    async newestRelease(spaceId, { projectId, channel, deployedTo }) {
      const where = new Where(spaceId);
      where.and('project_id = ?', projectId);
      where.and('LOWER(channel) = ?', channel?.toLowerCase());
      if (deployedTo === undefined)
        return (await releases(`${where.text} ORDER BY id DESC LIMIT 1`, ...where.params))[0];
      const found = await releases(
        `${where.text} AND EXISTS (SELECT 1 FROM runs WHERE runs.space_id = releases.space_id
           AND runs.release_id = releases.id AND environment_id = ? AND tenant_id = ? AND succeeded = 1)
         ORDER BY id DESC LIMIT 1`,
        ...where.params,
        deployedTo.environmentId,
        deployedTo.tenantId,
      );
      return found[0];
    },
    async updateRelease({ spaceId, id, notes, snapshotId, blocked }) {
      await sql.run(
        'UPDATE releases SET notes = ?, snapshot_id = ?, blocked = ? WHERE space_id = ? AND id = ?',
        notes,
        snapshotId,
        blocked,
        spaceId,
        id,
      );
    },
    async deleteRelease(spaceId, id) {
      await sql.run('DELETE FROM releases WHERE space_id = ? AND id = ?', spaceId, id);
    },
  };
}

function toSnapshot(row: SnapshotRow): Snapshot {
  return {
    spaceId: row.space_id,
    id: row.id,
    projectId: row.project_id,
    runbookId: row.runbook_id,
    ...(JSON.parse(row.body) as Pick<Snapshot, 'process' | 'variables'>),
    createdAt: row.created_at,
  };
}

function toRelease(row: ReleaseRow): Release {
  return {
    spaceId: row.space_id,
    id: row.id,
    projectId: row.project_id,
    version: row.version,
    channel: row.channel,
    snapshotId: row.snapshot_id,
    notes: row.notes,
    blocked: row.blocked,
    createdAt: row.created_at,
    createdBy: row.created_by,
  };
}
