/** Variables and templates as they are written down: what must be true of them within their project or set. */
import { duplicates, unknownNames, type ModelProblem } from './problems.ts';
import type { Project } from './project.ts';
import { nameKey, type Path } from './ref.ts';
import { scopeText } from './secrets.ts';
import type { Prompt, Variable, VariableTemplate } from './variable.ts';

/** @param of the project; null: a library set, which has neither steps nor channels */
export function checkVariables(
  variables: readonly Variable[],
  { project }: { project: Pick<Project, 'process' | 'channels'> | null },
): ModelProblem[] {
  const steps = project === null ? [] : namesOfSteps(project.process);
  const channels = project === null ? [] : project.channels.map(({ name }) => name);
  const problems = duplicates(
    variables.map(({ name, scope }) => `${nameKey(name)} ${scopeText(scope)}`),
    (i) => ['variables', i, 'name'],
    'variable with the same scope',
  );
  variables.forEach((variable, i) => {
    const path = ['variables', i];
    const { scope, type, prompt } = variable;
    if (project === null) problems.push(...refuseLocal(variable, path));
    else
      problems.push(
        ...unknownNames(scope.steps, (n) => [...path, 'scope', 'steps', n], {
          names: steps,
          what: 'step or action',
        }),
        ...unknownNames(scope.channels, (n) => [...path, 'scope', 'channels', n], {
          names: channels,
          what: 'channel',
        }),
      );
    if (type === 'workerPool')
      for (const part of ['targets', 'roles'] as const)
        if (scope[part].length > 0)
          problems.push({
            path: [...path, 'scope', part],
            expected: 'none of these: the pool is chosen before it is known which targets there are',
          });
    if (prompt !== null) problems.push(...checkOptions(prompt, [...path, 'prompt']));
  });
  return problems;
}

/** A library set knows no project. */
function refuseLocal({ scope }: Variable, path: Path): ModelProblem[] {
  return (['steps', 'channels', 'processes'] as const)
    .filter((part) => scope[part].some((value) => value !== 'deployment'))
    .map((part) => ({
      path: [...path, 'scope', part],
      expected: 'none of these: they belong to one project, and a library set to several',
    }));
}

export function checkTemplates(templates: readonly VariableTemplate[]): ModelProblem[] {
  return [
    ...duplicates(
      templates.map(({ name }) => name),
      (i) => ['templates', i, 'name'],
      'template',
    ),
    ...templates.flatMap((template, i) => checkOptions(template, ['templates', i])),
  ];
}

function checkOptions({ control, options }: Pick<Prompt, 'control' | 'options'>, path: Path): ModelProblem[] {
  if (control === 'select' && options.length === 0)
    return [{ path: [...path, 'control'], value: control, expected: 'options beside it' }];
  if (control !== 'select' && options.length > 0)
    return [{ path: [...path, 'options'], expected: 'control: select beside it' }];
  return duplicates(
    options.map(({ value }) => value),
    (i) => [...path, 'options', i],
    'option',
  );
}

/** Of steps and of actions: variables may be scoped to either. */
export function namesOfSteps({ steps }: Project['process']): string[] {
  const names = steps.flatMap(({ name, actions }) => [name, ...actions.map((action) => action.name)]);
  return [...new Set(names)];
}
