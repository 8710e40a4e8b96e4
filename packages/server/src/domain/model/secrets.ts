/**
 * The places of a body that hold a secret: values of variables, defaults of
 * templates and values of tenants, where their type is `sensitive`.
 *
 * Always true: in the store each is sealed with `sealContext` of its resource
 * and its place, or empty. It never stands in an answer, a plan, the audit
 * trail, a log or an error.
 */
import { nameKey, type Path } from './ref.ts';
import type { ResourceBodies, ResourceKind } from './resource.ts';
import type { Variable, VariableScope, VariableSet, VariableTemplate } from './variable.ts';

export interface SecretPlace {
  /** What it is called within its resource; bound in when it is sealed. Variables of one name share it. */
  place: string;
  /** Tells variables of one name apart: their scope. Empty where there is one only. */
  scope: string;
  value: string;
  path: Path;
  /** Nobody need have given it: it is asked for later. */
  optional: boolean;
}

type Map = (secret: SecretPlace) => string;

/** What a sealed value is bound to: moved to another resource or place it does not open. */
export function sealContext(resourceId: string, place: string): string {
  return `resource/${resourceId}/${place}`;
}

export function variablePlace(name: string): string {
  return `variable/${nameKey(name)}`;
}

export function templatePlace(name: string): string {
  return `template/${nameKey(name)}`;
}

export function commonValuePlace(variableSetId: string, name: string): string {
  return `common/${variableSetId}/${nameKey(name)}`;
}

export function tenantValuePlace(of: { project: string; environment: string }, name: string): string {
  return `value/${of.project}/${of.environment}/${nameKey(name)}`;
}

/** The body with each secret as `map` gives it. References have to be ids by then: places are made of them. */
export function mapSecrets<Kind extends ResourceKind>(
  kind: Kind,
  body: ResourceBodies[Kind],
  map: Map,
): ResourceBodies[Kind] {
  return (
    (OF_KIND[kind] as ((body: ResourceBodies[Kind], map: Map) => ResourceBodies[Kind]) | undefined)?.(
      body,
      map,
    ) ?? body
  );
}

export function secretsOf<Kind extends ResourceKind>(kind: Kind, body: ResourceBodies[Kind]): SecretPlace[] {
  const found: SecretPlace[] = [];
  mapSecrets(kind, body, (secret) => {
    found.push(secret);
    return secret.value;
  });
  return found;
}

/** As `mapSecrets`, of variables and templates alone: also those that a snapshot has copied. */
export function mapVariableSecrets<Body extends Pick<VariableSet, 'variables' | 'templates'>>(
  body: Body,
  map: Map,
): Body {
  return {
    ...body,
    variables: ofVariables(body.variables, map),
    templates: ofTemplates(body.templates, map),
  };
}

const OF_KIND: { [Kind in ResourceKind]?: (body: ResourceBodies[Kind], map: Map) => ResourceBodies[Kind] } = {
  variableSet: mapVariableSecrets,
  project: mapVariableSecrets,
  tenant: (body, map) => ({
    ...body,
    common: body.common.map((given, i) => ({
      ...given,
      ...secret(
        given,
        { place: commonValuePlace(given.variableSet, given.name), path: ['common', i, 'value'] },
        map,
      ),
    })),
    values: body.values.map((given, i) => ({
      ...given,
      ...secret(given, { place: tenantValuePlace(given, given.name), path: ['values', i, 'value'] }, map),
    })),
  }),
};

function ofVariables(variables: readonly Variable[], map: Map): Variable[] {
  return variables.map((variable, i) => ({
    ...variable,
    ...secret(
      variable,
      {
        place: variablePlace(variable.name),
        scope: scopeText(variable.scope),
        path: ['variables', i, 'value'],
        optional: variable.prompt !== null,
      },
      map,
    ),
  }));
}

function ofTemplates(templates: readonly VariableTemplate[], map: Map): VariableTemplate[] {
  return templates.map((template, i) => {
    if (template.type !== 'sensitive') return template;
    const place = { place: templatePlace(template.name), scope: '', optional: true };
    return {
      ...template,
      default: map({ ...place, value: template.default, path: ['templates', i, 'default'] }),
    };
  });
}

function secret(
  given: { type: string; value: string },
  place: { place: string; path: Path; scope?: string; optional?: boolean },
  map: Map,
): { value: string } {
  if (given.type !== 'sensitive') return { value: given.value };
  return { value: map({ scope: '', optional: false, ...place, value: given.value }) };
}

/** The same text for the same scope, in whatever order it was written. */
export function scopeText(scope: VariableScope): string {
  const parts = Object.entries(scope) as [string, string[]][];
  return parts
    .filter(([, values]) => values.length > 0)
    .map(([kind, values]) => `${kind}=${JSON.stringify(values.map(nameKey).toSorted())}`)
    .toSorted()
    .join(';');
}
