/** Bodies of `apply`, and answers that show resources. */
import { z } from 'zod';

import { MODEL_KINDS, RESOURCE_KINDS } from '../../../domain/model/resource.ts';
import {
  LONGEST_MODEL_FILE_CHARACTERS,
  LONGEST_MODEL_PATH_CHARACTERS,
  MODEL_FILES,
} from '../../../limits.ts';
import { id, spaceParams, time } from '../common.ts';

export const applyBody = z
  .strictObject({
    files: z
      .array(
        z.strictObject({
          path: z
            .string()
            .min(1)
            .max(LONGEST_MODEL_PATH_CHARACTERS)
            .describe(
              'As errors name it. YAML ends in .yaml or .yml, or is "-"; others are scripts that YAML names',
            ),
          text: z.string().max(LONGEST_MODEL_FILE_CHARACTERS),
        }),
      )
      .min(1)
      .max(MODEL_FILES),
    dryRun: z.boolean().optional().describe('Only plan'),
    prune: z
      .boolean()
      .optional()
      .describe('Delete what is stored of the kinds in the files, and is not in them'),
    planToken: z
      .string()
      .max(100)
      .optional()
      .describe('Of a plan that was shown: carry out this one, or none'),
  })
  .meta({ id: 'Apply' });

const change = z.object({
  kind: z.enum(MODEL_KINDS),
  id: z.string(),
  name: z.string().describe('Of a runbook: Project/Runbook'),
  change: z.enum(['create', 'update', 'unchanged', 'delete']),
  fields: z.array(z.string()).describe('What changes, as YAML has it; never a value'),
});

export const applied = z
  .object({
    changes: z.array(change),
    planToken: z.string(),
    applied: z.boolean().describe('False: this was a plan'),
  })
  .meta({ id: 'Applied' });
export type AppliedView = z.infer<typeof applied>;

export const resource = z
  .object({
    id,
    kind: z.enum(RESOURCE_KINDS),
    name: z.string(),
    project: z.string().describe('Name of the project of a runbook; else empty'),
    version: z.number().int().describe('Rises with every change'),
    createdAt: time,
    changedAt: time,
    body: z
      .record(z.string(), z.unknown())
      .describe('As it is stored: references are ids; secrets are masked'),
    names: z.record(z.string(), z.string()).describe('Names of the ids in the body'),
  })
  .meta({ id: 'Resource' });
export type ResourceView = z.infer<typeof resource>;

export const kindParams = spaceParams.extend({ kind: z.enum(RESOURCE_KINDS) });
export const resourceParams = kindParams.extend({
  name: z.string().describe('Name or id; of a runbook Project/Runbook too'),
});

export const exportQuery = z.strictObject({
  kind: z.enum(MODEL_KINDS).optional().describe('Left out: all kinds'),
  name: z.string().optional().describe('Name or id; left out: all of the kind'),
});
