import { z } from 'zod';

import { INTERPRETERS } from '../../domain/script.ts';
import {
  LARGEST_SCRIPT_FILES,
  LARGEST_SCRIPT_VARIABLES,
  LONGEST_GRACE_MS,
  LONGEST_NAME_CHARACTERS,
  LONGEST_SCRIPT_BODY_CHARACTERS,
} from '../../limits.ts';

const interpreter = z.enum(INTERPRETERS);
const terminalSide = z.number().int().min(1).max(1000);

/** A variable with this value is shown instead of a sensitive one. */
export const MASK = '********';

export const scriptRequest = z
  .strictObject({
    interpreter: interpreter.optional().describe('`bash` when not given'),
    body: z.string().min(1).max(LONGEST_SCRIPT_BODY_CHARACTERS),
    arguments: z.array(z.string()).optional(),
    environment: z.record(z.string().regex(/^[^=\0]+$/, 'a name without "="'), z.string()).optional(),
    variables: z
      .array(
        z.strictObject({ name: z.string().min(1), value: z.string(), sensitive: z.boolean().optional() }),
      )
      .max(LARGEST_SCRIPT_VARIABLES)
      .optional(),
    files: z
      .array(
        z.strictObject({
          name: z.string().min(1).max(LONGEST_NAME_CHARACTERS),
          contentBase64: z.string().describe('Base64 of the content'),
          executable: z.boolean().optional(),
        }),
      )
      .max(LARGEST_SCRIPT_FILES)
      .optional(),
    graceMs: z.number().int().min(0).max(LONGEST_GRACE_MS).optional().describe('Between TERM and KILL'),
    isolation: z
      .strictObject({
        name: z.string().min(1).max(LONGEST_NAME_CHARACTERS),
        mode: z.enum(['reader', 'writer']),
      })
      .optional()
      .describe('A mutex of the machine'),
    terminal: z.strictObject({ columns: terminalSide, rows: terminalSide }).optional(),
    runAs: z
      .string()
      .max(LONGEST_NAME_CHARACTERS)
      .optional()
      .describe("User name; the agent's own when not given"),
    maxProcesses: z.number().int().min(0).optional(),
    outputQuotaBytes: z.number().int().min(0).optional(),
    largestLogBytes: z
      .number()
      .int()
      .min(0)
      .optional()
      .describe(
        'Of the log, record headers included: what is beyond is dropped, and a marker at its end says how much. 0: no bound; not given: the default of the server (`--largest-log`)',
      ),
  })
  .meta({ id: 'ScriptRequest' });

/** As stored, with the values of sensitive variables masked and files' contents left out. */
export const script = z
  .object({
    interpreter,
    body: z.string(),
    arguments: z.array(z.string()),
    environment: z.record(z.string(), z.string()),
    variables: z.array(z.object({ name: z.string(), value: z.string(), sensitive: z.boolean() })),
    files: z.array(z.object({ name: z.string(), bytes: z.number().int(), executable: z.boolean() })),
    timeoutMs: z.number(),
    graceMs: z.number(),
    isolation: z.object({ name: z.string(), mode: z.enum(['reader', 'writer']) }).nullable(),
    terminal: z.object({ columns: z.number(), rows: z.number() }).nullable(),
    runAs: z.string(),
    maxProcesses: z.number(),
    outputQuotaBytes: z.number(),
    largestLogBytes: z.number().optional().describe('Not there: the default of the server'),
  })
  .meta({ id: 'Script' });
export type ScriptView = z.infer<typeof script>;
