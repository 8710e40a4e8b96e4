import { describe, expect, test } from '@jest/globals';

import type { Action, PoolChoice, RunsOn, ScriptAction, Step } from '../model/process.ts';
import {
  NO_CHOICES,
  planRun,
  tagsMatch,
  whereRuns,
  type Plan,
  type PlanningInput,
  type TargetCandidate,
} from './plan.ts';

const scriptOf = (change: Partial<ScriptAction> = {}): ScriptAction => ({
  ...{ kind: 'script', runsOn: 'worker', pool: { kind: 'default' }, leaseMode: 'shared', tools: [] },
  script: { interpreter: 'bash', body: '', arguments: [], environment: {} },
  ...{ cleanUp: null, terminal: false, runAs: '' },
  ...change,
});

const actionOf = (name: string, change: Partial<Action> = {}): Action => ({
  ...{ name, environments: [], excludedEnvironments: [], channels: [], tenantTags: [] },
  ...{ disabled: false, required: false, condition: { kind: 'success' }, timeoutMs: 0, notes: '' },
  retries: { times: 0, waitMs: 0, factor: 1 },
  does: scriptOf(),
  ...change,
});

const stepOf = (name: string, actions: Action[] = [actionOf(name)], change: Partial<Step> = {}): Step => ({
  ...{ name, start: 'afterPrevious', condition: { kind: 'success' }, roles: [] },
  ...{ rollingWindow: null, maxParallelism: 10, actions },
  ...change,
});

const targetOf = (id: string, change: Partial<TargetCandidate> = {}): TargetCandidate => ({
  ...{ id, name: `web-${id}`, roles: ['web'], machineId: `m-${id}`, poolId: null },
  ...{ disabled: false, health: 'healthy', healthReason: '' },
  ...change,
});

const inputOf = (steps: Step[], change: Partial<PlanningInput> = {}): PlanningInput => ({
  process: { pinWorker: false, steps },
  environment: { id: 'prod', name: 'Production' },
  tenant: null,
  channel: 'Stable',
  connectivity: { skipUnavailable: false, excludeUnhealthy: false, allowNoTargets: false },
  targets: [],
  defaultPoolId: 'default',
  pools: new Map([
    ['default', 'Default'],
    ['linux', 'Linux'],
    ['cloud', 'Cloud'],
  ]),
  poolOf: (variable) => (variable === 'Pool' ? { poolId: 'linux' } : { problem: `no value for ${variable}` }),
  choices: NO_CHOICES,
  ...change,
});

function planned(steps: Step[], change: Partial<PlanningInput> = {}): Plan {
  const made = planRun(inputOf(steps, change));
  if ('problems' in made) throw new Error(made.problems.map(({ text }) => text).join('; '));
  return made.plan;
}

function problems(steps: Step[], change: Partial<PlanningInput> = {}): string[] {
  const made = planRun(inputOf(steps, change));
  return 'problems' in made ? made.problems.map(({ kind, text }) => `${kind}: ${text}`) : [];
}

