import { z } from 'zod';

import { HEALTH_STATES } from '../../domain/worker.ts';
import { LARGEST_SLOTS } from '../../limits.ts';
import { flag, id, labels, limit, name, spaceParams, time } from './common.ts';

export const healthState = z.enum(HEALTH_STATES);
const slots = z.number().int().min(1).max(LARGEST_SLOTS).describe('Shared leases that it takes at once');
const pools = z.array(z.string().min(1)).min(1).describe('Names or ids of worker pools');

export const machineFacts = z
  .object({
    hostname: z.string(),
    os: z.string(),
    architecture: z.string(),
    processors: z.number(),
    memoryBytes: z.number(),
    freeDiskBytes: z.number(),
    tools: z.array(z.object({ name: z.string(), version: z.string() })),
    cgroups: z.boolean(),
  })
  .meta({ id: 'MachineFacts' });

export const worker = z
  .object({
    id,
    name: z.string(),
    mode: z.enum(['polling', 'listening', 'builtIn']),
    address: z.string().describe('host:port of a listening agent; empty otherwise'),
    pools: z.array(z.object({ id, name: z.string() })),
    targets: z
      .array(z.object({ id, name: z.string() }))
      .describe('Deployment targets that it is the machine of'),
    labels: z.record(z.string(), z.string()),
    slots,
    enabled: z.boolean(),
    draining: z.boolean(),
    locked: z.string().describe('Why its identity is locked; empty: it is not'),
    quarantined: z.string().describe('Why it gets no new lease; empty: it may'),
    revoked: z.boolean(),
    ephemeral: z.boolean().describe('Deregisters itself when it stops'),
    connected: z.boolean().describe('Has a session with a server node'),
    leases: z.number().int().describe('Leases held on it now'),
    upgrading: z.string().describe('Id of the task that upgrades its agent now; empty: none does'),
    idleSince: time
      .nullable()
      .describe('When its last lease ended, or when it was registered; null while leased'),
    health: healthState,
    healthReason: z.string(),
    healthAt: time,
    version: z.string().describe('Of its agent; empty before its first session'),
    keyFingerprint: z.string().describe('SHA-256 of its public key, hex: its identity'),
    facts: machineFacts.nullable().describe('What the agent found on its machine'),
    connectedAt: time.nullable(),
    lastSeenAt: time.nullable(),
    createdAt: time,
  })
  .meta({ id: 'Worker' });
export type WorkerView = z.infer<typeof worker>;

export const addWorker = z
  .strictObject({
    pairing: z.string().min(1).describe('The pairing string that `longshore-agent configure` printed'),
    name: name.optional(),
    pools: pools.optional().describe('Names or ids of worker pools; none: the default pool'),
    labels: labels.optional(),
    slots: slots.optional(),
    address: z.string().min(1).optional().describe('host:port to dial instead of that of the pairing string'),
  })
  .meta({ id: 'AddListeningWorker' });

export const changeWorker = z
  .strictObject({
    name: name.optional(),
    enabled: z.boolean().optional(),
    draining: z.boolean().optional(),
    slots: slots.optional(),
    labels: labels.optional(),
    pools: z
      .array(z.string().min(1))
      .optional()
      .describe(
        'Names or ids of worker pools; none, for the machine of a deployment target: it is no worker any more',
      ),
  })
  .meta({ id: 'ChangeWorker' });

export const workerParams = spaceParams.extend({ worker: z.string().describe('Name or id of a worker') });
export const workersQuery = z.strictObject({
  pool: z.string().optional().describe('Name or id of a worker pool'),
});
export const deleteWorkerQuery = z.strictObject({
  force: flag.describe('Cancel what runs on it instead of refusing'),
});

export const healthRecord = z
  .object({
    time,
    state: healthState,
    reason: z.string(),
    taskId: z.string().describe('The health task that found it; empty for a connection event'),
  })
  .meta({ id: 'HealthRecord' });
export const workerHealth = z
  .object({ health: healthState, healthReason: z.string(), healthAt: time, items: z.array(healthRecord) })
  .meta({ id: 'WorkerHealth' });
export const healthQuery = z.strictObject({ limit });
