/** One-time registration tokens. The whole token is known at its making only; the database keeps a hash. */
import { notFound, type Clock, type Ids } from '@longshore/base';

import { TOKEN_LIFE_MS } from '../../limits.ts';
import { record } from '../kernel/audit.ts';
import { poolIdsNamed } from '../kernel/names.ts';
import { World } from '../model/model-world.ts';
import type { Caller } from '../ports/caller.ts';
import type { Secrets } from '../ports/secrets.ts';
import type { Store } from '../ports/store.ts';
import type { RegistrationToken } from '../ports/trust.ts';
import { claimNamed, type TargetScope } from './target-claims.ts';

export interface TokenRequest {
  /** Names or ids; none: the default pool, unless it is for a deployment target. */
  pools?: string[] | undefined;
  target?: TargetScope | undefined;
  description?: string | undefined;
  lifeMs?: number | undefined;
}

export interface CreatedToken {
  id: string;
  token: string;
  expiresAt: number;
  /** What to know about what it makes. */
  warnings: string[];
}

export interface Tokens {
  list(spaceId: string): Promise<RegistrationToken[]>;
  create(by: Caller, request: TokenRequest): Promise<CreatedToken>;
  /** @throws AppError `notFound` */
  delete(by: Caller, id: string): Promise<void>;
}

const BOTH =
  'The machine becomes a worker and a deployment target: a script for the target has the machine alone, so each waits for the other';

interface TokenParts {
  store: Store;
  clock: Clock;
  ids: Ids;
  secrets: Secrets;
}

export function createTokens({ store, clock, ids, secrets }: TokenParts): Tokens {
  return {
    list: (spaceId) => store.read((tx) => tx.tokens.list(spaceId)),
    async create(by, { pools, target: scope, description = '', lifeMs = TOKEN_LIFE_MS }) {
      const id = ids();
      const secret = secrets.make();
      const text = await secrets.tokenText({ id, secret });
      const now = clock.now();
      const warnings = await store.write(async (tx) => {
        const target = scope === undefined ? null : claimNamed(await World.load(tx, by.spaceId), scope);
        const onlyTarget = target !== null && (pools ?? []).length === 0;
        const poolIds = onlyTarget ? [] : await poolIdsNamed(tx, by.spaceId, pools);
        await tx.tokens.insert({
          spaceId: by.spaceId,
          id,
          secretHash: secrets.hash(secret),
          poolIds,
          target,
          description,
          createdBy: by.actor,
          createdAt: now,
          expiresAt: now + lifeMs,
          usedAt: null,
          usedBy: '',
        });
        await record(
          tx,
          { ...by, clock },
          { action: 'token.created', subject: id, detail: { poolIds, target, lifeMs } },
        );
        return target !== null && poolIds.length > 0 ? [BOTH] : [];
      });
      return { id, token: text, expiresAt: now + lifeMs, warnings };
    },
    delete: (by, id) =>
      store.write(async (tx) => {
        const token = await tx.tokens.find(id);
        if (token?.spaceId !== by.spaceId) throw notFound('registration token', id);
        await tx.tokens.delete(by.spaceId, id);
        await record(tx, { ...by, clock }, { action: 'token.deleted', subject: id });
      }),
  };
}
