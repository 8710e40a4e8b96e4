/**
 * Opens the sensitive values of a run, each by what its seal is bound to: the
 * resource that it stands in and its name there, or the run's task.
 *
 * Always true: what a tenant filled in before its template became sensitive is
 * stored in clear, and is taken as it is; it is sensitive all the same.
 */
import type { Resource } from '../../domain/model/resource.ts';
import {
  commonValuePlace,
  sealContext,
  templatePlace,
  tenantValuePlace,
  variablePlace,
} from '../../domain/model/secrets.ts';
import type { VariableType } from '../../domain/model/variable.ts';
import type { ResolvedVariable } from '../../domain/variables/candidate.ts';
import type { Sealer } from '../ports/sealer.ts';
import { contextOf } from './starting.ts';

interface Run {
  taskId: string;
  tenant: Resource<'tenant'> | undefined;
}

/** @returns what gives a sensitive value in clear; it throws AppError `corrupt` when the value does not open */
export function openerOf(sealer: Sealer, run: Run): (variable: ResolvedVariable) => string {
  return (variable) => {
    const { value } = variable;
    const context = value === '' ? undefined : contextIn(variable, run);
    return context === undefined ? value : sealer.open(value, context);
  };
}

/** Undefined: it is stored in clear. */
function contextIn({ name, source }: ResolvedVariable, { taskId, tenant }: Run): string | undefined {
  switch (source.kind) {
    case 'output':
    case 'prompted':
      return contextOf(taskId, source.place);
    case 'tenant': {
      const given = givenBy(tenant, source.place);
      return given?.type === 'sensitive' ? sealContext(source.id, given.place) : undefined;
    }
    default: {
      const place = source.place.startsWith('/templates/') ? templatePlace(name) : variablePlace(name);
      return sealContext(source.id, place);
    }
  }
}

const IN_TENANT = /^\/(common|values)\/(\d+)\//;

function givenBy(
  tenant: Resource<'tenant'> | undefined,
  pointer: string,
): { type: VariableType; place: string } | undefined {
  const [, list, index] = IN_TENANT.exec(pointer) ?? [];
  if (list === 'common') {
    const given = tenant?.body.common[Number(index)];
    return given && { type: given.type, place: commonValuePlace(given.variableSet, given.name) };
  }
  const given = tenant?.body.values[Number(index)];
  return given && { type: given.type, place: tenantValuePlace(given, given.name) };
}
