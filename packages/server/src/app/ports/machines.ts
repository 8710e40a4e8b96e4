import type { WorkerPool } from '../../domain/pool.ts';
import type { HealthState, Worker } from '../../domain/worker.ts';

export interface PoolRepository {
  insert(pool: WorkerPool): Promise<void>;
  get(spaceId: string, id: string): Promise<WorkerPool | undefined>;
  byName(spaceId: string, name: string): Promise<WorkerPool | undefined>;
  list(spaceId: string): Promise<WorkerPool[]>;
  update(pool: WorkerPool): Promise<void>;
  delete(spaceId: string, id: string): Promise<void>;
}

export interface WorkerRepository {
  insert(worker: Worker): Promise<void>;
  get(spaceId: string, id: string): Promise<Worker | undefined>;
  /** By id alone: an agent's certificate names no space. */
  find(id: string): Promise<Worker | undefined>;
  byName(spaceId: string, name: string): Promise<Worker | undefined>;
  list(spaceId: string, filter?: { poolId?: string }): Promise<Worker[]>;
  /** All listening workers of all spaces, for the dialler. */
  listening(): Promise<Worker[]>;
  update(worker: Worker): Promise<void>;
  delete(spaceId: string, id: string): Promise<void>;
}

export interface HealthRecord {
  time: number;
  state: HealthState;
  reason: string;
  /** The health task that found it; empty for a connection event. */
  taskId: string;
}

export interface MachinePolicy {
  spaceId: string;
  id: string;
  name: string;
  isDefault: boolean;
  /** 0: never. */
  healthCheckIntervalMs: number;
  /** Empty: only the connection is tested. */
  healthCheckScript: string;
  healthCheckTimeoutMs: number;
}

export interface HealthRepository {
  append(spaceId: string, workerId: string, record: HealthRecord): Promise<void>;
  history(spaceId: string, workerId: string, limit: number): Promise<HealthRecord[]>;
  /** When the schedule of any node last asked for a check of it; null: never. */
  askedAt(spaceId: string, workerId: string): Promise<number | null>;
  /** Claims the next scheduled check: of several nodes that saw the same `was`, one gets true. */
  claimCheck(spaceId: string, workerId: string, claim: { was: number | null; at: number }): Promise<boolean>;
  policies(spaceId: string): Promise<MachinePolicy[]>;
  putPolicy(policy: MachinePolicy): Promise<void>;
}

/** Things done that matter for trust: who, what, to which id. Append only. */
export interface AuditEvent {
  time: number;
  actor: string;
  action: string;
  subject: string;
  detail: Record<string, unknown>;
}

export interface AuditRepository {
  append(spaceId: string, event: AuditEvent): Promise<void>;
  list(spaceId: string, limit: number): Promise<AuditEvent[]>;
}

export interface MachineRepositories {
  pools: PoolRepository;
  workers: WorkerRepository;
  health: HealthRepository;
  audit: AuditRepository;
}
