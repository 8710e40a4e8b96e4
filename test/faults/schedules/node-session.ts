/** One session of a simulated node with an agent, and what the node's tasks and leases need of their node. */
import type { Incarnation } from '@longshore/server/domain/incarnation';

import type { Database } from './database.ts';
import type { ToAgent, ToServer } from './frames.ts';
import type { Line } from './line.ts';
import type { World } from './world.ts';

export type NodeLine = Line<ToServer, ToAgent>;

export interface NodeSession {
  agentId: string;
  line: NodeLine;
  incarnation: Incarnation;
  /** The inventory was answered: commands may be sent. */
  working: boolean;
}

export interface NodeParts {
  readonly id: string;
  readonly world: World;
  readonly db: Database;
  readonly epoch: number;
  session(workerId: string): NodeSession | undefined;
  reaches(workerId: string): boolean;
  /** The commit stands; this follows once it is durable. */
  durably(fn: () => void): void;
  /** In this life of the node only. */
  later(ms: number, fn: () => void): void;
  /** A grant pass is due. */
  pass(): void;
}
