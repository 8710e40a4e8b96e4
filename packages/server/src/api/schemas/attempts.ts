import { z } from 'zod';

import { spaceParams } from './common.ts';

const offset = z.coerce.number().int().min(0);

export const attemptParams = spaceParams.extend({ attempt: z.string().describe('Id of an attempt') });
export const outputQuery = z.strictObject({
  stream: z.enum(['stdout', 'stderr', 'all']).default('all'),
  from: offset.default(0).describe('Spool offset of a record'),
  to: offset.optional().describe('Spool offset of a record; not given: to the end of what is stored'),
});
export const spoolQuery = z.strictObject({ from: offset.default(0).describe('Spool offset of a record') });
