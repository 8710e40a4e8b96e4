/**
 * Every value that a run could see, in one form: the variables of project and
 * library sets, what the tenant filled in, the defaults of templates.
 *
 * A tenant's value for a project's template is a value of the project for that
 * tenant in that environment; its common value, one of the library set for that
 * tenant. A template's default is a value without a scope, there also when no
 * tenant is deployed for.
 */
import type { Ref } from '../model/resource.ts';
import type { Tenant } from '../model/tenant.ts';
import type { Variable, VariableScope, VariableTemplate, VariableType } from '../model/variable.ts';
import { rankOfLayer, type Layer } from './precedence.ts';
import { ANYWHERE, fold, readyScope, type ReadyScope } from './scope.ts';
import type { VariableSnapshot, VariableSource } from './snapshot.ts';

export interface ResolvedVariable {
  /** As it was written where the value stands. */
  name: string;
  /** Raw: `#{…}` is still in it, and a sensitive one is sealed. */
  value: string;
  type: VariableType;
  sensitive: boolean;
  source: ValueSource;
  scope: Readonly<VariableScope>;
  /** Another value has the same right to be chosen: it was written earlier, that is all. */
  ambiguous: boolean;
}

export interface ValueSource {
  kind: 'project' | 'library' | 'tenant' | 'prompted' | 'system' | 'output';
  /** Of the resource that it stands in; empty of `prompted`, `system` and `output`. */
  id: Ref;
  name: string;
  /**
   * Where in that resource's body, as a JSON pointer: `/variables/3/value`. Of `prompted`, the key of the variable that
   * asked; of `output`, the name that the script gave it.
   */
  place: string;
}

export interface Candidate {
  folded: string;
  scope: ReadyScope;
  layer: Layer;
  /** The layer's part of its rank. */
  layerRank: number;
  /** Higher: written later. */
  order: number;
  resolved: ResolvedVariable;
  /** The variable that may be asked for; null: it is none. */
  variable: Variable | null;
}

/** Known by the resource and the place in it. */
export function keyOf(source: Pick<ValueSource, 'id' | 'place'>): string {
  return `${source.id}${source.place}`;
}

/** Those of the snapshot, in the order in which they are written. */
export function candidatesOf(snapshot: VariableSnapshot): Candidate[] {
  const found: Candidate[] = [];
  const add = (source: VariableSource, belongsTo: Layer['belongsTo']): void => {
    source.templates.forEach((template, i) => {
      if (template.default === '') return;
      found.push(
        candidate({
          ...{ name: template.name, value: template.default, type: template.type, scope: ANYWHERE },
          ...{ layer: { belongsTo, origin: 'default' }, order: found.length, variable: null },
          source: { kind: belongsTo, id: source.id, name: source.name, place: `/templates/${i}/default` },
        }),
      );
    });
    source.variables.forEach((variable, i) => {
      found.push(
        candidate({
          ...{ name: variable.name, value: variable.value, type: variable.type, scope: variable.scope },
          ...{ layer: { belongsTo, origin: 'variable' }, order: found.length, variable },
          source: { kind: belongsTo, id: source.id, name: source.name, place: `/variables/${i}/value` },
        }),
      );
    });
  };
  for (const set of snapshot.sets) add(set, 'library');
  add(snapshot.project, 'project');
  return found;
}

/** A tenant with what it filled in, as it is when the run starts. */
export interface TenantValues extends Pick<Tenant, 'common' | 'values'> {
  id: Ref;
  name: string;
}

/** What the tenant filled in for the templates of the snapshot; values without a template there are left out. */
export function candidatesOfTenant(snapshot: VariableSnapshot, tenant: TenantValues): Candidate[] {
  const found: Candidate[] = [];
  const templates = (source: VariableSource): Map<string, VariableTemplate> =>
    new Map(source.templates.map((template) => [fold(template.name), template]));
  const add = (
    at: { of: Map<string, VariableTemplate> | undefined; list: 'common' | 'values'; i: number },
    given: { name: string; type: VariableType; value: string; environments: Ref[] },
    belongsTo: Layer['belongsTo'],
  ): void => {
    const template = at.of?.get(fold(given.name));
    if (template === undefined) return;
    found.push(
      candidate({
        ...{ name: template.name, value: given.value, variable: null, order: TENANT_ORDER + found.length },
        type: template.type === 'sensitive' ? 'sensitive' : given.type,
        scope: { ...ANYWHERE, tenants: [tenant.id], environments: given.environments },
        layer: { belongsTo, origin: 'tenant' },
        source: { kind: 'tenant', id: tenant.id, name: tenant.name, place: `/${at.list}/${at.i}/value` },
      }),
    );
  };
  const sets = new Map(snapshot.sets.map((set) => [set.id, templates(set)]));
  tenant.common.forEach((value, i) =>
    add({ of: sets.get(value.variableSet), list: 'common', i }, { ...value, environments: [] }, 'library'),
  );
  const ofProject = templates(snapshot.project);
  tenant.values.forEach((value, i) => {
    if (value.project !== snapshot.project.id) return;
    add({ of: ofProject, list: 'values', i }, { ...value, environments: [value.environment] }, 'project');
  });
  return found;
}

/** After all that a snapshot holds. */
const TENANT_ORDER = 2 ** 40;

interface Written {
  name: string;
  value: string;
  type: VariableType;
  scope: Readonly<VariableScope>;
  source: ValueSource;
  layer: Layer;
  order: number;
  variable: Variable | null;
}

function candidate({ name, value, type, scope, source, layer, order, variable }: Written): Candidate {
  return {
    folded: fold(name),
    scope: readyScope(scope),
    layer,
    layerRank: rankOfLayer(layer),
    order,
    resolved: { name, value, type, sensitive: type === 'sensitive', source, scope, ambiguous: false },
    variable,
  };
}
