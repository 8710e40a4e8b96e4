/**
 * A server's core with agents that are played, and projects to deploy: what
 * each script does is told by its body (`exit 3`, `set Name=value`, `hold`).
 */
import type { Activity } from '@longshore/server/domain/deployment/activity';
import type { Environment } from '@longshore/server/domain/model/environment';
import type { Lifecycle } from '@longshore/server/domain/model/lifecycle';
import type { Action, ActionKind, ScriptAction, Step } from '@longshore/server/domain/model/process';
import type { Project, Runbook } from '@longshore/server/domain/model/project';
import type { ResourceBodies, ResourceKind } from '@longshore/server/domain/model/resource';
import type { DeploymentTarget } from '@longshore/server/domain/model/target';
import type { Tenant } from '@longshore/server/domain/model/tenant';
import type { Variable, VariableScope } from '@longshore/server/domain/model/variable';
import type { StartCommand } from '@longshore/server/app/ports/agents';
import type { RunRequest } from '@longshore/server/app/ports/run-api';
import type { Task } from '@longshore/server/domain/task';
import { ANYWHERE } from '@longshore/server/domain/variables/scope';

import { FarAgent, openCoreStage, SPACE, type CoreStage, type StageNode } from './core-stage.ts';
import type { Dialect } from './store.ts';
import { until } from './until.ts';

const BY = { spaceId: SPACE, actor: 'a test' };
const ENVIRONMENT: Environment = { description: '', sortOrder: 0, guidedFailure: false };
const LIFECYCLE: Lifecycle = { description: '', phases: [] };
const CONNECTIVITY = { skipUnavailable: false, excludeUnhealthy: false, allowNoTargets: false };

/** A script action: one line that the played agent understands. */
export function script(body: string, change: Partial<ScriptAction> = {}): ScriptAction {
  return {
    kind: 'script',
    runsOn: 'worker',
    script: { interpreter: 'bash', body, arguments: [], environment: {} },
    pool: { kind: 'default' },
    leaseMode: 'shared',
    tools: [],
    cleanUp: null,
    terminal: false,
    runAs: '',
    ...change,
  };
}

export function action(name: string, does: ActionKind, change: Partial<Action> = {}): Action {
  return {
    name,
    environments: [],
    excludedEnvironments: [],
    channels: [],
    tenantTags: [],
    disabled: false,
    required: false,
    condition: { kind: 'success' },
    retries: { times: 0, waitMs: 10, factor: 1 },
    timeoutMs: 0,
    notes: '',
    does,
    ...change,
  };
}

export function step(
  name: string,
  does: ActionKind | Action[],
  change: Partial<Step> & { action?: Partial<Action> } = {},
): Step {
  const { action: ofAction = {}, ...ofStep } = change;
  return {
    name,
    start: 'afterPrevious',
    condition: { kind: 'success' },
    roles: [],
    rollingWindow: null,
    maxParallelism: 10,
    actions: Array.isArray(does) ? does : [action(name, does, ofAction)],
    ...ofStep,
  };
}

export function variable(name: string, value: string, change: Partial<Variable> = {}): Variable {
  return { name, type: 'text', value, description: '', scope: ANYWHERE, prompt: null, ...change };
}

export function scope(change: Partial<VariableScope>): VariableScope {
  return { ...ANYWHERE, ...change };
}

/** A script that an agent was told to run, and what became of it. */
export interface Played {
  agent: FarAgent;
  command: StartCommand;
}

export class RunStage {
  readonly core: CoreStage;
  readonly ids: Record<string, string> = {};
  readonly agents: FarAgent[] = [];
  readonly played: Played[] = [];
  /** Scripts that hold, by body: `go` ends them. */
  readonly #held = new Map<string, Played[]>();
  node: StageNode;
  poolId = '';

  private constructor(core: CoreStage, node: StageNode) {
    this.core = core;
    this.node = node;
  }

  /** With a default pool of two workers, and the environments `dev` and `prod`. */
  static async open(dialect: Dialect, { workers = 2 }: { workers?: number } = {}): Promise<RunStage> {
    const core = await openCoreStage(dialect);
    const stage = new RunStage(core, await core.node('node-1'));
    stage.poolId = await stage.node.addPool({ isDefault: true });
    for (let n = 0; n < workers; n += 1) await stage.addAgent([stage.poolId]);
    await stage.put('environment', 'dev', { ...ENVIRONMENT, sortOrder: 1 });
    await stage.put('environment', 'prod', { ...ENVIRONMENT, sortOrder: 2 });
    await stage.put('lifecycle', 'default', LIFECYCLE);
    return stage;
  }

  close(): Promise<void> {
    return this.core.close();
  }

  async addAgent(poolIds: string[]): Promise<FarAgent> {
    const worker = await this.node.addWorker(poolIds[0] ?? '', { poolIds, slots: 10 });
    const agent = new FarAgent(worker);
    this.agents.push(agent);
    agent.onStart = (command) => this.#play({ agent, command });
    await agent.connect(this.node.core);
    return agent;
  }

  /** A target with an agent of its own. */
  async addTarget(name: string, roles: string[], change: Partial<DeploymentTarget> = {}): Promise<FarAgent> {
    const agent = await this.addAgent([]);
    await this.put(
      'target',
      name,
      this.targetBody(roles, { reachedBy: { kind: 'agent', machine: agent.worker.id }, ...change }),
    );
    return agent;
  }

