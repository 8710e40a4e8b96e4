/** What orchestration costs: planning, a step beside its plain attempt, and many deployments at once. */
import { planRun } from '@longshore/server/domain/deployment/plan';
import type { Step } from '@longshore/server/domain/model/process';
import type { Variable } from '@longshore/server/domain/model/variable';
import { indexSnapshot, variablesOfRun } from '@longshore/server/domain/variables/resolve';
import { ANYWHERE } from '@longshore/server/domain/variables/scope';
import { takeSnapshot } from '@longshore/server/domain/variables/snapshot';

import type { Figure } from './figures.ts';
import type { BenchContext } from './sections.ts';
import { median, quantile, timeAll, timeEach } from './stats.ts';

const STEPS = 200;
const TARGETS = 500;
const VALUES = 2000;
const PLANS = 5;

/** 200 steps on 500 targets, 2,000 scoped variables; the pool of every second step is a variable's. */
export function planning(): Figure[] {
  const steps = Array.from({ length: STEPS }, (_, i) => stepOf(i));
  const variables = Array.from({ length: VALUES }, (_, i) => variableOf(i));
  const targets = Array.from({ length: TARGETS }, (_, i) => ({
    ...{ id: `t${i}`, name: `web-${i}`, roles: [`r${i % 10}`, 'all'], machineId: `m${i}`, poolId: null },
    ...{ disabled: false, health: 'healthy' as const, healthReason: '' },
  }));
  const snapshot = takeSnapshot({ id: 'p', name: 'Shop', body: { variables, templates: [] } }, []);
  const took: number[] = [];
  let heap = 0;
  for (let n = 0; n < PLANS; n += 1) {
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    const began = performance.now();
    const run = variablesOfRun(indexSnapshot(snapshot), {
      ...{ environmentId: 'prod', channel: 'Stable', tenantId: null, tenantTags: [] },
      process: 'deployment',
    });
    const planned = planRun({
      process: { pinWorker: false, steps },
      environment: { id: 'prod', name: 'Production' },
      tenant: null,
      channel: 'Stable',
      connectivity: { skipUnavailable: false, excludeUnhealthy: false, allowNoTargets: false },
      targets,
      defaultPoolId: 'default',
      pools: new Map([
        ['default', 'Default'],
        ['linux', 'Linux'],
      ]),
      poolOf: (name, { step, action }) => {
        const names = [step.name, action.name];
        const found = run.lookup(name, { stepNames: names, stepRoles: step.roles, target: null });
        return found === undefined ? { problem: `no ${name}` } : { poolId: found.value };
      },
      choices: { skipSteps: [], targets: [], excludedTargets: [] },
    });
    if ('problems' in planned) throw new Error(planned.problems[0]?.text);
    const stored = JSON.stringify(planned.plan);
    took.push(performance.now() - began);
    heap = Math.max(heap, (process.memoryUsage().heapUsed - before) / 2 ** 20);
    if (stored.length === 0) throw new Error('no plan');
  }
  return [
    {
      ...{ name: `a plan of ${STEPS} steps × ${TARGETS} targets × ${VALUES} values`, value: median(took) },
      ...{ unit: 'ms', bar: 500, aim: 100, better: 'lower' },
    },
    { name: 'its memory', value: heap, unit: 'MiB', bar: 200, aim: 50, better: 'lower' },
  ];
}

function stepOf(i: number): Step {
  return {
    ...{ name: `Step ${i}`, start: i % 5 === 4 ? 'withPrevious' : 'afterPrevious' },
    ...{ condition: { kind: 'success' }, roles: [i % 2 === 0 ? 'all' : `r${i % 10}`] },
    ...{ rollingWindow: null, maxParallelism: 10 },
    actions: [
      {
        ...{ name: `Step ${i}`, environments: [], excludedEnvironments: [], channels: [], tenantTags: [] },
        ...{ disabled: false, required: false, condition: { kind: 'success' }, timeoutMs: 0, notes: '' },
        retries: { times: 0, waitMs: 0, factor: 1 },
        does: {
          ...{ kind: 'script', runsOn: 'workerForEachTarget', leaseMode: 'shared', tools: [] },
          script: { interpreter: 'bash', body: 'true', arguments: [], environment: {} },
          pool: i % 2 === 0 ? { kind: 'default' } : { kind: 'variable', name: 'Name.0' },
          ...{ cleanUp: null, terminal: false, runAs: '' },
        },
      },
    ],
  };
}

function variableOf(i: number): Variable {
  const scopes = [
    { targets: [`t${i % TARGETS}`] },
    { steps: [`step ${i % STEPS}`] },
    { roles: [`r${i % 10}`], environments: ['prod'] },
    { environments: ['prod'] },
  ];
  const pool = i % 250 === 0;
  return {
    ...{ name: `Name.${i % 250}`, type: pool ? 'workerPool' : 'text', value: pool ? 'linux' : `v${i}` },
    ...{ description: '', prompt: null },
    scope: { ...ANYWHERE, ...(pool ? {} : scopes[i % scopes.length]) },
  };
}

