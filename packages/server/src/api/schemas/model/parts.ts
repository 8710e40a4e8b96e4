/**
 * Pieces that the schemas of configuration as code share. They check YAML
 * after it was parsed, and give it the form of the model (`domain/model`).
 *
 * Always true: a message of ours ends the sentence "expected …".
 */
import { A_DURATION, parseDuration } from '@longshore/base';
import { z } from 'zod';

import { CONNECTIVITY_DEFAULTS, GUIDED_FAILURE, TENANTED } from '../../../domain/model/project.ts';
import {
  LONGEST_DESCRIPTION_CHARACTERS,
  LONGEST_NAME_CHARACTERS,
  LONGEST_VALUE_CHARACTERS,
  MODEL_LIST_ENTRIES,
} from '../../../limits.ts';
import { name } from '../common.ts';

/** NUL stands for nothing that a shell, an environment or PostgreSQL could take. */
export const anyText = z
  .string()
  .max(LONGEST_VALUE_CHARACTERS)
  .refine((text) => !text.includes('\0'), 'text without NUL characters');
export const resourceName = name;
export const localName = z.string().trim().min(1).max(LONGEST_NAME_CHARACTERS);
/** Of another resource; a runbook's has its project before it: `Project/Runbook`. */
export const ref = z
  .string()
  .trim()
  .min(1)
  .max(2 * LONGEST_NAME_CHARACTERS + 1);
export const description = z
  .string()
  .max(LONGEST_DESCRIPTION_CHARACTERS)
  .refine((text) => !text.includes('\0'), 'text without NUL characters')
  .default('')
  .describe('What it is for; Markdown');
export const flag = z.boolean();

export function listOf<T extends z.ZodType>(item: T) {
  return z.array(item).max(MODEL_LIST_ENTRIES);
}

/** A list, or one of it alone. */
export function oneOrMore<T extends z.ZodType>(item: T) {
  return z
    .union([item, listOf(item)])
    .transform((given) => (Array.isArray(given) ? given : [given]) as z.output<T>[])
    .default([]);
}

export const environments = oneOrMore(ref).describe('Names of environments');
export const roles = oneOrMore(localName).describe('Roles of deployment targets');
export const tenants = oneOrMore(ref).describe('Names of tenants');
export const tags = oneOrMore(ref.regex(/^[^/]+\/[^/]+$/, 'a tag as Set/Tag')).describe('Tags, as Set/Tag');

export const duration = z
  .string(A_DURATION)
  .transform((text, ctx) => {
    try {
      return parseDuration(text, '');
    } catch {
      ctx.addIssue({ code: 'custom', message: A_DURATION });
      return z.NEVER;
    }
  })
  .describe('Such as 90s, 10m or 1h30m');

export const textMap = z
  .record(z.string().min(1).max(LONGEST_NAME_CHARACTERS), anyText)
  .refine((map) => Object.keys(map).length <= MODEL_LIST_ENTRIES, `at most ${MODEL_LIST_ENTRIES} entries`)
  .default({});

export const tenanted = z
  .enum(TENANTED)
  .describe('Whether it is for a tenant: never, always, or as one likes');
export const guidedFailure = z
  .enum(GUIDED_FAILURE)
  .default('environment')
  .describe('Whether a failure asks people what to do');

export const connectivity = z.strictObject({
  skipUnavailable: flag.optional().describe('Targets that can not be reached are left out'),
  excludeUnhealthy: flag.optional(),
  allowNoTargets: flag.optional().describe('A run that finds no target at all is no failure'),
});

export function connectivityOf(
  given: z.output<typeof connectivity> | undefined,
  of: keyof typeof CONNECTIVITY_DEFAULTS,
) {
  const {
    skipUnavailable = CONNECTIVITY_DEFAULTS[of].skipUnavailable,
    excludeUnhealthy = CONNECTIVITY_DEFAULTS[of].excludeUnhealthy,
    allowNoTargets = CONNECTIVITY_DEFAULTS[of].allowNoTargets,
  } = given ?? {};
  return { skipUnavailable, excludeUnhealthy, allowNoTargets };
}