describe('where an action runs', () => {
  const machine = targetOf('a');
  const region = targetOf('eu', { machineId: null });
  const ofCloud = targetOf('us', { machineId: null, poolId: 'cloud' });
  const DEFAULT: PoolChoice = { kind: 'default' };
  const named = (pool: string): PoolChoice => ({ kind: 'pool', pool });
  const variable: PoolChoice = { kind: 'variable', name: 'Pool' };
  test.each<[string, RunsOn, PoolChoice, TargetCandidate | null, string]>([
    ['once, no pool named', 'worker', DEFAULT, null, 'pool default'],
    ['once, a pool named', 'worker', named('linux'), null, 'pool linux'],
    ['once, by a variable', 'worker', variable, null, 'pool linux'],
    ['once, in a step with targets', 'worker', DEFAULT, ofCloud, 'pool default'],
    ['on a machine', 'target', DEFAULT, machine, 'machine m-a'],
    ['on behalf of a machine', 'workerForEachTarget', DEFAULT, machine, 'pool default'],
    ['on behalf of a machine, a pool named', 'workerForEachTarget', named('linux'), machine, 'pool linux'],
    ['on a region: a worker acts for it', 'target', DEFAULT, region, 'pool default'],
    ['on a region with a pool of its own', 'target', DEFAULT, ofCloud, 'pool cloud'],
    ['on behalf of it', 'workerForEachTarget', DEFAULT, ofCloud, 'pool cloud'],
    ['the step names another pool: that wins', 'workerForEachTarget', named('linux'), ofCloud, 'pool linux'],
    ['by a variable: that wins', 'workerForEachTarget', variable, ofCloud, 'pool linux'],
    [
      'the default pool by its name is the default',
      'workerForEachTarget',
      named('default'),
      ofCloud,
      'pool cloud',
    ],
  ])('%s', (_, runsOn, pool, target, expected) => {
    const roles = target === null ? [] : ['web'];
    const steps = [stepOf('s', [actionOf('s', { does: scriptOf({ runsOn, pool }) })], { roles })];
    const plan = planned(steps, { targets: target === null ? [] : [target] });
    const where = whereRuns(plan, plan.steps[0]!.actions[0]!, target);
    expect(`${where?.kind ?? ''} ${where?.id ?? ''}`).toBe(expected);
  });
});

describe('what is left out, and why', () => {
  const why = (change: Partial<Action>, input: Partial<PlanningInput> = {}): string =>
    planned([stepOf('s', [actionOf('s', change)])], input).steps[0]!.skipped;
  const acme = { name: 'Acme', tags: ['Ring/Early', 'Region/Europe'] };
  test.each<[string, Partial<Action>, Partial<PlanningInput>, string]>([
    ['nothing', {}, {}, ''],
    ['disabled', { disabled: true }, {}, 'disabled'],
    ['its environment', { environments: ['prod'] }, {}, ''],
    ['another environment', { environments: ['test'] }, {}, 'not for environment "Production"'],
    ['excluded there', { excludedEnvironments: ['prod'] }, {}, 'not for environment "Production"'],
    ['its channel, whatever its case', { channels: ['STABLE'] }, {}, ''],
    ['another channel', { channels: ['Beta'] }, {}, 'not for channel "Stable"'],
    ['a runbook has no channel', { channels: ['Beta'] }, { channel: null }, ''],
    ['tags without a tenant', { tenantTags: ['Ring/Early'] }, {}, 'only for tenants with certain tags'],
    ['a tag of the tenant', { tenantTags: ['ring/early'] }, { tenant: acme }, ''],
    ['another tag', { tenantTags: ['Ring/Late'] }, { tenant: acme }, 'not for tenant "Acme"'],
    [
      'one of each set',
      { tenantTags: ['Ring/Early', 'Region/Asia'] },
      { tenant: acme },
      'not for tenant "Acme"',
    ],
    ['skipped by choice', {}, { choices: { ...NO_CHOICES, skipSteps: ['S'] } }, 'skipped by choice'],
  ])('%s', (_, change, input, expected) => {
    expect(why(change, input)).toBe(expected);
  });

  test('some actions of a step: the rest of it runs', () => {
    const plan = planned([stepOf('s', [actionOf('a'), actionOf('b', { disabled: true })])]);
    expect(plan.steps[0]).toMatchObject({
      skipped: '',
      actions: [{ name: 'a' }],
      left: [{ name: 'b', why: 'disabled' }],
    });
  });
});

test.each<[string[], string[], boolean]>([
  [[], [], true],
  [['A/1'], ['A/1'], true],
  [['A/1'], ['a/1'], true],
  [['A/1', 'A/2'], ['A/2'], true],
  [['A/1', 'B/1'], ['A/1'], false],
  [['A/1', 'B/1'], ['A/1', 'B/1'], true],
])('tags %j of %j: %s', (wanted, has, expected) => {
  expect(tagsMatch(wanted, has)).toBe(expected);
});

