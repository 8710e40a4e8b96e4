import { names, resourceCommands, text } from './resource.ts';

export const addTo = resourceCommands({
  kind: 'target',
  word: 'deployment target',
  columns: {
    ENVIRONMENTS: (of) => names(of, 'environments'),
    ROLES: (of) => names(of, 'roles'),
    TENANTS: (of) => names(of, 'tenants'),
    DISABLED: (of) => text(of, 'disabled'),
  },
});
