/**
 * Resources as YAML that people read, and that applies back to the very same.
 *
 * Always true: what a schema fills in by itself is left out; a secret is
 * written without its value, which means that it stays as it is.
 */
import { stringify } from 'yaml';

import { World, projectOf } from '../../app/model/model-world.ts';
import { DEFAULT_VERSION_TEMPLATE, type Project, type Runbook } from '../../domain/model/project.ts';
import { mapReferences } from '../../domain/model/references.ts';
import type { Resource, ResourceBodies, ResourceKind } from '../../domain/model/resource.ts';
import type { DeploymentTarget } from '../../domain/model/target.ts';
import type { WorkerPool } from '../../domain/pool.ts';
import { KIND_NAMES } from '../schemas/model/documents.ts';
import { connectivityOf } from '../schemas/model/parts.ts';
import { lean, writeProcess } from './write-process.ts';
import { writeTemplate, writeTenantValue, writeTriggers, writeVariable } from './write-variables.ts';

/** In the order in which they are given, one document each. */
export function writeModel(
  world: World,
  { pools, resources }: { pools: WorkerPool[]; resources: Resource[] },
): string {
  const documents = [...pools.map(writePool), ...resources.map((resource) => writeResource(world, resource))];
  return documents.map((document) => stringify(document, OPTIONS)).join('---\n');
}

const OPTIONS = { lineWidth: 0, blockQuote: 'literal', aliasDuplicateObjects: false } as const;

function writePool({ name, description, strategy, isDefault }: WorkerPool): object {
  return {
    kind: KIND_NAMES.workerPool,
    name,
    ...lean(
      { description, strategy, isDefault },
      { ...NO_DESCRIPTION, strategy: 'fewest-leases', isDefault: false },
    ),
  };
}

function writeResource(world: World, resource: Resource): object {
  const project = projectOf(resource);
  const body = mapReferences(resource.kind, resource.body, ({ kind, value }) =>
    world.write(kind, value, project),
  );
  const write = OF_KIND[resource.kind] as (body: Resource['body']) => object;
  return { kind: KIND_NAMES[resource.kind], name: resource.name, ...write(body) };
}

const NO_DESCRIPTION = { description: '' };

const OF_KIND: { [Kind in ResourceKind]: (body: ResourceBodies[Kind]) => object } = {
  tagSet: ({ description, tags }) => ({
    ...lean({ description }, NO_DESCRIPTION),
    tags: tags.map((tag) => (tag.description === '' ? tag.name : tag)),
  }),
  environment: (body) => lean(body, { ...NO_DESCRIPTION, sortOrder: 0, guidedFailure: false }),
  lifecycle: ({ description, phases }) => ({
    ...lean({ description }, NO_DESCRIPTION),
    phases: phases.map(({ name, ...phase }) => ({ name, ...lean(phase, NO_PHASE) })),
  }),
  projectGroup: (body) => lean(body, NO_DESCRIPTION),
  variableSet: ({ description, variables, templates }) =>
    lean(
      { description, variables: variables.map(writeVariable), templates: templates.map(writeTemplate) },
      { ...NO_DESCRIPTION, variables: [], templates: [] },
    ),
  project: writeProject,
  runbook: writeRunbook,
  tenant: ({ description, tags, projects, common, values }) =>
    lean(
      {
        description,
        tags,
        projects,
        common: common.map(writeTenantValue),
        values: values.map(writeTenantValue),
      },
      { ...NO_DESCRIPTION, tags: [], projects: [], common: [], values: [] },
    ),
  target: writeTarget,
};

const NO_PHASE = { environments: [], automatic: [], minimum: 0, optional: false, priority: false };

function writeProject(body: Project): object {
  const {
    process,
    connectivity,
    channels,
    variables,
    templates,
    triggers,
    lifecycle,
    description,
    group,
    ...rest
  } = body;
  const [only, ...more] = channels;
  const usual = only !== undefined && more.length === 0 && only.name === 'Default' && only.isDefault;
  return {
    ...lean({ description, group }, { ...NO_DESCRIPTION, group: null }),
    lifecycle,
    ...lean(
      {
        ...rest,
        connectivity: leanConnectivity(connectivity, 'project'),
        channels: channels.map(({ name, ...channel }) => ({ name, ...lean(channel, NO_CHANNEL) })),
        templates: templates.map(writeTemplate),
        variables: variables.map(writeVariable),
      },
      {
        variableSets: [],
        tenanted: 'untenanted',
        guidedFailure: 'environment',
        connectivity: {},
        versionTemplate: DEFAULT_VERSION_TEMPLATE,
        templates: [],
        variables: [],
        channels: usual ? [{ name: 'Default', isDefault: true }] : [],
        disabled: false,
      },
    ),
    ...writeProcess(process),
    ...lean({ triggers: writeTriggers(triggers) }, { triggers: [] }),
  };
}

const NO_CHANNEL = { description: '', lifecycle: null, isDefault: false, tenantTags: [] };

function writeRunbook({ project, process, connectivity, description, ...rest }: Runbook): object {
  return {
    ...lean({ description }, NO_DESCRIPTION),
    project,
    ...lean(
      { ...rest, connectivity: leanConnectivity(connectivity, 'runbook') },
      { environments: 'all', tenanted: 'untenanted', guidedFailure: 'environment', connectivity: {} },
    ),
    ...writeProcess(process),
  };
}

function leanConnectivity(given: Project['connectivity'], of: 'project' | 'runbook'): object {
  return lean(given, connectivityOf(undefined, of));
}

function writeTarget({
  environments,
  roles,
  reachedBy,
  description,
  tenanted,
  ...rest
}: DeploymentTarget): object {
  const usual = rest.tenants.length > 0 || rest.tenantTags.length > 0 ? 'tenanted' : 'untenanted';
  const how =
    reachedBy.kind === 'agent'
      ? { agent: reachedBy.machine }
      : { cloudRegion: reachedBy.pool === null ? {} : { pool: reachedBy.pool } };
  return {
    ...lean({ description }, NO_DESCRIPTION),
    ...{ environments, roles, ...how },
    ...lean({ tenanted, ...rest }, { tenanted: usual, tenants: [], tenantTags: [], disabled: false }),
  };
}
