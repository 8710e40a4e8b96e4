/** What the seal of a resolved variable is bound to, by where its value stands. */
import type { Resource } from '../domain/model/resource.ts';
import {
  commonValuePlace,
  sealContext,
  templatePlace,
  tenantValuePlace,
  variablePlace,
} from '../domain/model/secrets.ts';
import type { ResolvedVariable } from '../domain/variables/candidate.ts';
import { contextOf } from './starting.ts';

const IN_TENANT = /^\/(common|values)\/(\d+)\//;

export function sealContextOf(
  { name, source }: ResolvedVariable,
  { taskId, tenant }: { taskId: string; tenant: Resource<'tenant'> | undefined },
): string {
  switch (source.kind) {
    case 'output':
      return contextOf(taskId, outputName(name));
    case 'prompted':
      return contextOf(taskId, source.place);
    case 'tenant':
      return sealContext(source.id, tenantPlace(source.place, tenant));
    default: {
      const place = source.place.startsWith('/templates/') ? templatePlace(name) : variablePlace(name);
      return sealContext(source.id, place);
    }
  }
}

function tenantPlace(pointer: string, tenant: Resource<'tenant'> | undefined): string {
  const [, list, index] = IN_TENANT.exec(pointer) ?? [];
  if (list === 'common') {
    const value = tenant?.body.common[Number(index)];
    return value === undefined ? '' : commonValuePlace(value.variableSet, value.name);
  }
  const value = tenant?.body.values[Number(index)];
  return value === undefined ? '' : tenantValuePlace(value, value.name);
}

/** Its own name, behind that of its step: `Octopus.Action[Build].Output[web-1].Token`. */
function outputName(name: string): string {
  return /\.Output(?:\[[^\]]*\])?\.(.*)$/s.exec(name)?.[1] ?? name;
}
