import { names, resourceCommands } from './resource.ts';

export const addTo = resourceCommands({
  kind: 'tenant',
  word: 'tenant',
  columns: { TAGS: (of) => names(of, 'tags'), PROJECTS: (of) => names(of, 'projects', 'project') },
});
