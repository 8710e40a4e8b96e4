import { z } from 'zod';

import { time } from './common.ts';

export const node = z
  .object({
    id: z.string(),
    epoch: z.number().int().describe('Rises at each start'),
    beat: z.number().int(),
    agentAddress: z.string().describe('host:port that agents dial'),
    version: z.string(),
    draining: z.boolean(),
    startedAt: time,
    self: z.boolean().describe('The node that answers'),
  })
  .meta({ id: 'ServerNode' });
