import type { Ref } from './ref.ts';

/** Starts something by itself. */
export interface Trigger {
  name: string;
  disabled: boolean;
  /** Five or six fields; with six the first is the second. */
  cron: string;
  /** An IANA name: `Europe/Berlin`. */
  timeZone: string;
  does: TriggerAction;
}

export type TriggerAction =
  /** The newest release of the channel; of those that were deployed to `from`, when it is given. */
  | {
      kind: 'deploy';
      environment: Ref;
      from: Ref | null;
      channel: string;
      tenants: Ref[];
      tenantTags: string[];
    }
  | { kind: 'runRunbook'; runbook: Ref; environments: Ref[]; tenants: Ref[]; tenantTags: string[] };
