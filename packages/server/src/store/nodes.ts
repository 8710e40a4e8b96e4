/** Server nodes as rows, and which of them has a session with which worker. A node's epoch outlives the node. */
import type { NodeRepository, ServerNode } from '../app/ports/nodes.ts';
import type { Sql } from './db.ts';

interface NodeRow {
  id: string;
  epoch: number;
  beat: number;
  agent_address: string;
  version: string;
  draining: number;
  started_at: number;
}

export function nodeRepository(sql: Sql): NodeRepository {
  return {
    async start(node) {
      const row = await sql.get<NodeRow>(
        `INSERT INTO nodes (id, epoch, beat, agent_address, version, draining, started_at, live) VALUES (?, 1, 0, ?, ?, ?, ?, 1)
         ON CONFLICT (id) DO UPDATE SET epoch = nodes.epoch + 1, beat = 0, agent_address = excluded.agent_address,
           version = excluded.version, draining = excluded.draining, started_at = excluded.started_at, live = 1
         RETURNING *`,
        node.id,
        node.agentAddress,
        node.version,
        Number(node.draining),
        node.startedAt,
      );
      if (row === undefined) throw new Error(`registering node ${node.id} returned no row`);
      return fromRow(row);
    },
    async beat(id, epoch) {
      return (
        (await sql.run(
          'UPDATE nodes SET beat = beat + 1 WHERE id = ? AND epoch = ? AND live = 1',
          id,
          epoch,
        )) > 0
      );
    },
    async list() {
      return (await sql.all<NodeRow>('SELECT * FROM nodes WHERE live = 1 ORDER BY id')).map(fromRow);
    },
    async setDraining(id, epoch, draining) {
      await sql.run('UPDATE nodes SET draining = ? WHERE id = ? AND epoch = ?', Number(draining), id, epoch);
    },
    async remove(id, epoch) {
      await sql.run('UPDATE nodes SET live = 0 WHERE id = ? AND epoch = ?', id, epoch);
    },
    async sessionOpened(nodeId, workerId) {
      await sql.run(
        'INSERT INTO node_sessions (node_id, worker_id) VALUES (?, ?) ON CONFLICT DO NOTHING',
        nodeId,
        workerId,
      );
    },
    async sessionClosed(nodeId, workerId) {
      await sql.run('DELETE FROM node_sessions WHERE node_id = ? AND worker_id = ?', nodeId, workerId);
    },
    async sessions() {
      const rows = await sql.all<{ node_id: string; worker_id: string }>(
        'SELECT node_id, worker_id FROM node_sessions',
      );
      return rows.map((row) => ({ nodeId: row.node_id, workerId: row.worker_id }));
    },
    async sessionsWith(workerId) {
      const rows = await sql.all<{ node_id: string }>(
        'SELECT node_id FROM node_sessions WHERE worker_id = ?',
        workerId,
      );
      return rows.map((row) => row.node_id);
    },
    async forgetSessions(nodeId) {
      await sql.run('DELETE FROM node_sessions WHERE node_id = ?', nodeId);
    },
  };
}

function fromRow(row: NodeRow): ServerNode {
  return {
    id: row.id,
    epoch: row.epoch,
    beat: row.beat,
    agentAddress: row.agent_address,
    version: row.version,
    draining: row.draining === 1,
    startedAt: row.started_at,
  };
}
