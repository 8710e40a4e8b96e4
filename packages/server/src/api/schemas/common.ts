/** Pieces that several nouns' schemas share. A time is milliseconds since the epoch, a duration milliseconds. */
import type { Readable } from 'node:stream';

import { z } from 'zod';

import {
  DEFAULT_LIST_LIMIT,
  LARGEST_LIST_LIMIT,
  LONGEST_DESCRIPTION_CHARACTERS,
  LONGEST_NAME_CHARACTERS,
} from '../../limits.ts';

export const time = z.number().describe('Milliseconds since the epoch');
export const id = z.string().describe('A ULID, made by the server');

const NAME = /^[^\p{Cc}/]+$/u;

export const name = z
  .string()
  .trim()
  .min(1)
  .max(LONGEST_NAME_CHARACTERS)
  .regex(NAME, 'a name without control characters and slashes');
export const description = z.string().max(LONGEST_DESCRIPTION_CHARACTERS);
export const labels = z
  .record(z.string().min(1).max(LONGEST_NAME_CHARACTERS), z.string().max(LONGEST_NAME_CHARACTERS))
  .describe('Labels: name to value');

export const spaceParams = z.strictObject({ space: z.string().describe('Name of the space: `default`') });
export const idParams = spaceParams.extend({ id: z.string() });

export const limit = z.coerce.number().int().min(1).max(LARGEST_LIST_LIMIT).default(DEFAULT_LIST_LIMIT);

/** `?force=true`: what stands in a query is text. */
export const flag = z
  .enum(['true', 'false'])
  .default('false')
  .transform((text) => text === 'true');

export function listOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item) });
}

export const errorBody = z
  .object({
    error: z.object({
      code: z.string().describe('One of a closed set: invalid, notFound, conflict, …'),
      message: z.string(),
      fields: z.array(
        z.object({
          field: z.string(),
          value: z.unknown().optional().describe('The value given; never of a secret'),
          expected: z.string(),
        }),
      ),
      detail: z.record(z.string(), z.unknown()),
    }),
  })
  .meta({ id: 'Error' });

export const noContent = z.null().describe('Done; no body');

/** An answer of bytes, not JSON: the type is the handler's, the schema the document's (openapi.ts reads the description). */
export const bytes = z.string().describe('Bytes: application/octet-stream') as unknown as z.ZodType<Readable>;
