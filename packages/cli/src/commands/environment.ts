import { resourceCommands, text } from './resource.ts';

export const addTo = resourceCommands({
  kind: 'environment',
  word: 'environment',
  columns: { ORDER: (of) => text(of, 'sortOrder'), 'GUIDED FAILURE': (of) => text(of, 'guidedFailure') },
});
