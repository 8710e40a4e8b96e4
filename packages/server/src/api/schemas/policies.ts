import { z } from 'zod';

import { HEALTH_CHECK_SHORTEST_INTERVAL_MS } from '../../limits.ts';
import { id } from './common.ts';

const intervalMs = z
  .number()
  .int()
  .refine(
    (ms) => ms === 0 || ms >= HEALTH_CHECK_SHORTEST_INTERVAL_MS,
    `0 (never) or at least ${HEALTH_CHECK_SHORTEST_INTERVAL_MS} milliseconds`,
  )
  .describe('Between two health checks of a worker; 0: never');
const script = z.string().describe('Bash; empty: only the connection is tested');
const timeoutMs = z.number().int().min(1000).max(3_600_000);

export const policy = z
  .object({
    id,
    name: z.string(),
    isDefault: z.boolean(),
    healthCheckIntervalMs: z.number(),
    healthCheckScript: script,
    healthCheckTimeoutMs: z.number(),
  })
  .meta({ id: 'MachinePolicy' });
export type PolicyView = z.infer<typeof policy>;

export const changePolicy = z
  .strictObject({
    healthCheckIntervalMs: intervalMs.optional(),
    healthCheckScript: script.max(1_000_000).optional(),
    healthCheckTimeoutMs: timeoutMs.optional(),
  })
  .meta({ id: 'ChangeMachinePolicy' });
