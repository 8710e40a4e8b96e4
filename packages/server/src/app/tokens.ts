/** One-time registration tokens. The whole token is known at its making only; the database keeps a hash. */
import { notFound, type Clock, type Ids } from '@longshore/base';

import { TOKEN_LIFE_MS } from '../limits.ts';
import { record, type Caller } from './audit.ts';
import { poolIdsNamed } from './names.ts';
import type { Secrets } from './ports/secrets.ts';
import type { Store } from './ports/store.ts';
import type { RegistrationToken } from './ports/trust.ts';

export interface TokenRequest {
  /** Names or ids; none: the default pool. */
  pools?: string[] | undefined;
  description?: string | undefined;
  lifeMs?: number | undefined;
}

export interface Tokens {
  list(spaceId: string): Promise<RegistrationToken[]>;
  create(by: Caller, request: TokenRequest): Promise<{ id: string; token: string; expiresAt: number }>;
  /** @throws AppError `notFound` */
  delete(by: Caller, id: string): Promise<void>;
}

interface TokenParts {
  store: Store;
  clock: Clock;
  ids: Ids;
  secrets: Secrets;
}

export function createTokens({ store, clock, ids, secrets }: TokenParts): Tokens {
  return {
    list: (spaceId) => store.read((tx) => tx.tokens.list(spaceId)),
    async create(by, { pools, description = '', lifeMs = TOKEN_LIFE_MS }) {
      const id = ids();
      const secret = secrets.make();
      const text = await secrets.tokenText({ id, secret });
      const now = clock.now();
      await store.write(async (tx) => {
        const poolIds = await poolIdsNamed(tx, by.spaceId, pools);
        await tx.tokens.insert({
          spaceId: by.spaceId,
          id,
          secretHash: secrets.hash(secret),
          poolIds,
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
          { action: 'token.created', subject: id, detail: { poolIds, lifeMs } },
        );
      });
      return { id, token: text, expiresAt: now + lifeMs };
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
