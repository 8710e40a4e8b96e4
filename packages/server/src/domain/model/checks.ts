/**
 * What must be true within a body, beyond the form of its fields: names that
 * are unique, names that are there, numbers that fit together. References are
 * ids by then; what could not be found has been told already.
 */
import { checkProcess } from './process-checks.ts';
import type { Project, Runbook } from './project.ts';
import { nameKey, type Path } from './ref.ts';
import type { ResourceBodies, ResourceKind } from './resource.ts';
import type { DeploymentTarget } from './target.ts';
import type { TagSet, Tenant, TenantValue } from './tenant.ts';
import type { Lifecycle } from './lifecycle.ts';
import { duplicates, unknownNames, unknownTags, type Around, type ModelProblem } from './problems.ts';
import { checkTemplates, checkVariables } from './variable-checks.ts';
import type { VariableTemplate } from './variable.ts';

export function checkBody<Kind extends ResourceKind>(
  kind: Kind,
  body: ResourceBodies[Kind],
  around: Around,
): ModelProblem[] {
  return OF_KIND[kind](body, around);
}

const OF_KIND: {
  [Kind in ResourceKind]: (body: ResourceBodies[Kind], around: Around) => ModelProblem[];
} = {
  tagSet: (body: TagSet) =>
    duplicates(
      body.tags.map(({ name }) => name),
      (i) => ['tags', i],
      'tag',
    ),
  environment: () => [],
  lifecycle: checkLifecycle,
  projectGroup: () => [],
  variableSet: (body) => [
    ...checkVariables(body.variables, { project: null }),
    ...checkTemplates(body.templates),
  ],
  project: checkProject,
  runbook: checkRunbook,
  tenant: checkTenant,
  target: checkTarget,
};

function checkLifecycle({ phases }: Lifecycle): ModelProblem[] {
  const seen = new Map<string, string>();
  const problems = duplicates(
    phases.map(({ name }) => name),
    (i) => ['phases', i, 'name'],
    'phase',
  );
  phases.forEach((phase, i) => {
    for (const list of ['environments', 'automatic'] as const)
      phase[list].forEach((environment, n) => {
        const path = ['phases', i, list, n];
        const first = seen.get(environment);
        if (first !== undefined)
          problems.push({
            path,
            expected: `an environment that stands in the lifecycle once (${first} has it)`,
          });
        else seen.set(environment, `phase "${phase.name}"`);
      });
    const count = phase.environments.length + phase.automatic.length;
    if (count === 0)
      problems.push({ path: ['phases', i], expected: 'a phase with at least one environment' });
    else if (phase.minimum > count)
      problems.push({
        ...{ path: ['phases', i, 'minimum'], value: phase.minimum },
        expected: `at most ${count}: so many environments the phase has`,
      });
  });
  return problems;
}

function checkProject(body: Project, around: Around): ModelProblem[] {
  const channels = body.channels.map(({ name }) => name);
  const problems = duplicates(channels, (i) => ['channels', i, 'name'], 'channel');
  const defaults = body.channels.filter(({ isDefault }) => isDefault).length;
  if (defaults !== 1)
    problems.push({
      path: ['channels'],
      expected: `exactly one channel with isDefault: true; there are ${defaults}`,
    });
  body.channels.forEach(({ tenantTags }, i) =>
    problems.push(...unknownTags(tenantTags, ['channels', i, 'tenantTags'], around)),
  );
  body.triggers.forEach(({ does }, i) => {
    const path = ['triggers', i, 'does'];
    problems.push(...unknownTags(does.tenantTags, [...path, 'tenantTags'], around));
    if (does.kind === 'deploy' && does.channel !== '')
      problems.push(
        ...unknownNames([does.channel], () => [...path, 'channel'], { names: channels, what: 'channel' }),
      );
  });
  return [
    ...problems,
    ...duplicates(
      body.triggers.map(({ name }) => name),
      (i) => ['triggers', i, 'name'],
      'trigger',
    ),
    ...duplicates(body.variableSets, (i) => ['variableSets', i], 'variable set'),
    ...checkTemplates(body.templates),
    ...checkVariables(body.variables, { project: body }),
    ...unknownScopeTags(body, around),
    ...checkProcess(body.process, { channels, around, project: body }),
  ];
}

function unknownScopeTags({ variables }: Project, around: Around): ModelProblem[] {
  return variables.flatMap(({ scope }, i) =>
    unknownTags(scope.tenantTags, ['variables', i, 'scope', 'tenantTags'], around),
  );
}

function checkRunbook(body: Runbook, around: Around): ModelProblem[] {
  const project = around.project(body.project);
  return [
    ...(typeof body.environments === 'string'
      ? []
      : duplicates(body.environments, (i) => ['environments', i], 'environment')),
    ...(project === undefined ? [] : checkProcess(body.process, { channels: null, around, project })),
  ];
}

function checkTarget(body: DeploymentTarget, around: Around): ModelProblem[] {
  const problems = [
    ...duplicates(body.environments, (i) => ['environments', i], 'environment'),
    ...duplicates(body.roles, (i) => ['roles', i], 'role'),
    ...unknownTags(body.tenantTags, ['tenantTags'], around),
  ];
  const of = [...body.tenants, ...body.tenantTags].length;
  if (body.tenanted === 'untenanted' && of > 0)
    problems.push({
      ...{ path: ['tenanted'], value: body.tenanted },
      expected: 'tenanted or either, for it names tenants or tenant tags',
    });
  return problems;
}

function checkTenant(body: Tenant, around: Around): ModelProblem[] {
  const problems = [
    ...unknownTags(body.tags, ['tags'], around),
    ...duplicates(
      body.projects.map(({ project }) => project),
      (i) => ['projects', i, 'project'],
      'project',
    ),
    ...duplicates(
      body.common.map(({ variableSet, name }) => `${variableSet} ${nameKey(name)}`),
      (i) => ['common', i, 'name'],
      'value',
    ),
    ...duplicates(
      body.values.map(({ project, environment, name }) => `${project} ${environment} ${nameKey(name)}`),
      (i) => ['values', i, 'name'],
      'value',
    ),
  ];
  body.common.forEach((given, i) =>
    problems.push(...checkValue(given, ['common', i], around.variableSet(given.variableSet)?.templates)),
  );
  body.values.forEach((given, i) => {
    const joined = body.projects.find(({ project }) => project === given.project);
    if (joined === undefined)
      problems.push({
        path: ['values', i, 'project'],
        expected: 'one of the projects that the tenant names',
      });
    else if (!joined.environments.includes(given.environment))
      problems.push({
        path: ['values', i, 'environment'],
        expected: 'one of the environments that the tenant names for this project',
      });
    problems.push(...checkValue(given, ['values', i], around.project(given.project)?.templates));
  });
  return problems;
}

/** @param templates undefined: what they belong to was not found, and that is told already */
function checkValue<T>(
  given: TenantValue<T>,
  path: Path,
  templates: readonly VariableTemplate[] | undefined,
): ModelProblem[] {
  if (templates === undefined) return [];
  const template = templates.find(({ name }) => nameKey(name) === nameKey(given.name));
  if (template === undefined)
    return unknownNames([given.name], () => [...path, 'name'], {
      names: templates.map(({ name }) => name),
      what: 'template',
    });
  if (template.type === given.type) return [];
  const say = {
    text: 'neither type nor sensitive',
    sensitive: 'sensitive: true',
    workerPool: 'type: workerPool',
  };
  return [{ path, expected: `${say[template.type]}, as the template "${template.name}" says` }];
}
