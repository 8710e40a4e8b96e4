import { z } from 'zod';

import { LEASE_MODES } from '../../domain/lease.ts';
import { id, limit, spaceParams, time } from './common.ts';

const resource = z.object({
  kind: z.enum(['worker', 'target', 'run']),
  id: z
    .string()
    .describe("Of a worker or a target: its machine's; of `run`: project, environment and tenant"),
  name: z.string().describe('Empty when it is gone'),
});
const holder = z.object({ kind: z.enum(['task', 'step']), id: z.string() });

const leaseShape = {
  id,
  resource,
  mode: z.enum(LEASE_MODES),
  taskId: id,
  taskName: z.string(),
  holder,
  nodeId: z.string(),
  fence: z.object({ generation: z.number().int(), n: z.number().int() }),
  reason: z.string().describe('Why this resource was chosen'),
  grantedAt: time,
  orphanedAt: time.nullable().describe('When its node was declared dead; null: it is not'),
};

export const lease = z.object(leaseShape).meta({ id: 'Lease' });
export const pastLease = z
  .object({ ...leaseShape, releasedAt: time, releaseReason: z.string() })
  .meta({ id: 'PastLease' });

export const leaseRequest = z
  .object({
    id,
    ticket: z.number(),
    place: z.number().int().describe('From 1'),
    taskId: id,
    taskName: z.string(),
    holder,
    mode: z.enum(LEASE_MODES),
    wants: z.string().describe('For people: `pool linux`, `workers a, b`, `deployment target web-1`'),
    barrier: resource.nullable().describe('The worker that an exclusive request has chosen and waits for'),
    reason: z.string().describe('Why it waits'),
    createdAt: time,
  })
  .meta({ id: 'LeaseRequest' });

export const leaseParams = spaceParams.extend({ lease: z.string().describe('Id of a lease') });
export const leaseHistoryQuery = z.strictObject({
  task: z.string().optional(),
  worker: z.string().optional().describe('Name or id of a worker'),
  limit,
});
