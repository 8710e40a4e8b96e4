/** Triggers, as YAML has them: what one does is its key (`deploy:` or `runRunbook:`). */
import { Cron } from 'croner';
import { z } from 'zod';

import type { Trigger, TriggerAction } from '../../../domain/model/trigger.ts';
import { environments, flag, listOf, localName, ref, tags, tenants } from './parts.ts';

const A_CRON = 'five or six fields of cron, such as "0 3 * * 1-5"';

/** Whether it is a pattern of five or six fields, and ever comes about. */
function isCron(text: string): boolean {
  if (![5, 6].includes(text.trim().split(/\s+/).length)) return false;
  try {
    return new Cron(text, { paused: true, mode: '5-or-6-parts', timezone: 'UTC' }).nextRun() !== null;
  } catch {
    return false;
  }
}

function isTimeZone(text: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).format(0) !== '' && !/^[+-]/.test(text);
  } catch {
    return false;
  }
}

const deploy = z
  .strictObject({
    environment: ref,
    from: ref.nullable().default(null).describe('Only releases that were deployed to this environment'),
    channel: localName.or(z.literal('')).default('').describe('Left out: any'),
    tenants,
    tenantTags: tags,
  })
  .transform((given): TriggerAction => ({ kind: 'deploy', ...given }));

const runRunbook = z
  .strictObject({ runbook: ref, environments, tenants, tenantTags: tags })
  .transform((given): TriggerAction => ({ kind: 'runRunbook', ...given }));

const trigger = z
  .strictObject({
    name: localName,
    disabled: flag.default(false),
    cron: z
      .string(A_CRON)
      .max(200)
      .refine(isCron, A_CRON)
      .describe('With six fields the first is the second'),
    timeZone: z
      .string()
      .max(100)
      .refine(isTimeZone, 'an IANA time zone, such as Europe/Berlin')
      .default('UTC'),
    deploy: deploy.optional(),
    runRunbook: runRunbook.optional(),
  })
  .transform((given, ctx): Trigger => {
    const { name, disabled, cron, timeZone } = given;
    const does = given.deploy ?? given.runRunbook;
    if (does === undefined || (given.deploy !== undefined && given.runRunbook !== undefined)) {
      ctx.addIssue({ code: 'custom', message: 'one of deploy, runRunbook' });
      return z.NEVER;
    }
    return { name, disabled, cron: cron.trim(), timeZone, does };
  });

export const triggers = listOf(trigger).default([]);