describe('targets', () => {
  const web = [
    stepOf('s', [actionOf('s', { does: scriptOf({ runsOn: 'target' }) })], { roles: ['WEB', 'db'] }),
  ];
  const names = (targets: TargetCandidate[], change: Partial<PlanningInput> = {}): (string | undefined)[] =>
    planned(web, { targets, ...change }).targets.map(({ name }) => name);
  const all = [targetOf('a'), targetOf('b'), targetOf('c', { roles: ['queue'] })];

  test('those with one of the roles, whatever their case', () => {
    expect(names(all)).toEqual(['web-a', 'web-b']);
  });

  test('chosen, left out, disabled', () => {
    expect(names(all, { choices: { ...NO_CHOICES, targets: ['WEB-B'] } })).toEqual(['web-b']);
    expect(names(all, { choices: { ...NO_CHOICES, excludedTargets: ['web-b'] } })).toEqual(['web-a']);
    expect(names([targetOf('a', { disabled: true }), targetOf('b')])).toEqual(['web-b']);
  });

  test('one that can not be reached ends the run before it begins, unless the project goes on without it', () => {
    const away = [targetOf('a', { health: 'unavailable', healthReason: 'No connection' }), targetOf('b')];
    expect(problems(web, { targets: away })).toEqual([
      'state: deployment target "web-a" can\'t be reached (No connection); connectivity.skipUnavailable would go on without it',
    ]);
    const skip = { skipUnavailable: true, excludeUnhealthy: false, allowNoTargets: false };
    expect(names(away, { connectivity: skip })).toEqual(['web-b']);
    // Nobody needs it here.
    expect(problems([stepOf('x')], { targets: away })).toEqual([]);
  });

  test('an unhealthy one is used, unless the project says otherwise', () => {
    const sick = [targetOf('a', { health: 'unhealthy' }), targetOf('b', { health: 'hasWarnings' })];
    expect(names(sick)).toEqual(['web-a', 'web-b']);
    const exclude = { skipUnavailable: false, excludeUnhealthy: true, allowNoTargets: false };
    expect(names(sick, { connectivity: exclude })).toEqual(['web-b']);
  });

  test('none at all', () => {
    expect(problems(web)).toEqual([
      'config: no deployment target of environment "Production" has one of the roles WEB, db: register one, or set connectivity.allowNoTargets',
    ]);
    expect(problems([stepOf('s', [actionOf('s', { does: scriptOf({ runsOn: 'target' }) })])])).toEqual([
      'config: step "s" runs for each target, but names no role of targets',
    ]);
  });

  test('the window beats the parallelism', () => {
    const rolling = stepOf('s', [actionOf('s')], { roles: ['web'], rollingWindow: 2, maxParallelism: 5 });
    expect(planned([rolling], { targets: all }).steps[0]!.width).toBe(2);
    expect(planned([{ ...rolling, rollingWindow: null }], { targets: all }).steps[0]!.width).toBe(5);
  });
});

test('a pinned worker: one for each pool, held as its most demanding step asks', () => {
  const onPool = (name: string, change: Partial<ScriptAction>): Step =>
    stepOf(name, [actionOf(name, { does: scriptOf(change) })]);
  const steps = [
    onPool('a', { pool: { kind: 'pool', pool: 'linux' } }),
    onPool('b', { pool: { kind: 'pool', pool: 'linux' }, leaseMode: 'exclusive' }),
    onPool('c', { pool: { kind: 'pool', pool: 'cloud' } }),
    onPool('d', {}),
  ];
  expect(planned(steps, { process: { pinWorker: true, steps } }).pinned).toEqual({
    ...{ linux: 'exclusive', cloud: 'shared', default: 'shared' },
  });
  expect(planned(steps).pinned).toEqual({});
});

test('all problems at once', () => {
  const steps = [
    stepOf('a', [actionOf('a', { does: scriptOf({ pool: { kind: 'pool', pool: 'gone' } }) })]),
    stepOf('b', [actionOf('b', { does: scriptOf({ pool: { kind: 'variable', name: 'None' } }) })]),
  ];
  expect(problems(steps, { choices: { ...NO_CHOICES, skipSteps: ['c'] } })).toEqual([
    'config: there is no step "c" to skip',
    'config: step "a": its worker pool (gone) was deleted; name another one, and make a new release',
    'config: step "b": no value for None',
  ]);
});
