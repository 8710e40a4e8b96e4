/** What the test and the processes of a crowd say to each other. */
import type { AgentMode } from '../../support/stage-agent.ts';

export interface CrowdSettings {
  mode: AgentMode;
  /** Numbers of the agents of this process: their names end with them. */
  from: number;
  count: number;
  /** Of the server's REST API. */
  url: string;
  key: string;
  pool: string;
  /** For what must be on disk. */
  folder: string;
}

export type Asked = { kind: 'finish' } | { kind: 'close' };

export type Told =
  | { kind: 'ready' }
  | { kind: 'failed'; detail: string }
  /** `at`: milliseconds of the machine's monotonic clock, the same in every process. */
  | { kind: 'opened'; agent: number; at: number }
  | { kind: 'ended'; agent: number; at: number; detail: string }
  | { kind: 'startedTwice'; agent: number; attemptId: string };

export function machineMs(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}
