/**
 * Leases and the queue as rows. A released lease keeps its row as history; a
 * small partial index holds what is held. The space's row in `lease_books` is
 * the lock under which granting happens, and says whether a cache is right.
 */
import { AppError } from '@longshore/base';

import type { BookCounters, LeaseRepository } from '../app/ports/leases.ts';
import type { Lease, LeaseMode, LeaseRequest, Resource } from '../domain/lease.ts';
import type { Sql, SqlValue } from './db.ts';

interface LeaseRow {
  space_id: string;
  id: string;
  resource_kind: string;
  resource_id: string;
  mode: string;
  task_id: string;
  holder_kind: string;
  holder_id: string;
  node_id: string;
  epoch: number;
  fence_generation: number;
  fence_n: number;
  reason: string;
  granted_at: number;
  orphaned_at: number | null;
  released_at: number | null;
  release_reason: string | null;
}

interface RequestRow {
  space_id: string;
  id: string;
  ticket: number;
  task_id: string;
  holder_kind: string;
  holder_id: string;
  mode: string;
  pool_id: string | null;
  wanted: string | null;
  barrier: string | null;
  tools: string;
  exclude: string;
  node_id: string | null;
  priority: number;
  not_before: number | null;
  expires_at: number | null;
  created_at: number;
}

