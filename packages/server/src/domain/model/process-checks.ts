/** Steps and actions: what must be true of them within their process. */
import { duplicates, unknownNames, unknownTags, type Around, type ModelProblem } from './problems.ts';
import type { Action, Process, ScriptAction, Step } from './process.ts';
import type { Project } from './project.ts';
import { nameKey, type Path } from './ref.ts';

interface Where {
  /** Of the project; null: a runbook's process, which knows no channels. */
  channels: readonly string[] | null;
  around: Around;
  project: Project;
}

export function checkProcess({ steps }: Process, where: Where): ModelProblem[] {
  return [
    ...checkNames(steps),
    ...steps.flatMap((step, i) => checkStep(step, ['process', 'steps', i], i)),
    ...steps.flatMap((step, s) =>
      step.actions.flatMap((action, a) =>
        checkAction(action, ['process', 'steps', s, 'actions', a], { ...where, step }),
      ),
    ),
  ];
}

/** Output variables are named after steps and actions. */
function checkNames(steps: readonly Step[]): ModelProblem[] {
  const actions = steps.flatMap((step, s) =>
    step.actions.length === 1
      ? []
      : step.actions.map(({ name }, a) => ({ name, path: [s, 'actions', a, 'name'] })),
  );
  const all = [...steps.map(({ name }, s) => ({ name, path: [s, 'name'] })), ...actions];
  return [
    ...duplicates(
      all.map(({ name }) => name),
      (i) => ['process', 'steps', ...(all[i]?.path ?? [])],
      'step and action name',
    ),
    ...steps.flatMap(({ name, actions: [only, ...more] }, s) =>
      only === undefined || more.length > 0 || only.name === name
        ? []
        : [
            {
              path: ['process', 'steps', s, 'actions', 0, 'name'],
              value: only.name,
              expected: `the step's name, "${name}", for it is the only action`,
            },
          ],
    ),
  ];
}

function checkStep(step: Step, path: Path, i: number): ModelProblem[] {
  const problems: ModelProblem[] = [];
  if (i === 0 && step.start === 'withPrevious')
    problems.push({
      ...{ path: [...path, 'start'], value: step.start },
      expected: 'afterPrevious: there is no step before the first',
    });
  if (step.rollingWindow !== null && step.roles.length === 0)
    problems.push({ path: [...path, 'rollingWindow'], expected: 'roles beside it, for it counts targets' });
  if (step.actions.length === 0) problems.push({ path, expected: 'at least one action' });
  problems.push(...duplicates(step.roles, (n) => [...path, 'roles', n], 'role'));
  return problems;
}

function checkAction(action: Action, path: Path, where: Where & { step: Step }): ModelProblem[] {
  const { channels, around, step } = where;
  const problems = unknownTags(action.tenantTags, [...path, 'tenantTags'], around);
  if (channels === null) {
    if (action.channels.length > 0)
      problems.push({ path: [...path, 'channels'], expected: 'none: a runbook has no channels' });
  } else
    problems.push(
      ...unknownNames(action.channels, (i) => [...path, 'channels', i], { names: channels, what: 'channel' }),
    );
  for (const [i, environment] of action.excludedEnvironments.entries())
    if (action.environments.includes(environment))
      problems.push({
        path: [...path, 'excludedEnvironments', i],
        expected: 'an environment that does not stand in environments too',
      });
  if (action.retries.times > 0 && action.does.kind !== 'script' && action.does.kind !== 'webhook')
    problems.push({
      path: [...path, 'retries'],
      expected: 'none: only scripts and webhooks are tried again',
    });
  switch (action.does.kind) {
    case 'script':
      problems.push(...checkScript(action.does, [...path, 'does'], where));
      break;
    case 'healthCheck':
      if (step.roles.length === 0)
        problems.push({
          path: [...path, 'does'],
          expected: 'a step with roles: they say which targets are checked',
        });
      break;
    case 'deployRelease':
      problems.push(...checkDeployedChannel(action.does, [...path, 'does'], around));
      break;
    case 'manual':
    case 'runRunbook':
    case 'webhook':
  }
  return problems;
}

function checkDeployedChannel(
  { project, channel }: { project: string; channel: string },
  path: Path,
  around: Around,
): ModelProblem[] {
  const known = around.project(project)?.channels.map(({ name }) => name);
  if (channel === '' || known === undefined) return [];
  return unknownNames([channel], () => [...path, 'channel'], {
    names: known,
    what: 'channel of that project',
  });
}

function checkScript(
  does: ScriptAction,
  path: Path,
  { step, project, around }: Where & { step: Step },
): ModelProblem[] {
  const problems: ModelProblem[] = [];
  if (does.runsOn !== 'worker' && step.roles.length === 0)
    problems.push({
      ...{ path: [...path, 'runsOn'], value: does.runsOn },
      expected: 'a step with roles: they say for which targets it runs',
    });
  if (does.runsOn === 'target' && does.pool.kind !== 'default')
    problems.push({
      path: [...path, 'pool'],
      expected: 'none: it runs on the targets themselves (runsOn: target)',
    });
  if (does.cleanUp !== null && does.leaseMode !== 'exclusive')
    problems.push({ path: [...path, 'cleanUp'], expected: 'leaseMode: exclusive beside it' });
  if (does.pool.kind === 'variable') {
    const names = poolVariables(project, around);
    problems.push(
      ...unknownNames([does.pool.name], () => [...path, 'pool'], {
        names,
        what: 'variable of type workerPool, of the project or of a set that it includes',
      }),
    );
  }
  return problems;
}

function poolVariables(project: Project, around: Around): string[] {
  const sets = project.variableSets.map((id) => around.variableSet(id));
  const all = [project, ...sets].flatMap((of) => [...(of?.variables ?? []), ...(of?.templates ?? [])]);
  const names = new Map(
    all.filter(({ type }) => type === 'workerPool').map(({ name }) => [nameKey(name), name] as const),
  );
  return [...names.values()];
}
