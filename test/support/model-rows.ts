/** What people configure, put straight into a store: the least that a deployment needs, and what a test changes of it. */
import { createIds } from '@longshore/base';
import type { Store } from '@longshore/server/app/ports/store';
import type { Phase } from '@longshore/server/domain/model/lifecycle';
import type { Process } from '@longshore/server/domain/model/process';
import type { Project, Runbook } from '@longshore/server/domain/model/project';
import type { Resource, ResourceBodies, ResourceKind } from '@longshore/server/domain/model/resource';
import type { Tenant } from '@longshore/server/domain/model/tenant';

const ids = createIds();
export const SPACE = 'default';

/** A process of one script on the default pool. */
export const ONE_SCRIPT: Process = {
  pinWorker: false,
  steps: [
    {
      ...{ name: 'Say', start: 'afterPrevious', condition: { kind: 'success' }, roles: [] },
      ...{ rollingWindow: null, maxParallelism: 10 },
      actions: [
        {
          ...{ name: 'Say', environments: [], excludedEnvironments: [], channels: [], tenantTags: [] },
          ...{ disabled: false, required: false, condition: { kind: 'success' }, timeoutMs: 0, notes: '' },
          retries: { times: 0, waitMs: 0, factor: 1 },
          does: {
            kind: 'script',
            runsOn: 'worker',
            script: { interpreter: 'bash', body: 'echo hi', arguments: [], environment: {} },
            pool: { kind: 'default' },
            ...{ leaseMode: 'shared', tools: [], cleanUp: null, terminal: false, runAs: '' },
          },
        },
      ],
    },
  ],
};

/** A process that waits for an answer of people: without a worker it neither ends nor fails. */
export const ONE_QUESTION: Process = {
  ...ONE_SCRIPT,
  steps: ONE_SCRIPT.steps.map((step) => ({
    ...step,
    actions: step.actions.map((action) => ({
      ...action,
      does: { kind: 'manual', instructions: 'Look.', responsible: '' },
    })),
  })),
};

const CONNECTIVITY = { skipUnavailable: true, excludeUnhealthy: false, allowNoTargets: true };

const PROJECT: Project = {
  ...{ description: '', group: null, lifecycle: '', variableSets: [], tenanted: 'untenanted' },
  ...{ guidedFailure: 'off', connectivity: CONNECTIVITY, versionTemplate: '', templates: [], variables: [] },
  channels: [{ name: 'Default', description: '', lifecycle: null, isDefault: true, tenantTags: [] }],
  ...{ process: ONE_SCRIPT, triggers: [], disabled: false },
};

export class ModelRows {
  readonly #store: Store;
  readonly #now: () => number;

  constructor(store: Store, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  async put<Kind extends ResourceKind>(
    kind: Kind,
    name: string,
    body: ResourceBodies[Kind],
    parentId = '',
  ): Promise<Resource<Kind>> {
    const now = this.#now();
    const times = { version: 1, createdAt: now, changedAt: now };
    const resource: Resource<Kind> = { spaceId: SPACE, id: ids(), kind, name, parentId, body, ...times };
    await this.#store.write(async (tx) => {
      await tx.resources.insert(resource);
      this.#store.announce(tx, 'resource', kind);
    });
    return resource;
  }

  environment(name: string, sortOrder = 0): Promise<Resource<'environment'>> {
    return this.put('environment', name, { description: '', sortOrder, guidedFailure: false });
  }

  lifecycle(name: string, phases: Partial<Phase>[] = []): Promise<Resource<'lifecycle'>> {
    return this.put('lifecycle', name, {
      description: '',
      phases: phases.map((phase, i) => ({
        ...{ name: `Phase ${i}`, environments: [], automatic: [], minimum: 0, optional: false },
        ...{ priority: false, ...phase },
      })),
    });
  }

  project(name: string, body: Partial<Project> & Pick<Project, 'lifecycle'>): Promise<Resource<'project'>> {
    return this.put('project', name, { ...PROJECT, ...body });
  }

  runbook(name: string, projectId: string, body: Partial<Runbook> = {}): Promise<Resource<'runbook'>> {
    const rest = { tenanted: 'untenanted', guidedFailure: 'off', connectivity: CONNECTIVITY } as const;
    const given = { description: '', project: projectId, environments: 'all', process: ONE_SCRIPT } as const;
    return this.put('runbook', name, { ...given, ...rest, ...body }, projectId);
  }

  tenant(name: string, connected: Tenant['projects'], tags: string[] = []): Promise<Resource<'tenant'>> {
    return this.put('tenant', name, { description: '', tags, projects: connected, common: [], values: [] });
  }

  /** Changes what is stored now. */
  async change<Kind extends ResourceKind>(
    { id }: Resource<Kind>,
    change: (body: ResourceBodies[Kind]) => ResourceBodies[Kind],
  ): Promise<void> {
    await this.#store.write(async (tx) => {
      const now = (await tx.resources.get(SPACE, id)) as Resource<Kind> | undefined;
      if (now === undefined) throw new Error(`resource ${id} is gone`);
      const version = now.version + 1;
      await tx.resources.update(
        { ...now, version, body: change(now.body), changedAt: this.#now() },
        now.version,
      );
      this.#store.announce(tx, 'resource', now.kind);
    });
  }

  async remove({ id, kind }: Resource): Promise<void> {
    await this.#store.write(async (tx) => {
      await tx.resources.delete(SPACE, id);
      this.#store.announce(tx, 'resource', kind);
    });
  }
}