// Lists are ordered by time and not by id alone: for the order of a key SQLite would read all that was ever kept.
export function leaseRepository(sql: Sql): LeaseRepository {
  const leases = async (rest: string, ...params: SqlValue[]): Promise<Lease[]> =>
    (await sql.all<LeaseRow>(`SELECT * FROM leases WHERE ${rest}`, ...params)).map(toLease);
  return {
    async lockGranting(spaceId) {
      const read = `SELECT version, ticket, fence FROM lease_books WHERE space_id = ?${sql.forUpdate}`;
      const row = await sql.get<BookCounters>(read, spaceId);
      if (row !== undefined) return row;
      await sql.run(
        'INSERT INTO lease_books (space_id, version, ticket, fence) VALUES (?, 0, 0, 0) ON CONFLICT DO NOTHING',
        spaceId,
      );
      const made = await sql.get<BookCounters>(read, spaceId);
      if (made === undefined) throw new AppError('bug', `space ${spaceId} has no lease book`);
      return made;
    },
    async changed(spaceId, { version, ticket, fence }) {
      await sql.run(
        'UPDATE lease_books SET version = ?, ticket = ?, fence = ? WHERE space_id = ?',
        version,
        ticket,
        fence,
        spaceId,
      );
    },
    async enqueue(request) {
      const { wants, holder } = request;
      await sql.run(
        `INSERT INTO lease_requests (space_id, id, ticket, task_id, holder_kind, holder_id, mode, pool_id, wanted, barrier,
           tools, exclude, node_id, priority, not_before, expires_at, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        request.spaceId,
        request.id,
        request.ticket,
        request.taskId,
        holder.kind,
        holder.id,
        request.mode,
        'anyOfPool' in wants ? wants.anyOfPool : null,
        'all' in wants ? JSON.stringify(wants.all) : null,
        request.barrier === null ? null : JSON.stringify(request.barrier),
        JSON.stringify(request.tools),
        JSON.stringify(request.exclude),
        request.nodeId,
        request.priority,
        request.notBefore,
        request.expiresAt,
        request.createdAt,
      );
    },
    async requests(spaceId) {
      const rows = await sql.all<RequestRow>(
        'SELECT * FROM lease_requests WHERE space_id = ? ORDER BY priority, ticket, id',
        spaceId,
      );
      return rows.map(toRequest);
    },
    async setBarrier(spaceId, requestId, barrier) {
      const text = barrier === null ? null : JSON.stringify(barrier);
      await sql.run(
        'UPDATE lease_requests SET barrier = ? WHERE space_id = ? AND id = ?',
        text,
        spaceId,
        requestId,
      );
    },
    async setPriority(spaceId, requestId, priority) {
      await sql.run(
        'UPDATE lease_requests SET priority = ? WHERE space_id = ? AND id = ?',
        priority,
        spaceId,
        requestId,
      );
    },
    async dequeue(spaceId, requestId) {
      await sql.run('DELETE FROM lease_requests WHERE space_id = ? AND id = ?', spaceId, requestId);
    },
    async passRequests(spaceId, taskId, nodeId) {
      await sql.run(
        'UPDATE lease_requests SET node_id = ? WHERE space_id = ? AND task_id = ? AND node_id IS NOT NULL',
        nodeId,
        spaceId,
        taskId,
      );
    },
    async insert(lease) {
      await sql.run(
        `INSERT INTO leases (space_id, id, resource_kind, resource_id, mode, task_id, holder_kind, holder_id, node_id, epoch,
           fence_generation, fence_n, reason, granted_at, orphaned_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        lease.spaceId,
        lease.id,
        lease.resource.kind,
        lease.resource.id,
        lease.mode,
        lease.taskId,
        lease.holder.kind,
        lease.holder.id,
        lease.nodeId,
        lease.epoch,
        lease.fence.generation,
        lease.fence.n,
        lease.reason,
        lease.grantedAt,
        lease.orphanedAt,
      );
    },
    held: (spaceId) => leases('space_id = ? AND released_at IS NULL ORDER BY granted_at, id', spaceId),
    async get(spaceId, id) {
      return (await leases('space_id = ? AND id = ? AND released_at IS NULL', spaceId, id))[0];
    },
    ofTask: (spaceId, taskId) =>
      leases('space_id = ? AND task_id = ? AND released_at IS NULL ORDER BY granted_at, id', spaceId, taskId),
    ofEndedTasks: (limit) =>
      leases(
        `released_at IS NULL AND NOT EXISTS (SELECT 1 FROM tasks t WHERE t.space_id = leases.space_id AND t.id = leases.task_id
           AND t.ended = 0) ORDER BY id LIMIT ?`,
        limit,
      ),
    async update(lease) {
      await sql.run(
        `UPDATE leases SET node_id = ?, epoch = ?, fence_generation = ?, fence_n = ?, orphaned_at = ?
         WHERE space_id = ? AND id = ? AND released_at IS NULL`,
        lease.nodeId,
        lease.epoch,
        lease.fence.generation,
        lease.fence.n,
        lease.orphanedAt,
        lease.spaceId,
        lease.id,
      );
    },
    async release(lease, at, why) {
      const changed = await sql.run(
        'UPDATE leases SET released_at = ?, release_reason = ? WHERE space_id = ? AND id = ? AND released_at IS NULL',
        at,
        why,
        lease.spaceId,
        lease.id,
      );
      return changed > 0;
    },
    async history(spaceId, filter) {
      const where = ['space_id = ?', 'released_at IS NOT NULL'];
      const params: SqlValue[] = [spaceId];
      if (filter.taskId !== undefined) {
        where.push('id IN (SELECT lease_id FROM attempts WHERE space_id = ? AND task_id = ?)');
        params.push(spaceId, filter.taskId);
      }
      if (filter.resourceId !== undefined) {
        where.push('resource_id = ?');
        params.push(filter.resourceId);
      }
      const rows = await sql.all<LeaseRow>(
        `SELECT * FROM leases WHERE ${where.join(' AND ')} ORDER BY id DESC LIMIT ?`,
        ...params,
        filter.limit,
      );
      return rows.map((row) => ({
        ...toLease(row),
        releasedAt: row.released_at ?? 0,
        releaseReason: row.release_reason ?? '',
      }));
    },
  };
}

function toLease(row: LeaseRow): Lease {
  return {
    spaceId: row.space_id,
    id: row.id,
    resource: { kind: row.resource_kind as Resource['kind'], id: row.resource_id },
    mode: row.mode as LeaseMode,
    taskId: row.task_id,
    holder: { kind: row.holder_kind as 'task' | 'step', id: row.holder_id },
    nodeId: row.node_id,
    epoch: row.epoch,
    fence: { generation: row.fence_generation, n: row.fence_n },
    reason: row.reason,
    grantedAt: row.granted_at,
    orphanedAt: row.orphaned_at,
  };
}

function toRequest(row: RequestRow): LeaseRequest {
  return {
    spaceId: row.space_id,
    id: row.id,
    ticket: row.ticket,
    taskId: row.task_id,
    holder: { kind: row.holder_kind as 'task' | 'step', id: row.holder_id },
    mode: row.mode as LeaseMode,
    wants:
      row.pool_id === null
        ? { all: JSON.parse(row.wanted ?? '[]') as Resource[] }
        : { anyOfPool: row.pool_id },
    barrier: row.barrier === null ? null : (JSON.parse(row.barrier) as Resource),
    tools: JSON.parse(row.tools) as string[],
    exclude: JSON.parse(row.exclude) as string[],
    nodeId: row.node_id,
    priority: row.priority,
    notBefore: row.not_before,
    expiresAt: row.expires_at,
    createdAt: row.created_at,
  };
}
