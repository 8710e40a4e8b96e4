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
  /** Whose action closes it, and where that stands. */
  id: string;
  path: Path;
  /** Names along it, from this one back to this one. */
  names: string[];
}

/** Each cycle once. */
export function cyclesAmong(starters: readonly Starter[]): Cycle[] {
  const byId = new Map(starters.map((starter) => [starter.id, starter]));
  const found: Cycle[] = [];
  const done = new Set<string>();
  const visit = (id: string, along: readonly string[]): void => {
    const starter = byId.get(id);
    if (starter === undefined || done.has(id)) return;
    for (const { to, path } of startsOf(starter.process)) {
      const at = [...along, id].indexOf(to);
      if (at < 0) visit(to, [...along, id]);
      else {
        const names = [...along, id].slice(at).map((each) => byId.get(each)?.name ?? each);
        found.push({ id, path, names: [...names, byId.get(to)?.name ?? to] });
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
