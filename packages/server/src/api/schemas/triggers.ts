/** How the triggers of a project stand. */
import { z } from 'zod';

import { id, spaceParams, time } from './common.ts';

const told = z.object({ dueAt: time, reason: z.string() }).nullable();

export const trigger = z
  .object({
    name: z.string(),
    disabled: z.boolean(),
    cron: z.string(),
    timeZone: z.string(),
    does: z.enum(['deploy', 'runRunbook']),
    off: z.string().describe('Why it starts nothing; empty: it does'),
    nextDueAt: time.nullable().describe('Null: none comes'),
    lastRun: z
      .object({ dueAt: time, taskIds: z.array(id) })
      .nullable()
      .describe('The last due time that started something'),
    lastFailure: told,
    lastIdle: told.describe('The last due time at which there was nothing to do'),
  })
  .meta({ id: 'TriggerStatus' });
export type TriggerStatus = z.infer<typeof trigger>;

export const triggersParams = spaceParams.extend({ project: z.string().describe('Name or id of a project') });
