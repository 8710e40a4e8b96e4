import { z } from 'zod';

import { LONGEST_CONFIRMATION_MS, SHORTEST_CONFIRMATION_MS } from '../../limits.ts';

export const upgradeWorkers = z
  .strictObject({
    workers: z.array(z.string().min(1)).min(1).optional().describe('Names or ids of workers'),
    pool: z.string().min(1).optional().describe('Name or id of a worker pool, instead of workers'),
    version: z.string().min(1).optional().describe('None: that of the agent package that was added last'),
    confirmWithinMs: z
      .number()
      .int()
      .min(SHORTEST_CONFIRMATION_MS)
      .max(LONGEST_CONFIRMATION_MS)
      .optional()
      .describe(
        'An agent goes back to the version before when the new one has no session in this time; none: 30 s',
      ),
  })
  .refine(({ workers, pool }) => (workers === undefined) !== (pool === undefined), {
    message: 'either `workers` or `pool`',
    path: ['workers'],
  })
  .meta({ id: 'UpgradeWorkers' });
