/**
 * Configuration with a sensitive value in every place that can hold one, put
 * into a store as `apply` does it: a project, a library set that it includes,
 * a runbook, and a tenant that filled in what both ask for.
 */
import { systemClock, type Ids } from '@longshore/base';
import { createApply, type Apply } from '@longshore/server/app/model/apply';
import type { Draft } from '@longshore/server/app/model/model-draft';
import type { Sealer } from '@longshore/server/app/ports/sealer';
import type { Store } from '@longshore/server/app/ports/store';
import type { Process, ScriptText } from '@longshore/server/domain/model/process';
import type { ResourceBodies, ResourceKind } from '@longshore/server/domain/model/resource';
import type {
  Prompt,
  Variable,
  VariableScope,
  VariableTemplate,
} from '@longshore/server/domain/model/variable';

import { sha256 } from './digest.ts';

export const SPACE = 'default';
export const BY = { spaceId: SPACE, actor: 'me' };

export interface ModelParts {
  store: Store;
  sealer: Sealer;
  ids: Ids;
}

export function applyOf({ store, sealer, ids }: ModelParts): Apply {
  return createApply({
    store,
    sealer,
    ids,
    clock: systemClock,
    fingerprint: (text) => sha256(Buffer.from(text)),
  });
}

export async function applyDrafts(parts: ModelParts, drafts: readonly Draft[]): Promise<void> {
  await applyOf(parts).apply(BY, { drafts, prune: false });
}

export function draft<Kind extends ResourceKind>(
  kind: Kind,
  name: string,
  body: ResourceBodies[Kind],
  parent = '',
): Draft {
  const place = (path: readonly (string | number)[]) => ({
    ...{ file: 'model.yaml', line: 1, column: 1 },
    field: path.join('.'),
  });
  return { kind, name, parent, body, place };
}

const ANYWHERE: VariableScope = {
  ...{ environments: [], targets: [], roles: [], steps: [] },
  ...{ channels: [], tenants: [], tenantTags: [], processes: [] },
};

export function variable(
  name: string,
  value: string,
  { scope = {}, ...change }: Partial<Omit<Variable, 'scope'>> & { scope?: Partial<VariableScope> } = {},
): Variable {
  const rest = { type: 'text', description: '', prompt: null } as const;
  return { name, value, ...rest, ...change, scope: { ...ANYWHERE, ...scope } };
}

export function template(name: string, change: Partial<VariableTemplate> = {}): VariableTemplate {
  const rest = { label: '', description: '', type: 'text', default: '', required: false } as const;
  return { name, ...rest, control: 'text', options: [], ...change };
}

export const sensitive = { type: 'sensitive' } as const;

function process(...steps: { name: string; roles?: string[] }[]): Process {
  const script: ScriptText = { interpreter: 'bash', body: 'true', arguments: [], environment: {} };
  return {
    pinWorker: false,
    steps: steps.map(({ name, roles = [] }) => ({
      ...{ name, roles, start: 'afterPrevious', condition: { kind: 'success' } },
      ...{ rollingWindow: null, maxParallelism: 10 },
      actions: [
        {
          ...{ name, environments: [], excludedEnvironments: [], channels: [], tenantTags: [] },
          ...{ disabled: false, required: false, condition: { kind: 'success' }, notes: '', timeoutMs: 0 },
          retries: { times: 0, waitMs: 0, factor: 1 },
          does: {
            ...{ kind: 'script', runsOn: roles.length === 0 ? 'worker' : 'workerForEachTarget', script },
            ...{ pool: { kind: 'default' }, leaseMode: 'shared', tools: [], cleanUp: null },
            ...{ terminal: false, runAs: '' },
          },
        },
      ],
    })),
  };
}

const CONNECTIVITY = { skipUnavailable: false, excludeUnhealthy: false, allowNoTargets: true };

export function project(change: Partial<ResourceBodies['project']> = {}): ResourceBodies['project'] {
  return {
    ...{ description: '', group: null, lifecycle: 'Default', variableSets: ['Common'], tenanted: 'either' },
    ...{ guidedFailure: 'off', connectivity: CONNECTIVITY, versionTemplate: '', disabled: false },
    ...{ templates: [], variables: [], triggers: [] },
    channels: [{ name: 'Stable', description: '', lifecycle: null, isDefault: true, tenantTags: [] }],
    process: process({ name: 'Build' }, { name: 'Web', roles: ['web'] }),
    ...change,
  };
}

const PIN: Prompt = { label: 'PIN', description: '', required: false, control: 'text', options: [] };

export function shop(): ResourceBodies['project'] {
  return project({
    variables: [
      variable('Password', 'pw anywhere', sensitive),
      variable('PASSWORD', 'pw in production', { ...sensitive, scope: { environments: ['Production'] } }),
      variable('Pin', 'pin offered', { ...sensitive, prompt: PIN }),
      variable('Unset', '', { ...sensitive, prompt: PIN }),
      variable('Host', 'db.#{Octopus.Environment.Name | ToLower}.example'),
      variable('Connection', 'host=#{Host};password=#{Password}'),
      variable('Looks sealed', 'v1.plain'),
    ],
    templates: [
      template('Asked', { ...sensitive, default: 'asked default' }),
      template('Later', { default: 'later default' }),
    ],
  });
}

export function acme(): ResourceBodies['tenant'] {
  const where = { project: 'Shop', environment: 'Production' };
  return {
    ...{ description: '', tags: [], projects: [{ project: 'Shop', environments: ['Production'] }] },
    common: [{ variableSet: 'Common', name: 'Shared', ...sensitive, value: 'shared of acme' }],
    values: [
      { ...where, name: 'Later', type: 'text', value: 'later of acme' },
      { ...where, name: 'asked', ...sensitive, value: 'asked of acme' },
    ],
  };
}

export async function applyModel(parts: ModelParts): Promise<void> {
  const environment = (sortOrder: number) => ({ description: '', sortOrder, guidedFailure: false });
  await applyDrafts(parts, [
    draft('environment', 'Test', environment(1)),
    draft('environment', 'Production', environment(2)),
    draft('lifecycle', 'Default', { description: '', phases: [] }),
    draft('variableSet', 'Common', {
      description: '',
      variables: [variable('Token', 'library token', sensitive), variable('Password', 'pw of the library')],
      templates: [template('Shared', { ...sensitive, default: 'shared default' })],
    }),
    draft('project', 'Shop', shop()),
    draft(
      'runbook',
      'Restart',
      {
        ...{ description: '', project: 'Shop', environments: 'all', tenanted: 'either' },
        ...{ guidedFailure: 'off', connectivity: CONNECTIVITY, process: process({ name: 'Restart' }) },
      },
      'Shop',
    ),
    draft('tenant', 'Acme', acme()),
  ]);
}

/** Sealed in the resources that `applyModel` makes, and in a snapshot of the project. */
export const SEALED_IN_RESOURCES = 8;
export const SEALED_IN_SNAPSHOT = 6;
