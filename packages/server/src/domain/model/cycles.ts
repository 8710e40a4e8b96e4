/**
 * Projects that deploy each other, and runbooks that start each other, would
 * go on for ever. Steps are looked at whether they are disabled or not.
 */
import type { Process } from './process.ts';
import type { Path } from './ref.ts';

export interface Starter {
  /** Of the project or the runbook. */
  id: string;
  name: string;
  process: Process;
}

interface Start {
  to: string;
  path: Path;
}

export interface Cycle {
  /** The actions that make it: whose, and where. */
  starts: { id: string; path: Path }[];
  /** Names along it, from one back to the same. */
  names: string[];
}

/** Each cycle once. */
export function cyclesAmong(starters: readonly Starter[]): Cycle[] {
  const byId = new Map(starters.map((starter) => [starter.id, starter]));
  const found: Cycle[] = [];
  const done = new Set<string>();
  const visit = (id: string, along: readonly { id: string; path: Path }[]): void => {
    const starter = byId.get(id);
    if (starter === undefined || done.has(id)) return;
    for (const { to, path } of startsOf(starter.process)) {
      const way = [...along, { id, path }];
      const at = way.findIndex((start) => start.id === to);
      if (at < 0) visit(to, way);
      else {
        const starts = way.slice(at);
        const names = [...starts.map((start) => start.id), to].map((each) => byId.get(each)?.name ?? each);
        found.push({ starts, names });
      }
    }
    done.add(id);
  };
  for (const { id } of starters) visit(id, []);
  return found;
}

function startsOf({ steps }: Process): Start[] {
  return steps.flatMap(({ actions }, s) =>
    actions.flatMap(({ does }, a): Start[] => {
      const path = ['process', 'steps', s, 'actions', a, 'does'];
      if (does.kind === 'deployRelease') return [{ to: does.project, path: [...path, 'project'] }];
      return does.kind === 'runRunbook' ? [{ to: does.runbook, path: [...path, 'runbook'] }] : [];
    }),
  );
}
