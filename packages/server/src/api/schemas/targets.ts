/** Deployment targets. */
import { z } from 'zod';

import { TENANTED } from '../../domain/model/project.ts';
import { LARGEST_SLOTS, LONGEST_NAME_CHARACTERS } from '../../limits.ts';
import { description, id, labels, name, spaceParams, time } from './common.ts';
import { healthState } from './workers.ts';

const named = z.object({ id, name: z.string().describe('Empty when it is gone') });
const names = (of: string) => z.array(z.string().min(1)).describe(`Names or ids of ${of}`);
const roles = z.array(z.string().trim().min(1).max(LONGEST_NAME_CHARACTERS)).describe('Target tags');
const tenantTags = z.array(z.string().min(1)).describe('As `Set/Tag`');

export const warnings = z.array(z.string()).describe('What works, but is mostly not what people want');

/** As people name it. */
export const targetScope = z
  .strictObject({
    environments: names('environments').min(1),
    roles: roles.min(1),
    tenanted: z.enum(TENANTED).optional().describe('`tenanted` where tenants or tags are named, unless told'),
    tenants: names('tenants').optional(),
    tenantTags: tenantTags.optional(),
  })
  .meta({ id: 'TargetScope' });

export const targetClaim = z.object({
  environments: z.array(named),
  roles,
  tenanted: z.enum(TENANTED),
  tenants: z.array(named),
  tenantTags,
});

export const target = z
  .object({
    id,
    name: z.string(),
    description: z.string(),
    environments: z.array(named),
    roles,
    tenanted: z.enum(TENANTED),
    tenants: z.array(named),
    tenantTags,
    disabled: z.boolean(),
    machine: z
      .object({
        id,
        name: z.string().describe('Empty when it is gone'),
        mode: z.enum(['polling', 'listening', 'builtIn', '']),
        pools: z.array(named).describe('Of the worker that it is too'),
        state: z
          .enum(['ready', 'away', 'disabled', 'draining', 'quarantined', 'locked', 'revoked', 'gone'])
          .describe('What keeps it from scripts, the gravest first'),
        stateReason: z.string(),
        connected: z.boolean(),
        health: healthState,
        healthReason: z.string(),
        healthAt: time,
        version: z.string().describe('Of its agent'),
        lastSeenAt: time.nullable(),
      })
      .nullable()
      .describe('Null: a cloud region, for which a worker acts'),
    pool: named.nullable().describe('Of a cloud region: the pool that acts for it; null: the default pool'),
    leases: z.number().int().describe('Leases that runs hold on its machine now'),
    warnings,
    version: z.number().int().describe('Rises with every change'),
    createdAt: time,
    changedAt: time,
  })
  .meta({ id: 'DeploymentTarget' });
export type TargetView = z.infer<typeof target>;

const reach = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('machine'),
    machine: z.string().min(1).describe('Name or id of a worker'),
  }),
  z.strictObject({
    kind: z.literal('cloudRegion'),
    pool: z
      .string()
      .min(1)
      .optional()
      .describe('Name or id of the pool that acts for it; none: the default pool'),
  }),
  z.strictObject({
    kind: z.literal('listening'),
    pairing: z.string().min(1).describe('The pairing string that `longshore-agent configure` printed'),
    address: z.string().min(1).optional().describe('host:port to dial instead of that of the pairing string'),
    pools: names('worker pools').optional().describe('That it is a worker of too'),
    labels: labels.optional(),
    slots: z.number().int().min(1).max(LARGEST_SLOTS).optional(),
  }),
]);

export const createTarget = targetScope
  .extend({
    name: name.optional().describe("Where not given, its machine's"),
    description: description.optional(),
    reachedBy: reach,
  })
  .meta({ id: 'CreateDeploymentTarget' });

export const changeTarget = z
  .strictObject({
    name: name.optional(),
    description: description.optional(),
    environments: names('environments').min(1).optional(),
    roles: roles.min(1).optional(),
    tenanted: z.enum(TENANTED).optional(),
    tenants: names('tenants').optional(),
    tenantTags: tenantTags.optional(),
    disabled: z.boolean().optional(),
    pool: z.string().min(1).nullable().optional().describe('Of a cloud region; null: the default pool'),
  })
  .meta({ id: 'ChangeDeploymentTarget' });

export const targetParams = spaceParams.extend({
  target: z.string().describe('Name or id of a deployment target'),
});
export const targetsQuery = z.strictObject({
  environment: z.string().optional().describe('Name or id of an environment'),
  role: z.string().optional(),
});
