/**
 * What a first start makes: the default worker pool, the default machine
 * policy, and an administrator's API key. Of several nodes that start at once
 * on one database, one makes them.
 */
import { isCode, type Clock, type Ids } from '@longshore/base';

import { DEFAULT_HEALTH_SCRIPT } from '../../domain/health-script.ts';
import { DEFAULT_POOL_NAME } from '../../domain/pool.ts';
import { HEALTH_CHECK_INTERVAL_MS, HEALTH_CHECK_TIMEOUT_MS } from '../../limits.ts';
import { record } from '../kernel/audit.ts';
import type { Secrets } from '../ports/secrets.ts';
import type { Store, Tx } from '../ports/store.ts';
import { newApiKey } from './api-keys.ts';

/** The one space there is until spaces are built. */
export const DEFAULT_SPACE = 'default';
const POLICY_ID = 'default';

interface Parts {
  store: Store;
  clock: Clock;
  ids: Ids;
  secrets: Secrets;
}

/**
 * Idempotent.
 *
 * @returns the administrator's API key when it was made just now, to be shown this once; else null
 */
export async function bootstrap(parts: Parts): Promise<{ adminApiKey: string | null }> {
  try {
    return await parts.store.write((tx) => makeWhatIsMissing(tx, parts));
  } catch (thrown) {
    // Another node made the default pool between our look and our insert: now it is there.
    if (!isCode(thrown, 'conflict')) throw thrown;
    return parts.store.write((tx) => makeWhatIsMissing(tx, parts));
  }
}

async function makeWhatIsMissing(tx: Tx, parts: Parts): Promise<{ adminApiKey: string | null }> {
  const { clock, ids } = parts;
  const by = { spaceId: DEFAULT_SPACE, actor: 'server', clock };
  if (!(await tx.pools.list(DEFAULT_SPACE)).some((pool) => pool.isDefault)) {
    const id = ids();
    await tx.pools.insert({
      spaceId: DEFAULT_SPACE,
      id,
      name: DEFAULT_POOL_NAME,
      description: 'Steps run here when they name no other pool',
      kind: 'static',
      strategy: 'fewest-leases',
      isDefault: true,
      createdAt: clock.now(),
    });
    await record(tx, by, { action: 'pool.created', subject: id, detail: { name: DEFAULT_POOL_NAME } });
  }
  if (!(await tx.health.policies(DEFAULT_SPACE)).some((policy) => policy.isDefault)) {
    await tx.health.putPolicy({
      spaceId: DEFAULT_SPACE,
      id: POLICY_ID,
      name: 'Default Machine Policy',
      isDefault: true,
      healthCheckIntervalMs: HEALTH_CHECK_INTERVAL_MS,
      healthCheckScript: DEFAULT_HEALTH_SCRIPT,
      healthCheckTimeoutMs: HEALTH_CHECK_TIMEOUT_MS,
    });
  }
  if ((await tx.apiKeys.count()) > 0) return { adminApiKey: null };
  const { row, key } = newApiKey(parts, { spaceId: DEFAULT_SPACE, name: 'admin' });
  await tx.apiKeys.insert(row);
  await record(tx, by, { action: 'apiKey.created', subject: row.id, detail: { name: row.name } });
  return { adminApiKey: key };
}
