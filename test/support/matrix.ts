/**
 * Stories are told once and run in each mode, those that the store has a part
 * in on each store too. PostgreSQL is started by the test set-up.
 */
import { describe } from '@jest/globals';

import { faultNumbers } from './faults.ts';
import { AGENT_MODES, type AgentMode } from './stage-agent.ts';
import type { Dialect } from './store.ts';

const DATABASES: readonly Dialect[] = ['sqlite', 'postgres'];

export function inEachMode(name: string, story: (mode: AgentMode) => void): void {
  for (const mode of AGENT_MODES) describe(`${name} (${mode})`, () => story(mode));
}

export function inEachModeOnEachStore(
  name: string,
  story: (mode: AgentMode, database: Dialect) => void,
): void {
  for (const mode of AGENT_MODES)
    for (const database of DATABASES) describe(`${name} (${mode}, ${database})`, () => story(mode, database));
}

/** As above, but each mode and each store only once in the short form: a fault's story is long. */
export function inFaultMatrix(name: string, story: (mode: AgentMode, database: Dialect) => void): void {
  const all = AGENT_MODES.flatMap((mode) => DATABASES.map((database) => ({ mode, database })));
  const chosen = faultNumbers({
    short: all.filter(({ mode, database }) => (mode === 'polling') === (database === 'sqlite')),
    full: all,
  });
  for (const { mode, database } of chosen)
    describe(`${name} (${mode}, ${database})`, () => story(mode, database));
}
