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
/** What reaches a program's arguments or environment: a NUL would end it there, or be left out. */
const WITHOUT_NUL = 'text without NUL characters';
const textForPrograms = z.string().refine((text) => !text.includes('\0'), WITHOUT_NUL);
/** It becomes a file's name beside the script. */
const fileName = z
  .string()
  .min(1)
  .max(LONGEST_NAME_CHARACTERS)
  .refine(
    (name) => name !== '.' && name !== '..' && !/[/\\\0]/.test(name),
    'the name of a file, without slashes: files are laid beside the script',
  );
const base64 = z.string().refine(isBase64, 'base64');
const terminalSide = z.number().int().min(1).max(1000);

/** A variable with this value is shown instead of a sensitive one. */
export const MASK = '********';

export const scriptRequest = z
  .strictObject({
    interpreter: interpreter.optional().describe('`bash` when not given'),
    body: z.string().min(1).max(LONGEST_SCRIPT_BODY_CHARACTERS),
    arguments: z.array(textForPrograms).optional(),
    environment: z.record(z.string().regex(/^[^=\0]+$/, 'a name without "="'), textForPrograms).optional(),
    variables: z
      .array(
        z.strictObject({
          name: textForPrograms.min(1),
          value: textForPrograms,
          sensitive: z.boolean().optional(),
        }),
      )
      .max(LARGEST_SCRIPT_VARIABLES)
      .optional(),
    files: z
      .array(
        z.strictObject({
          name: fileName,
          contentBase64: base64.describe('Base64 of the content'),
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

/** Node's decoder passes over what is none; then there is less than the text's length promises. */
function isBase64(text: string): boolean {
  const digits = text.length - (text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0);
  return digits % 4 !== 1 && Buffer.from(text, 'base64').length === Math.floor((digits * 3) / 4);
}
