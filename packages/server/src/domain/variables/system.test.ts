import { readFileSync } from 'node:fs';

import { expect, test } from '@jest/globals';

import type { SystemFacts } from './run-facts.ts';
import { FACTS } from './system-facts.ts';
import { systemVariables } from './system.ts';

const FULL: SystemFacts = {
  run: {
    space: { id: 'sp', name: 'Default' },
    project: { id: 'p', name: 'Shop' },
    projectGroup: { id: 'pg', name: 'Public' },
    environment: { id: 'e', name: 'Production', sortOrder: 3 },
    task: {
      id: 't',
      name: 'Deploy 1.2.3',
      queuedFor: 1000,
      expiresAt: 2000,
      arguments: { DeploymentId: 'd' },
    },
    startedBy: { id: 'u', name: 'Alice King', username: 'alice', email: 'alice@example.com' },
    ...{ createdAt: 0, comments: 'go', trigger: { id: 'tr', name: 'Nightly' } },
    tenant: { id: 'tn', name: 'Acme', tags: ['Region/Europe', 'Ring/Early'] },
    targets: [
      { id: 'm1', name: 'Web01', roles: ['web', 'linux'] },
      { id: 'm2', name: 'Web02', roles: ['web'] },
    ],
    ...{ specificTargets: ['m1', 'm2'], excludedTargets: ['m3'], serverUrl: 'https://longshore.example.com' },
    failure: { message: 'exit code 1', detail: 'exit code 1 at step Web' },
    of: {
      ...{ kind: 'deployment', id: 'd', name: 'Deploy to Production' },
      release: { id: 'r', number: '1.2.3', notes: 'notes', createdAt: 86_400_000, channel: 'Stable' },
      previousRelease: { id: 'r1', number: '1.2.2' },
      previousForEnvironment: { id: 'r1', number: '1.2.2' },
      currentForEnvironment: { id: 'r0', number: '1.2.1' },
      previousSuccessfulDeploymentId: 'd0',
    },
  },
  step: {
    ...{ id: 's', name: 'Web', number: 2, roles: ['WEB'], workerPool: { id: 'wp', name: 'Linux' } },
    action: {
      ...{ id: 'a', name: 'Install', number: 3, script: { body: 'true', syntax: 'Bash' } },
      manual: { instructions: 'Look', responsible: 'Ops' },
    },
  },
  machine: { id: 'm1', name: 'Web01', roles: ['web', 'linux'], host: '192.0.2.1' },
};
const RUNBOOK: SystemFacts = {
  ...FULL,
  run: {
    ...FULL.run,
    of: {
      ...{ kind: 'runbook', id: 'rr', name: 'Restore on Production', runbook: { id: 'rb', name: 'Restore' } },
      snapshot: { id: 'rs', name: 'Snapshot 1', notes: 'n' },
    },
  },
};
const BARE: SystemFacts = {
  run: {
    ...{ ...FULL.run, projectGroup: null, comments: '', trigger: null, tenant: null, targets: [] },
    ...{ specificTargets: [], excludedTargets: [], serverUrl: null, failure: null },
    of: RUNBOOK.run.of,
  },
  ...{ step: null, machine: null },
};

test('facts of a deployment, of a step, of its target', () => {
  const found = Object.fromEntries([...systemVariables(FULL)].map(({ name, value }) => [name, value]));
  expect(found).toMatchObject({
    'Octopus.Release.Number': '1.2.3',
    'Octopus.Release.Created': '1970-01-02T00:00:00.000Z',
    'Octopus.Deployment.Machines': 'm1,m2',
    'Octopus.Deployment.Tenant.Tags': 'Region/Europe,Ring/Early',
    'Octopus.Deployment.Targets[m2].Name': 'Web02',
    'Octopus.Environment.MachinesInRole[web]': 'm1,m2',
    'Octopus.Task.Argument[DeploymentId]': 'd',
    'Octopus.Machine.Roles': 'web,linux',
    'Octopus.Tentacle.CurrentDeployment.TargetedRoles': 'web',
    'Octopus.Action.StepName': 'Web',
    'Octopus.Web.DeploymentLink': '/deployments/d',
  });
  expect(Object.keys(found).filter((name) => name.includes('Runbook'))).toEqual([]);
});

test('one by one as in the list, whatever the case', () => {
  for (const facts of [FULL, RUNBOOK, BARE]) {
    const variables = systemVariables(facts);
    for (const each of variables) {
      expect(variables.get(each.name.toUpperCase())).toEqual(each);
      expect(each.value).not.toBe('');
    }
  }
  expect(systemVariables(FULL).get('Octopus.Deployment.Targets[m9].Name')).toBeUndefined();
  expect(systemVariables(FULL).get('constructor')).toBeUndefined();
});

test('what a run does not have is no variable', () => {
  const variables = systemVariables(BARE);
  for (const name of [
    'Release.Id',
    'Machine.Id',
    'Deployment.Tenant.Id',
    'Web.ServerUri',
    'Deployment.Error',
    'Step.Name',
  ])
    expect(variables.get(`Octopus.${name}`)).toBeUndefined();
  expect(variables.get('Octopus.Runbook.Name')?.value).toBe('Restore');
});

test('each is there in some run, and in the docs', () => {
  const seen = new Set(
    [FULL, RUNBOOK].flatMap((facts) =>
      [...systemVariables(facts)].map(({ name }) => name.replace(/\[.*/, '')),
    ),
  );
  const page = readFileSync(new URL('../../../../../docs/variables.md', import.meta.url), 'utf8').replaceAll(
    / +/g,
    ' ',
  );
  for (const { name, description } of FACTS) {
    expect(seen).toContain(name.replace(/\[.*/, ''));
    expect(page).toContain(`| \`${name}\` | ${description} |`);
  }
});
