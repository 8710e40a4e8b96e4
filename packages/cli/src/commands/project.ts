import { named, names, resourceCommands, text } from './resource.ts';

export const addTo = resourceCommands({
  kind: 'project',
  word: 'project',
  columns: {
    GROUP: (of) => named(of, 'group'),
    LIFECYCLE: (of) => named(of, 'lifecycle'),
    CHANNELS: (of) => names(of, 'channels'),
    DISABLED: (of) => text(of, 'disabled'),
  },
});
