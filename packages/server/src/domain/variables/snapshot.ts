/**
 * The variables of a project as a release or a runbook's snapshot keeps them:
 * plain JSON, copied when it is made, changed by nothing later. `--update-variables`
 * takes another one in its place.
 *
 * Always true: what a tenant filled in is not part of it, only the templates
 * that ask for it. A tenant that comes later, or mends a value, needs no new
 * release (so it is in Octopus, and users rely on it). Nothing is reordered:
 * a value's place in its resource is what its seal is bound to.
 */
import type { Ref } from '../model/resource.ts';
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
 * The snapshot with each sealed value changed: to seal it anew, say. `of` and `place` (a JSON pointer) are those of the
 * resource that it was copied from, which its seal is bound to.
 */
export function withSealedValues(
  snapshot: VariableSnapshot,
  change: (sealed: string, of: Ref, place: string) => string,
): VariableSnapshot {
  const changed = (source: VariableSource): VariableSource => ({
    ...source,
    variables: source.variables.map((variable, i) =>
      variable.type === 'sensitive'
        ? { ...variable, value: change(variable.value, source.id, `/variables/${i}/value`) }
        : variable,
    ),
    templates: source.templates.map((template, i) =>
      template.type === 'sensitive' && template.default !== ''
        ? { ...template, default: change(template.default, source.id, `/templates/${i}/default`) }
        : template,
    ),
  });
  return { ...snapshot, project: changed(snapshot.project), sets: snapshot.sets.map(changed) };
}
