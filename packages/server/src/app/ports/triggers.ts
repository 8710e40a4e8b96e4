import type { TriggerRecord } from '../../domain/trigger-time.ts';

/** What is kept of triggers, by project and name. */
export interface TriggerRepository {
  /** Of one project only, when it is given. */
  list(spaceId: string, projectId?: string): Promise<TriggerRecord[]>;
  get(spaceId: string, projectId: string, name: string): Promise<TriggerRecord | undefined>;
  /**
   * Puts it in the place of the one whose times are dealt with up to `was` (null: of none). False, and nothing is
   * written, when there is another one.
   */
  put(record: TriggerRecord, was: number | null): Promise<boolean>;
  remove(spaceId: string, projectId: string, name: string): Promise<void>;
}
