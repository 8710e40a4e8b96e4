/** Writes the audit trail in the transaction of what it tells, so that neither is there without the other. */
import type { Clock } from '@longshore/base';

import type { Caller } from '../ports/caller.ts';
import type { AuditEvent } from '../ports/machines.ts';
import type { Store, Tx } from '../ports/store.ts';

export interface Deed {
  action: string;
  subject: string;
  detail?: Record<string, unknown>;
}

/** Adds a deed to the trail. Never give it a secret. */
export async function record(tx: Tx, by: Caller & { clock: Clock }, deed: Deed): Promise<void> {
  const event: AuditEvent = {
    time: by.clock.now(),
    actor: by.actor,
    action: deed.action,
    subject: deed.subject,
    detail: deed.detail ?? {},
  };
  await tx.audit.append(by.spaceId, event);
}

export interface Audit {
  list(spaceId: string, limit: number): Promise<AuditEvent[]>;
}

export function createAudit(store: Store): Audit {
  return { list: (spaceId, limit) => store.read((tx) => tx.audit.list(spaceId, limit)) };
}
