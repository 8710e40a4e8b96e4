/**
 * The variables of a project as a release or a runbook's snapshot keeps them:
 * plain JSON, copied when it is made, changed by nothing later. `--update-variables`
 * takes another one in its place.
 *
 * Always true: what a tenant filled in is not part of it, only the templates
 * that ask for it. A tenant that comes later, or mends a value, needs no new
 * release (so it is in Octopus, and users rely on it). Ids and names are those
 * of the resources: a sealed value stays bound to the one that it is copied from.
 */
import type { Ref } from '../model/resource.ts';
import { mapVariableSecrets, sealContext } from '../model/secrets.ts';
import type { Variable, VariableSet, VariableTemplate } from '../model/variable.ts';

export interface VariableSnapshot {
  format: 1;
  project: VariableSource;
  /** In the order in which the project includes them. */
  sets: VariableSource[];
}

/** A project, or a library set. */
export interface VariableSource {
  id: Ref;
  name: string;
  variables: Variable[];
  templates: VariableTemplate[];
}

type Named<Body> = { id: Ref; name: string; body: Body };

export function takeSnapshot(
  project: Named<Pick<VariableSet, 'variables' | 'templates'>>,
  sets: readonly Named<VariableSet>[],
): VariableSnapshot {
  return { format: 1, project: copied(project), sets: sets.map(copied) };
}

function copied({ id, name, body }: Named<Pick<VariableSet, 'variables' | 'templates'>>): VariableSource {
  return structuredClone({ id, name, variables: body.variables, templates: body.templates });
}

/**
 * The snapshot with each sealed value changed: to seal it anew, say. Its seal is bound to the resource that it was
 * copied from, and to the name that it has there (model/secrets.ts); `context` is that.
 */
export function withSealedValues(
  snapshot: VariableSnapshot,
  change: (sealed: string, context: string) => string,
): VariableSnapshot {
  const changed = (source: VariableSource): VariableSource =>
    mapVariableSecrets(source, ({ value, place }) =>
      value === '' ? '' : change(value, sealContext(source.id, place)),
    );
  return { ...snapshot, project: changed(snapshot.project), sets: snapshot.sets.map(changed) };
}