  targetBody(roles: string[], change: Partial<DeploymentTarget> = {}): DeploymentTarget {
    return {
      description: '',
      environments: [this.id('dev'), this.id('prod')],
      roles,
      tenanted: 'either',
      tenants: [],
      tenantTags: [],
      disabled: false,
      reachedBy: { kind: 'cloudRegion', pool: null },
      ...change,
    };
  }

  id(name: string): string {
    const id = this.ids[name];
    if (id === undefined) throw new Error(`nothing is called ${name}`);
    return id;
  }

  async put<Kind extends ResourceKind>(
    kind: Kind,
    name: string,
    body: ResourceBodies[Kind],
    parentId = '',
  ): Promise<string> {
    const { store } = this.node;
    const id = this.ids[name] ?? `${kind}-${name}`;
    this.ids[name] = id;
    await store.write(async (tx) => {
      const there = await tx.resources.get(SPACE, id);
      const resource = {
        ...{ spaceId: SPACE, id, kind, name, parentId, body },
        ...{ version: (there?.version ?? 0) + 1, createdAt: 1, changedAt: 1 },
      };
      if (there === undefined) await tx.resources.insert(resource);
      else await tx.resources.update(resource, there.version);
    });
    return id;
  }

  async project(
    name: string,
    steps: Step[],
    change: Partial<Project> & { pinWorker?: boolean } = {},
  ): Promise<void> {
    const { pinWorker = false, ...body } = change;
    await this.put('project', name, {
      description: '',
      group: null,
      lifecycle: this.id('default'),
      variableSets: [],
      tenanted: 'either',
      guidedFailure: 'off',
      connectivity: CONNECTIVITY,
      versionTemplate: '',
      templates: [],
      variables: [],
      channels: [{ name: 'Default', description: '', lifecycle: null, isDefault: true, tenantTags: [] }],
      process: { pinWorker, steps },
      triggers: [],
      disabled: false,
      ...body,
    });
  }

  async runbook(project: string, name: string, steps: Step[], change: Partial<Runbook> = {}): Promise<void> {
    await this.put(
      'runbook',
      name,
      {
        description: '',
        project: this.id(project),
        environments: 'all',
        tenanted: 'either',
        guidedFailure: 'off',
        connectivity: CONNECTIVITY,
        process: { pinWorker: false, steps },
        ...change,
      },
      this.id(project),
    );
  }

  async tenant(name: string, projects: string[], change: Partial<Tenant> = {}): Promise<void> {
    await this.put('tenant', name, {
      description: '',
      tags: [],
      projects: projects.map((project) => ({
        project: this.id(project),
        environments: [this.id('dev'), this.id('prod')],
      })),
      common: [],
      values: [],
      ...change,
    });
  }

  /** A release of what stands now, deployed. @returns the task's id */
  async deploy(project: string, request: Partial<RunRequest> & { version?: string } = {}): Promise<string> {
    const { core } = this.node;
    const version = request.version ?? (await core.releases.create(BY, { project })).version;
    const task = await core.processRuns.deploy(BY, { environment: 'dev', ...request, project, version });
    return task.id;
  }

  async ended(taskId: string): Promise<Task> {
    return this.node.core.tasks.ended(SPACE, taskId);
  }

  /** Deploys, and waits for the end. */
  async deployed(project: string, request: Partial<RunRequest> & { version?: string } = {}): Promise<Task> {
    return this.ended(await this.deploy(project, request));
  }

  async activities(taskId: string): Promise<Map<string, Activity>> {
    const { activities } = await this.node.core.processRuns.tree(SPACE, taskId);
    return new Map(activities.map((one) => [one.key, one]));
  }

  async states(taskId: string): Promise<Record<string, string>> {
    return Object.fromEntries([...(await this.activities(taskId))].map(([key, { state }]) => [key, state]));
  }

  /** Bodies of the scripts that agents were told to run, in order. */
  bodies(): string[] {
    return this.played.map(({ command }) => command.spec.body);
  }

  /** Waits until so many scripts with this body hold. */
  async holds(body: string, times = 1): Promise<Played[]> {
    await until(`${body} holds`, () => (this.#held.get(body)?.length ?? 0) >= times);
    return this.#held.get(body) ?? [];
  }

  /** Ends one that holds. */
  async go(body: string, code = 0): Promise<void> {
    const [held, ...rest] = await this.holds(body);
    this.#held.set(body, rest);
    await held!.agent.finish(held!.command.attemptId, { kind: 'exited', code }, '');
  }

  /** The node is killed and comes back, and so do the agents' sessions. */
  async restart(): Promise<void> {
    this.node.kill();
    this.node = await this.core.node('node-1');
    for (const agent of this.agents) await agent.connect(this.node.core);
  }

  #play(played: Played): void {
    this.played.push(played);
    void this.#run(played).catch(() => undefined);
  }

  async #run(played: Played): Promise<void> {
    const { agent, command } = played;
    const { attemptId, spec } = command;
    const body = spec.body.trim();
    await agent.accept(command);
    if (body.startsWith('hold')) {
      this.#held.set(body, [...(this.#held.get(body) ?? []), played]);
      return;
    }
    const set = /^(secret|set) (\w+)=(.*)$/.exec(body);
    const events =
      set === null
        ? []
        : [
            {
              ...{ n: 1, atOffset: 0, time: 1, kind: 'setVariable' as const },
              ...{ name: set[2]!, value: set[3]!, sensitive: set[1] === 'secret' },
            },
          ];
    const code = Number(/^exit (\d+)/.exec(body)?.[1] ?? 0);
    await agent.finish(attemptId, { kind: 'exited', code }, `${body}\n`, events);
  }
}
