/** The walk over references: all of them, each once, with its place, and written back where it was. */
import { describe, expect, test } from '@jest/globals';

import { changedFields } from './changes.ts';
import { cyclesAmong } from './cycles.ts';
import type { Process } from './process.ts';
import { mapReferences, referencesOf } from './references.ts';
import type { DeploymentTarget } from './target.ts';
import type { Tenant } from './tenant.ts';

const tenant: Tenant = {
  description: 'p1',
  tags: ['p1/x'],
  projects: [{ project: 'p1', environments: ['e1', 'e2'] }],
  common: [{ variableSet: 's1', name: 'p1', type: 'workerPool', value: 'w1' }],
  values: [{ project: 'p1', environment: 'e1', name: 'A', type: 'text', value: 'e1' }],
};

describe('references', () => {
  test('are found with kind and place; what only looks like one is left alone', () => {
    expect(
      referencesOf('tenant', tenant).map(({ kind, value, path }) => `${kind} ${value} ${path.join('.')}`),
    ).toEqual([
      'project p1 projects.0.project',
      'environment e1 projects.0.environments.0',
      'environment e2 projects.0.environments.1',
      'variableSet s1 common.0.variableSet',
      'workerPool w1 common.0.value',
      'project p1 values.0.project',
      'environment e1 values.0.environment',
    ]);
  });

  test('are written where they were, and nothing else changes', () => {
    const mapped = mapReferences('tenant', tenant, ({ value }) => `new ${value}`);
    expect(mapped).toEqual({
      ...tenant,
      projects: [{ project: 'new p1', environments: ['new e1', 'new e2'] }],
      common: [{ ...tenant.common[0], variableSet: 'new s1', value: 'new w1' }],
      values: [{ ...tenant.values[0], project: 'new p1', environment: 'new e1' }],
    });
    expect(mapReferences('tenant', mapped, ({ value }) => value.replace('new ', ''))).toEqual(tenant);
  });

  test('of a target are its machine, or its pool', () => {
    const target: DeploymentTarget = {
      ...{
        description: '',
        environments: [],
        roles: ['e1'],
        tenanted: 'either',
        tenants: ['t1'],
        tenantTags: [],
      },
      ...{ disabled: false, reachedBy: { kind: 'agent', machine: 'm1' } },
    };
    expect(referencesOf('target', target).map(({ kind, value }) => [kind, value])).toEqual([
      ['tenant', 't1'],
      ['worker', 'm1'],
    ]);
    const cloud: DeploymentTarget = { ...target, reachedBy: { kind: 'cloudRegion', pool: null } };
    expect(referencesOf('target', cloud)).toHaveLength(1);
  });
});

describe('changed fields', () => {
  const step = (name: string, body: string) => ({
    name,
    actions: [{ name, does: { kind: 'script', script: { body }, pool: { kind: 'default' } } }],
  });

  test('are named as YAML has them', () => {
    const before = { process: { steps: [step('A', 'x'), step('B', 'x'), step('C', 'x')] }, roles: ['a'] };
    const after = { process: { steps: [step('C', 'y'), step('A', 'x'), step('D', 'x')] }, roles: ['b'] };
    expect(changedFields(before, after)).toEqual([
      'steps[B]',
      'steps[C].script.body',
      'steps[D]',
      'steps (order)',
      'roles',
    ]);
    expect(changedFields(before, structuredClone(before))).toEqual([]);
  });

  test('are bounded in number', () => {
    const many = (n: number) => Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`k${i}`, n]));
    expect(changedFields(many(1), many(2))).toHaveLength(51);
  });
});

test('each circle is found once, and its way named', () => {
  const deploys = (...to: string[]): Process => ({
    pinWorker: false,
    steps: to.map((project) => ({ actions: [{ does: { kind: 'deployRelease', project } }] })) as never,
  });
  const starter = (id: string, ...to: string[]) => ({ id, name: id.toUpperCase(), process: deploys(...to) });
  const all = [starter('a', 'b', 'c'), starter('b', 'c'), starter('c', 'd'), starter('d', 'b', 'x')];
  expect(cyclesAmong(all).map(({ names }) => names.join(' '))).toEqual(['B C D B']);
  expect(cyclesAmong([starter('a', 'b', 'c'), starter('b', 'c'), starter('c')])).toEqual([]);
});