const STEPS_IN_A_ROW = 60;
const ROUNDS = 5;

interface Tree {
  activities: { key: string; startedAt: number | null; endedAt: number | null; state: string }[];
}

/** A step's period in a run of many, beside the plain attempt of the same script. */
export async function steps(context: BenchContext): Promise<Figure[]> {
  const { client } = context.stage;
  await apply(context, [projectOf('Row', STEPS_IN_A_ROW)]);
  const added: { p50: number[]; p95: number[]; plain: number[]; step: number[] } = {
    ...{ p50: [], p95: [], plain: [], step: [] },
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    const plain = await timeEach(STEPS_IN_A_ROW, async () => {
      await client.run({ script: { body: context.scriptBody } });
    });
    const periods = await periodsOf(context, 'Row');
    added.plain.push(median(plain));
    added.step.push(median(periods));
    added.p50.push(median(periods) - median(plain));
    added.p95.push(quantile(periods, 0.95) - quantile(plain, 0.95));
  }
  return [
    {
      ...{ name: 'a step of a run, beside its plain attempt, p50', value: median(added.step), unit: 'ms' },
      limit: median(added.plain),
      ratio: median(added.step.map((value, i) => value / (added.plain[i] ?? Number.NaN))),
      better: 'lower',
    },
    {
      ...{ name: 'orchestration adds to a step, p50', value: median(added.p50), unit: 'ms' },
      ...{ bar: 5, aim: 2, better: 'lower' },
    },
    {
      ...{ name: 'orchestration adds to a step, p95', value: median(added.p95), unit: 'ms' },
      ...{ bar: 15, aim: 5, better: 'lower' },
    },
  ];
}

/** Milliseconds from each step's beginning to the next one's: nothing runs beside them. */
async function periodsOf(context: BenchContext, project: string): Promise<number[]> {
  const { client } = context.stage;
  const id = await deploy(context, project);
  await ended(context, id);
  const { activities } = (await client.json('GET', `/tasks/${id}/tree`)) as unknown as Tree;
  const begun = activities
    .filter(({ key }) => !key.includes('.'))
    .map(({ startedAt }) => startedAt ?? 0)
    .sort((a, b) => a - b);
  return begun.slice(1).map((at, i) => at - (begun[i] ?? at));
}

const DEPLOYMENTS = 200;
const STEPS_EACH = 10;
const AGENTS = 10;

/** 200 deployments of 10 steps at once on 10 agents, and the same scripts sent plainly by as many senders. */
export async function manyRuns(context: BenchContext): Promise<Figure[]> {
  const { stage } = context;
  const pool = 'runs';
  await stage.client.json('POST', '/pools', { name: pool });
  for (let n = 0; n < AGENTS; n += 1) await stage.startAgent(`runs-${n}`, { pool, slots: 16 });
  const names = Array.from({ length: DEPLOYMENTS }, (_, i) => `Many ${i}`);
  await apply(
    context,
    names.map((name) => projectOf(name, STEPS_EACH, pool)),
  );
  const scripts = DEPLOYMENTS * STEPS_EACH;
  const plain =
    scripts /
    (await timeAll(scripts, DEPLOYMENTS, async () => {
      await stage.client.run({ pool, script: { body: context.scriptBody } });
    }));
  const began = performance.now();
  const ids = await Promise.all(names.map((name) => deploy(context, name)));
  const took = await Promise.all(ids.map((id) => ended(context, id).then(() => performance.now() - began)));
  const last = Math.max(...took) / 1000;
  const rate = scripts / last;
  return [
    {
      ...{ name: `scripts a second of ${DEPLOYMENTS} deployments at once`, value: rate, unit: '/s' },
      ...{ limit: plain, ratio: rate / plain, bar: 0.8, aim: 0.95, better: 'higher' },
    },
    {
      ...{ name: 'the last of them, × the median', value: Math.max(...took) / median(took), unit: '' },
      better: 'lower',
    },
  ];
}

function projectOf(name: string, steps: number, pool?: string): string {
  const where = pool === undefined ? '' : `, pool: ${pool}`;
  const each = Array.from(
    { length: steps },
    (_, i) => `  - { name: s${i}, script: { body: "true"${where} } }`,
  );
  return `kind: Project\nname: ${name}\nlifecycle: Bench\nsteps:\n${each.join('\n')}\n`;
}

async function apply({ stage }: BenchContext, projects: readonly string[]): Promise<void> {
  const text = ['kind: Environment\nname: Bench\n', 'kind: Lifecycle\nname: Bench\n', ...projects].join(
    '---\n',
  );
  await stage.client.json('POST', '/apply', { files: [{ path: 'bench.yaml', text }] });
}

async function deploy({ stage }: BenchContext, project: string): Promise<string> {
  await stage.client.json('POST', '/releases', { project, version: '1.0.0', ignoreExisting: true });
  const task = await stage.client.json('POST', '/deployments', {
    ...{ project, version: '1.0.0', environment: 'Bench' },
  });
  return String(task['id']);
}

async function ended({ stage }: BenchContext, id: string): Promise<void> {
  await stage.client.follow(id);
}
