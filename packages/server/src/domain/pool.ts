import { KIND_WORDS } from './model/resource.ts';
import type { Use } from './model/uses.ts';

export const STRATEGIES = ['fewest-leases', 'round-robin', 'pin-task'] as const;
export type Strategy = (typeof STRATEGIES)[number];

export const DEFAULT_POOL_NAME = 'Default Worker Pool';

/** A named group of workers; exactly one pool of a space is the default. */
export interface WorkerPool {
  spaceId: string;
  id: string;
  name: string;
  description: string;
  kind: 'static' | 'dynamic';
  strategy: Strategy;
  isDefault: boolean;
  createdAt: number;
}

/** What uses a pool: workers in it, tasks that are not finished, and what people configured. */
export type PoolUse = Use;

/** Why a pool can't be deleted, for people; undefined: it can. */
export function deletionBar(
  pool: Pick<WorkerPool, 'name' | 'isDefault'>,
  uses: readonly PoolUse[],
): string | undefined {
  if (pool.isDefault) {
    return `Worker pool "${pool.name}" is the default pool and can't be deleted; make another one the default first`;
  }
  if (uses.length === 0) return undefined;
  const shown = uses.slice(0, USES_NAMED).map(sayUse);
  const more = uses.length > USES_NAMED ? ` and ${uses.length - USES_NAMED} more` : '';
  return `Worker pool "${pool.name}" is in use by ${shown.join(', ')}${more}`;
}

/** Named in the message; the error's detail lists them all. */
const USES_NAMED = 5;

function sayUse({ kind, name }: PoolUse): string {
  const words: Readonly<Record<string, string>> = KIND_WORDS;
  return `${words[kind] ?? kind} "${name}"`;
}
