import { z } from 'zod';

import { STRATEGIES } from '../../domain/pool.ts';
import { description, id, name, spaceParams, time } from './common.ts';

export const strategy = z.enum(STRATEGIES).describe('How one of several free workers is chosen');

export const pool = z
  .object({
    id,
    name: z.string(),
    description: z.string(),
    kind: z.enum(['static', 'dynamic']),
    strategy,
    isDefault: z.boolean(),
    workers: z.number().int().describe('Workers in it'),
    healthyWorkers: z.number().int().describe('Of these, healthy or with warnings'),
    createdAt: time,
  })
  .meta({ id: 'WorkerPool' });
export type PoolView = z.infer<typeof pool>;

export const createPool = z
  .strictObject({ name, description: description.optional(), strategy: strategy.optional() })
  .meta({ id: 'CreateWorkerPool' });
export const changePool = z
  .strictObject({ name: name.optional(), description: description.optional(), strategy: strategy.optional() })
  .meta({ id: 'ChangeWorkerPool' });
export const poolParams = spaceParams.extend({ pool: z.string().describe('Name or id of a worker pool') });
