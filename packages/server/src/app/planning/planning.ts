/** Makes the plan of a run from what the store says now. The rules are in `domain/deployment/plan.ts`. */
import type { PlanChoices, PlanProblem, TargetCandidate } from '../../domain/deployment/plan.ts';
import { planRun, tagsMatch, type Plan } from '../../domain/deployment/plan.ts';
import type { Resource } from '../../domain/model/resource.ts';
import { runOf, type Task } from '../../domain/task.ts';
import type { RunVariables } from '../../domain/variables/resolve.ts';
import type { Worker } from '../../domain/worker.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { isRefusal } from '../kernel/refusal.ts';
import type { Tx } from '../ports/store.ts';
import { materialOf, runVariables, type RunMaterial } from './run-material.ts';

type Planned = { plan: Plan } | { problems: PlanProblem[] };

export async function planTask(kernel: Kernel, tx: Tx, task: Task): Promise<Planned> {
  const spec = runOf(task);
  if (spec === undefined)
    return { problems: [{ kind: 'config', about: '', text: 'it is no run of a process' }] };
  try {
    const material = await materialOf(tx, task.spaceId, spec);
    const prompted = new Map(spec.prompted.map(({ name, value }) => [name, value]));
    const variables = runVariables(material, prompted);
    return await planMaterial(kernel, tx, { material, variables, choices: spec.choices });
  } catch (thrown) {
    if (!isRefusal(thrown)) throw thrown;
    return { problems: [{ kind: 'config', about: '', text: thrown.message }] };
  }
}

export async function planMaterial(
  kernel: Pick<Kernel, 'sessions'>,
  tx: Tx,
  of: { material: RunMaterial; variables: RunVariables; choices: PlanChoices },
): Promise<Planned> {
  const { material, variables, choices } = of;
  const { spaceId } = material.project;
  const pools = await tx.pools.list(spaceId);
  const defaultPool = pools.find(({ isDefault }) => isDefault);
  return planRun({
    process: material.snapshot.process,
    environment: { id: material.environment.id, name: material.environment.name },
    tenant:
      material.tenant === undefined ? null : { name: material.tenant.name, tags: material.tenant.body.tags },
    channel: material.context.channel,
    connectivity: material.connectivity,
    targets: await targetsFor(kernel, tx, material),
    defaultPoolId: defaultPool?.id ?? '',
    pools: new Map(pools.map(({ id, name }) => [id, name])),
    poolOf: (name, { step, action }) => {
      const found = variables.lookup(name, {
        stepNames: [step.name, action.name],
        stepRoles: step.roles,
        target: null,
      });
      if (found === undefined || found.value === '')
        return {
          problem: `worker-pool variable "${name}" has no value for this run: give it one whose scope matches`,
        };
      if (found.type !== 'workerPool')
        return {
          problem: `variable "${name}" is of type ${found.type}; the pool of a step needs one of type workerPool`,
        };
      return { poolId: found.value };
    },
    choices,
  });
}

/** The targets of the run's environment, for its tenant. */
async function targetsFor(
  kernel: Pick<Kernel, 'sessions'>,
  tx: Tx,
  { project, environment, tenant }: RunMaterial,
): Promise<TargetCandidate[]> {
  const { spaceId } = project;
  const all = await tx.resources.list(spaceId, 'target');
  const here = all.filter(({ body }) => body.environments.includes(environment.id) && isFor(body, tenant));
  const machines = new Map<string, Worker>();
  for (const worker of await tx.workers.list(spaceId)) machines.set(worker.id, worker);
  return here.map((target) => candidate(kernel, target, machines));
}

function isFor(
  { tenanted, tenants, tenantTags }: Resource<'target'>['body'],
  tenant: Resource<'tenant'> | undefined,
): boolean {
  if (tenant === undefined) return tenanted !== 'tenanted';
  if (tenanted === 'untenanted') return false;
  if (tenants.length === 0 && tenantTags.length === 0) return true;
  if (tenants.includes(tenant.id)) return true;
  return tenantTags.length > 0 && tagsMatch(tenantTags, tenant.body.tags);
}

function candidate(
  kernel: Pick<Kernel, 'sessions'>,
  { id, name, body }: Resource<'target'>,
  machines: ReadonlyMap<string, Worker>,
): TargetCandidate {
  const { roles, reachedBy, disabled } = body;
  const common = { id, name, roles };
  if (reachedBy.kind === 'cloudRegion') {
    const { pool: poolId } = reachedBy;
    return { ...common, machineId: null, poolId, disabled, health: 'healthy', healthReason: '' };
  }
  const machine = machines.get(reachedBy.machine);
  if (machine === undefined)
    return {
      ...common,
      ...{ machineId: reachedBy.machine, poolId: null, disabled },
      health: 'unavailable',
      healthReason: 'its agent is no longer registered',
    };
  const { health, healthReason, enabled } = machine;
  const reached = kernel.sessions.get(machine.id) !== undefined;
  return {
    ...common,
    machineId: machine.id,
    poolId: null,
    disabled: disabled || !enabled,
    // A session that has just begun says more than a health of before.
    health: health === 'unavailable' && reached ? 'healthy' : health,
    healthReason,
  };
}
