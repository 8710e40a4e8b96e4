/** The documents of configuration as code: one schema a kind. Each gives a name and the body of the model. */
import { z } from 'zod';

import type { ModelBodies } from '../../../app/model/model-draft.ts';
import { DEFAULT_VERSION_TEMPLATE } from '../../../domain/model/project.ts';
import type { ModelKind } from '../../../domain/model/resource.ts';
import { STRATEGIES } from '../../../domain/pool.ts';
import {
  connectivity,
  connectivityOf,
  description,
  environments,
  flag,
  guidedFailure,
  listOf,
  localName,
  oneOrMore,
  ref,
  resourceName,
  roles,
  tags,
  tenanted,
  tenants,
  anyText,
} from './parts.ts';
import { processFields } from './process.ts';
import { triggers } from './triggers.ts';
import { commonValue, projectValue, templates, variables } from './variables.ts';

/** What each kind is called in YAML. */
export const KIND_NAMES = {
  workerPool: 'WorkerPool',
  tagSet: 'TagSet',
  environment: 'Environment',
  lifecycle: 'Lifecycle',
  projectGroup: 'ProjectGroup',
  variableSet: 'VariableSet',
  project: 'Project',
  runbook: 'Runbook',
  tenant: 'Tenant',
  target: 'DeploymentTarget',
} as const satisfies Record<ModelKind, string>;

export interface ReadDocument<Kind extends ModelKind = ModelKind> {
  kind: Kind;
  name: string;
  parent: string;
  body: ModelBodies[Kind];
}

function head<Name extends string>(kind: Name) {
  return { kind: z.literal(kind), name: resourceName };
}

function document<Kind extends ModelKind>(
  kind: Kind,
  name: string,
  body: ModelBodies[Kind],
  parent = '',
): ReadDocument<Kind> {
  return { kind, name, parent, body };
}

function withoutKind<T extends { kind: string }>(given: T): Omit<T, 'kind'> {
  const rest: Partial<T> = { ...given };
  delete rest.kind;
  return rest as Omit<T, 'kind'>;
}

const order = z.number().int().min(-1_000_000).max(1_000_000);

const workerPool = z
  .strictObject({
    ...head('WorkerPool'),
    description,
    strategy: z
      .enum(STRATEGIES)
      .default('fewest-leases')
      .describe('How one of several free workers is chosen'),
    isDefault: z
      .literal(true, 'true (of another pool, to make that the default)')
      .optional()
      .describe('Used where no pool is named'),
  })
  .transform(({ name, description: about, strategy, isDefault = false }) =>
    document('workerPool', name, { description: about, strategy, isDefault }),
  );

const tag = z
  .union([resourceName, z.strictObject({ name: resourceName, description })])
  .transform((given) => (typeof given === 'string' ? { name: given, description: '' } : given));

const tagSet = z
  .strictObject({ ...head('TagSet'), description, tags: listOf(tag).default([]) })
  .transform(({ name, description: about, tags: all }) =>
    document('tagSet', name, { description: about, tags: all }),
  );

const environment = z
  .strictObject({
    ...head('Environment'),
    description,
    sortOrder: order.default(0).describe('Environments are shown in this order; ties by name'),
    guidedFailure: flag.default(false).describe('Whether a failure asks people what to do'),
  })
  .transform(({ name, ...given }) => document('environment', name, withoutKind(given)));

const phase = z.strictObject({
  name: localName,
  environments: environments.describe('People deploy to these'),
  automatic: environments.describe('Deployed to as soon as a release reaches the phase'),
  minimum: z
    .number('a number')
    .int()
    .min(0)
    .default(0)
    .describe('So many must have succeeded before the next phase; 0: all'),
  optional: flag.default(false).describe('The next phase does not wait for it'),
  priority: flag.default(false).describe('Its deployments go before others in the queue'),
});

const lifecycle = z
  .strictObject({
    ...head('Lifecycle'),
    description,
    phases: listOf(phase).default([]).describe('None: all environments, in their order'),
  })
  .transform(({ name, ...given }) => document('lifecycle', name, withoutKind(given)));

const projectGroup = z
  .strictObject({ ...head('ProjectGroup'), description })
  .transform(({ name, description: about }) => document('projectGroup', name, { description: about }));

const variableSet = z
  .strictObject({ ...head('VariableSet'), description, variables, templates })
  .transform(({ name, ...given }) => document('variableSet', name, withoutKind(given)));

