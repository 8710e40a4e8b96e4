/**
 * The database, as `app` sees it. A body gets a `Tx`, whose repositories all
 * speak within one transaction; no body may use the store itself, nor wait
 * for anything but its `tx` (the embedded store has one connection).
 */
import { AppError } from '@longshore/base';

import type { AttemptRepository } from './attempts.ts';
import type { LeaseRepository } from './leases.ts';
import type { MachineRepositories } from './machines.ts';
import type { NodeRepository } from './nodes.ts';
import type { PackageRepository } from './packages.ts';
import type { ResourceRepository } from './resources.ts';
import type { RunRepository } from './runs.ts';
import type { TaskRepository } from './tasks.ts';
import type { TriggerRepository } from './triggers.ts';
import type { TrustRepositories } from './trust.ts';

export interface Tx extends MachineRepositories, TrustRepositories {
  tasks: TaskRepository;
  attempts: AttemptRepository;
  leases: LeaseRepository;
  nodes: NodeRepository;
  packages: PackageRepository;
  resources: ResourceRepository;
  processRuns: RunRepository;
  triggers: TriggerRepository;
}

/**
 * The store takes nothing for now: its disk is full, or it can't be reached. Nothing was changed, and the same may
 * well succeed later. `Store.recovered` says when to try.
 */
export class StorageOut extends AppError {
  constructor(code: 'noSpace' | 'unavailable', message: string, options: { cause?: unknown } = {}) {
    super(code, message, options);
  }
}

export interface Store {
  /** `sqlite` has one node; `postgres` may have several. */
  readonly dialect: 'sqlite' | 'postgres';

  /**
   * Runs `body` in one transaction and resolves when it is committed *and durable*, so that whatever the caller
   * does next (a frame, a reply) rests on what can't be lost. Retries a serialisation failure of PostgreSQL.
   */
  write<T>(body: (tx: Tx) => Promise<T>): Promise<T>;

  /** As `write`, but resolves at the commit: nothing may leave the process before `durable` resolves. */
  commit<T>(body: (tx: Tx) => Promise<T>): Promise<{ value: T; durable: Promise<void> }>;

  /** Reads; resolves when all that was read is durable. */
  read<T>(body: (tx: Tx) => Promise<T>): Promise<T>;

  /** Resolves when every commit made so far is durable. */
  durable(): Promise<void>;

  /** Tells all nodes (this one too) that `topic` changed; a hint, never the truth. Sent when `tx` commits. */
  announce(tx: Tx, topic: Topic, id: string): void;
  /** Hears announcements of all nodes; returns what ends it. */
  listen(topic: Topic, heard: (id: string) => void): () => void;

  /** Why nothing can be stored for now; empty: it can, as far as is known. */
  readonly out: string;
  /** Resolves when something could be stored again; at once unless it is out. */
  recovered(): Promise<void>;

  /** Rises when a backup is restored. */
  readonly generation: number;

  close(): Promise<void>;
}

export type Topic = 'task' | 'word' | 'lease' | 'worker' | 'node' | 'trust' | 'log' | 'resource';
