/** When schedules come due. All times are milliseconds since the epoch, on whole seconds. */
import type { Schedule } from '../../domain/trigger-time.ts';

export interface DueTimes {
  /** The first due time after `time`; null: there is none any more, or it is no schedule. */
  after(schedule: Schedule, time: number): number | null;
  /** The last due time up to `time`, itself included. */
  latest(schedule: Schedule, time: number): number | null;
  /** Why it is no schedule; empty: it is one. */
  problem(schedule: Schedule): string;
}
