import { z } from 'zod';

export const upgradeWorkers = z
  .strictObject({
    workers: z.array(z.string().min(1)).min(1).optional().describe('Names or ids of workers'),
    pool: z.string().min(1).optional().describe('Name or id of a worker pool, instead of workers'),
    version: z.string().min(1).optional().describe('None: that of the agent package that was added last'),
  })
  .refine(({ workers, pool }) => (workers === undefined) !== (pool === undefined), {
    message: 'either `workers` or `pool`',
    path: ['workers'],
  })
  .meta({ id: 'UpgradeWorkers' });
