/**
 * Whether nodes that the store calls live are so. One that was killed is still
 * written down as live; that its beat stands still, on our own clock, tells it
 * from one that works. (So nodes judge each other, app/agents/nodes.ts.)
 */
import { AppError } from '@longshore/base';

import type { Sql } from './db.ts';

/** By node: its start and its beat. */
export type Beats = ReadonlyMap<string, string>;

export async function beatsOfNodes(sql: Sql): Promise<Beats> {
  const rows = await sql.all<{ id: string; epoch: number; beat: number }>(
    'SELECT id, epoch, beat FROM nodes WHERE live = 1 ORDER BY id',
  );
  return new Map(rows.map(({ id, epoch, beat }) => [id, `${epoch}.${beat}`]));
}

/**
 * Nodes that did not beat since are written down as gone: one of them that was only slow stops at its next beat.
 *
 * @throws AppError `conflict` when one did, or has started
 */
export async function buryStillNodes(sql: Sql, before: Beats): Promise<void> {
  const now = await beatsOfNodes(sql);
  const live = [...now].filter(([id, beat]) => before.get(id) !== beat).map(([id]) => id);
  if (live.length > 0) {
    throw new AppError('conflict', `server nodes are running: ${live.join(', ')}; stop them first`, {
      detail: { nodes: live },
    });
  }
  await sql.run('UPDATE nodes SET live = 0 WHERE live = 1');
  await sql.run('DELETE FROM node_sessions');
}