const channel = z.strictObject({
  name: localName,
  description,
  lifecycle: ref.nullable().default(null).describe("Left out: the project's"),
  isDefault: flag.optional(),
  tenantTags: tags,
});

/** A single channel is the default without saying so. */
function channelsOf(given: readonly z.output<typeof channel>[]) {
  const [first, ...more] = given;
  if (first === undefined)
    return [{ name: 'Default', description: '', lifecycle: null, isDefault: true, tenantTags: [] }];
  return [first, ...more].map((each) => ({ ...each, isDefault: each.isDefault ?? more.length === 0 }));
}

const project = z
  .strictObject({
    ...head('Project'),
    description,
    group: ref.nullable().default(null),
    lifecycle: ref,
    variableSets: oneOrMore(ref).describe('Library variable sets that it includes'),
    tenanted: tenanted.default('untenanted'),
    guidedFailure,
    connectivity: connectivity.optional(),
    versionTemplate: anyText
      .default(DEFAULT_VERSION_TEMPLATE)
      .describe('What a release is called when nobody says'),
    templates,
    variables,
    channels: listOf(channel).default([]).describe('Left out: one, called Default'),
    ...processFields,
    triggers,
    disabled: flag.default(false),
  })
  .transform((given) => {
    const { name, steps, pinWorker, ...body } = withoutKind(given);
    return document('project', name, {
      ...body,
      connectivity: connectivityOf(body.connectivity, 'project'),
      channels: channelsOf(body.channels),
      process: { pinWorker, steps },
    });
  });

const runbook = z
  .strictObject({
    ...head('Runbook'),
    description,
    project: ref,
    environments: z
      .union([z.enum(['all', 'lifecycle']), listOf(ref)])
      .default('all')
      .describe("all, lifecycle (those of the project's), or a list"),
    tenanted: tenanted.default('untenanted'),
    guidedFailure,
    connectivity: connectivity.optional(),
    ...processFields,
  })
  .transform((given) => {
    const { name, steps, pinWorker, ...body } = withoutKind(given);
    const all = {
      ...body,
      connectivity: connectivityOf(body.connectivity, 'runbook'),
      process: { pinWorker, steps },
    };
    return document('runbook', name, all, body.project);
  });

const tenant = z
  .strictObject({
    ...head('Tenant'),
    description,
    tags,
    projects: listOf(z.strictObject({ project: ref, environments })).default([]),
    common: listOf(commonValue).default([]).describe('Values for the templates of library sets'),
    values: listOf(projectValue).default([]).describe('Values for the templates of projects'),
  })
  .transform(({ name, ...given }) => document('tenant', name, withoutKind(given)));

const target = z
  .strictObject({
    ...head('DeploymentTarget'),
    description,
    environments: environments.refine((all) => all.length > 0, 'at least one environment'),
    roles: roles.refine((all) => all.length > 0, 'at least one role'),
    tenanted: tenanted.optional().describe('Left out: tenanted where it names tenants, else untenanted'),
    tenants,
    tenantTags: tags,
    disabled: flag.default(false),
    agent: ref.optional().describe('The machine, by the name of its agent'),
    cloudRegion: z
      .strictObject({ pool: ref.nullable().default(null).describe('Left out: the default pool') })
      .nullable()
      .optional()
      .describe('No machine: a worker acts on its behalf'),
  })
  .transform((given, ctx) => {
    const { name, agent, cloudRegion, ...body } = withoutKind(given);
    if ((agent === undefined) === (cloudRegion === undefined))
      ctx.addIssue({ code: 'custom', message: 'one of agent, cloudRegion' });
    const named = body.tenants.length > 0 || body.tenantTags.length > 0;
    return document('target', name, {
      ...body,
      tenanted: body.tenanted ?? (named ? 'tenanted' : 'untenanted'),
      reachedBy:
        agent === undefined
          ? { kind: 'cloudRegion', pool: cloudRegion?.pool ?? null }
          : { kind: 'agent', machine: agent },
    });
  });

export const DOCUMENTS: { [Kind in ModelKind]: z.ZodType<ReadDocument<Kind>> } = {
  workerPool,
  tagSet,
  environment,
  lifecycle,
  projectGroup,
  variableSet,
  project,
  runbook,
  tenant,
  target,
};
