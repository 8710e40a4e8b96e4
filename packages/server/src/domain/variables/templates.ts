/**
 * What tenants still have to fill in: each required template of the project,
 * in each environment, and of the library sets that it includes, once.
 *
 * Always true: a default will do, and a value of spaces alone is none. What is
 * missing refuses a deployment before it begins.
 */
import type { Ref } from '../model/resource.ts';
import type { VariableTemplate } from '../model/variable.ts';
import type { TenantValues } from './candidate.ts';
import type { ValueProblem } from './prompted.ts';
import { fold } from './scope.ts';
import type { VariableSnapshot, VariableSource } from './snapshot.ts';

export interface MissingValue {
  /** Of the template. */
  name: string;
  label: string;
  tenant: string;
  /** The project, or the library set. */
  of: { kind: 'project' | 'library'; id: Ref; name: string };
  /** Null: for all of them, once. */
  environment: { id: Ref; name: string } | null;
}

export function missingTenantValues(
  snapshot: VariableSnapshot,
  tenant: TenantValues,
  environments: readonly { id: Ref; name: string }[],
): MissingValue[] {
  const { project, sets } = snapshot;
  const common = new Set(
    tenant.common.filter(isGiven).map(({ variableSet, name }) => key(variableSet, name)),
  );
  const own = new Set(
    tenant.values
      .filter((value) => isGiven(value) && value.project === project.id)
      .map(({ environment, name }) => key(environment, name)),
  );
  const missing = (
    source: VariableSource,
    has: (template: VariableTemplate) => boolean,
    rest: Pick<MissingValue, 'of' | 'environment'>,
  ): MissingValue[] =>
    source.templates
      .filter((template) => template.required && template.default.trim() === '' && !has(template))
      .map(({ name, label }) => ({ name, label: label === '' ? name : label, tenant: tenant.name, ...rest }));
  return [
    ...sets.flatMap((set) =>
      missing(set, ({ name }) => common.has(key(set.id, name)), {
        of: { kind: 'library', id: set.id, name: set.name },
        environment: null,
      }),
    ),
    ...environments.flatMap((environment) =>
      missing(project, ({ name }) => own.has(key(environment.id, name)), {
        of: { kind: 'project', id: project.id, name: project.name },
        environment,
      }),
    ),
  ];
}

function isGiven({ value }: { value: string }): boolean {
  return value.trim() !== '';
}

function key(id: Ref, name: string): string {
  return `${id}/${fold(name)}`;
}

/** As a field of an error. */
export function asProblem({ name, label, tenant, of, environment }: MissingValue): ValueProblem {
  const asked = label === name ? name : `${name} (${label})`;
  return environment === null
    ? {
        field: `tenants.${tenant}.common.${of.name}.${name}`,
        expected: `a value: library set ${of.name} asks tenant ${tenant} for ${asked}`,
      }
    : {
        field: `tenants.${tenant}.values.${of.name}.${environment.name}.${name}`,
        expected: `a value: project ${of.name} asks tenant ${tenant} for ${asked} in ${environment.name}`,
      };
}
