/**
 * Every story is told once and runs in each mode, on each store. PostgreSQL
 * is started by the test set-up; where it can't be, that is said loudly.
 */
import { describe } from '@jest/globals';

import { AGENT_MODES, type AgentMode } from './stage-agent.ts';

export function inEachMode(name: string, story: (mode: AgentMode) => void): void {
  for (const mode of AGENT_MODES) describe(`${name} (${mode})`, () => story(mode));
}
