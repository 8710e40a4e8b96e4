/** Registration tokens, API keys, the audit trail, and who am I. */
import { z } from 'zod';

import { LONGEST_TOKEN_LIFE_MS } from '../../limits.ts';
import { description, id, limit, name, spaceParams, time } from './common.ts';
import { targetClaim, targetScope, warnings } from './targets.ts';

export const token = z
  .object({
    id,
    pools: z.array(z.object({ id, name: z.string() })),
    target: targetClaim.nullable().describe('The deployment target that it makes; null: none'),
    description: z.string(),
    createdBy: z.string(),
    createdAt: time,
    expiresAt: time,
    usedAt: time.nullable(),
    usedBy: z.string().describe('Id of the machine that was registered with it'),
  })
  .meta({ id: 'RegistrationToken' });
export type TokenView = z.infer<typeof token>;
export const createToken = z
  .strictObject({
    pools: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .describe('Names or ids of worker pools; none: the default pool, unless there is a target'),
    target: targetScope.optional().describe('What the machine becomes a deployment target of'),
    description: description.optional(),
    lifeMs: z.number().int().min(1000).max(LONGEST_TOKEN_LIFE_MS).optional(),
  })
  .meta({ id: 'CreateRegistrationToken' });
export const createdToken = z
  .object({ id, token: z.string().describe('The whole token: shown this once'), expiresAt: time, warnings })
  .meta({ id: 'CreatedRegistrationToken' });
export const tokenParams = spaceParams.extend({ token: z.string().describe('Id of a token') });

export const apiKey = z
  .object({ id, name: z.string(), createdAt: time, lastUsedAt: time.nullable(), revokedAt: time.nullable() })
  .meta({ id: 'ApiKey' });
export type ApiKeyView = z.infer<typeof apiKey>;
export const createApiKey = z.strictObject({ name }).meta({ id: 'CreateApiKey' });
export const createdApiKey = z
  .object({ id, name: z.string(), key: z.string().describe('The whole key: shown this once') })
  .meta({ id: 'CreatedApiKey' });
export const apiKeyParams = spaceParams.extend({ key: z.string().describe('Id of an API key') });

export const auditEvent = z
  .object({
    time,
    actor: z.string(),
    action: z.string(),
    subject: z.string(),
    detail: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'AuditEvent' });
export const auditQuery = z.strictObject({ limit });

export const whoami = z
  .object({
    apiKey: z.object({ id, name: z.string() }),
    space: z.string(),
    server: z.object({ nodeId: z.string(), version: z.string() }),
  })
  .meta({ id: 'WhoAmI' });
