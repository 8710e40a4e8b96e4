/**
 * API keys, `lsk_<id>_<secret>`. The database keeps the secret's hash. A key
 * found good stays good in memory for a few seconds, so that a call costs no
 * query; a revocation on any node is announced, and forgotten here at once.
 */
import { AppError, notFound, toError, type Clock, type Ids, type Logger } from '@longshore/base';

import {
  API_KEY_CACHE_MS,
  API_KEY_IDS_READ_MS,
  API_KEY_USE_WRITE_MS,
  API_KEYS_CACHED,
} from '../../limits.ts';
import { record } from '../kernel/audit.ts';
import type { Caller } from '../ports/caller.ts';
import type { Secrets } from '../ports/secrets.ts';
import type { Store, Tx } from '../ports/store.ts';
import type { ApiKey } from '../ports/trust.ts';

export interface ApiKeys {
  list(spaceId: string): Promise<ApiKey[]>;
  create(by: Caller, name: string): Promise<{ id: string; name: string; key: string }>;
  /** @throws AppError `notFound`, `conflict` for the last key that works */
  revoke(by: Caller, id: string): Promise<void>;
  /**
   * Whose key it is; cheap when it was seen a moment ago.
   *
   * @throws AppError `unauthenticated`, which never says what was wrong with it
   */
  authenticate(text: string): Promise<ApiKey>;
  /** It was good once, so it is not a guess: failures of others at the same address don't bar it. */
  wasGood(text: string): boolean;
  /** Whether it has the id of a key that is not revoked: known without a look into the database, but for now and then. */
  mayWork(text: string): Promise<boolean>;
  close(): Promise<void>;
}

interface ApiKeyParts {
  store: Store;
  clock: Clock;
  ids: Ids;
  secrets: Secrets;
  logger: Logger;
}

/** 32 bytes as base64url: the last letter has two bits that stand for nothing, and are zero, so that a key is one text. */
const KEY = /^lsk_([A-Za-z0-9]{1,64})_([A-Za-z0-9_-]{42}[AEIMQUYcgkosw048])$/;

/** A new key: the row to keep, and the text to show once. */
export function newApiKey(
  parts: Omit<ApiKeyParts, 'store' | 'logger'>,
  of: { spaceId: string; name: string },
): { row: ApiKey; key: string } {
  const id = parts.ids();
  const secret = parts.secrets.make();
  const row: ApiKey = {
    ...of,
    id,
    secretHash: parts.secrets.hash(secret),
    createdAt: parts.clock.now(),
    lastUsedAt: null,
    revokedAt: null,
  };
  return { row, key: `lsk_${id}_${secret}` };
}

export function createApiKeys(parts: ApiKeyParts): ApiKeys {
  const { store, clock } = parts;
  const seen = new SeenKeys(clock);
  const living = new LivingIds(parts);
  const uses = new KeyUses(parts);
  const stop = store.listen('trust', () => seen.clear());
  return {
    list: (spaceId) => store.read((tx) => tx.apiKeys.list(spaceId)),
    create: (by, name) =>
      store.write(async (tx) => {
        await nameFree(tx, by.spaceId, name);
        const { row, key } = newApiKey(parts, { spaceId: by.spaceId, name });
        await tx.apiKeys.insert(row);
        await record(tx, { ...by, clock }, { action: 'apiKey.created', subject: row.id, detail: { name } });
        return { id: row.id, name, key };
      }),
    async revoke(by, id) {
      await store.write(async (tx) => {
        const keys = await tx.apiKeys.list(by.spaceId);
        const key = keys.find((candidate) => candidate.id === id);
        if (key === undefined) throw notFound('API key', id);
        if (key.revokedAt !== null) return;
        if (keys.every((other) => other.id === id || other.revokedAt !== null)) {
          throw new AppError(
            'conflict',
            `API key "${key.name}" is the last one that works; make another one first`,
          );
        }
        await tx.apiKeys.revoke(by.spaceId, id, clock.now());
        await record(
          tx,
          { ...by, clock },
          { action: 'apiKey.revoked', subject: id, detail: { name: key.name } },
        );
        store.announce(tx, 'trust', id);
      });
      seen.clear();
    },
    async authenticate(text) {
      const key = await (seen.get(text) ?? lookUp(text));
      uses.note(key);
      return key;
    },
    wasGood: (text) => seen.wasGood(text),
    async mayWork(text) {
      const [, id] = KEY.exec(text) ?? [];
      return id !== undefined && living.has(id);
    },
    async close() {
      stop();
      await uses.written();
    },
  };

  async function lookUp(text: string): Promise<ApiKey> {
    const [, id, secret] = KEY.exec(text) ?? [];
    if (id === undefined || secret === undefined) throw unknownKey();
    const hash = parts.secrets.hash(secret);
    const round = seen.round;
    const key = await store.read((tx) => tx.apiKeys.bySecretHash(hash));
    if (key?.id !== id || !parts.secrets.same(key.secretHash, hash) || key.revokedAt !== null)
      throw unknownKey();
    // Not when a revocation was announced while we read.
    if (round === seen.round) seen.put(text, key);
    return key;
  }
}

function unknownKey(): AppError {
  return new AppError(
    'unauthenticated',
    'This needs an API key that works: send Authorization: Bearer lsk_…',
  );
}

async function nameFree(tx: Tx, spaceId: string, name: string): Promise<void> {
  const key = name.toLowerCase();
  const taken = (await tx.apiKeys.list(spaceId)).some(
    (other) => other.revokedAt === null && other.name.toLowerCase() === key,
  );
  if (!taken) return;
  throw new AppError('conflict', `There is an API key "${name}" already`, {
    fields: [{ field: 'name', value: name, expected: 'a name that no other API key has' }],
  });
}

/**
 * Ids of the keys that are not revoked. An unknown one may have been made a moment ago, here or by another node, so
 * that they are read again for it; but at most every API_KEY_IDS_READ_MS, whatever is asked.
 */
class LivingIds {
  readonly #parts: Pick<ApiKeyParts, 'store' | 'clock'>;
  #ids: Promise<ReadonlySet<string>> | undefined;
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(parts: Pick<ApiKeyParts, 'store' | 'clock'>) {
    this.#parts = parts;
  }

  async has(id: string): Promise<boolean> {
    const now = this.#parts.clock.monotonic();
    const known = this.#ids;
    if (known !== undefined && ((await known).has(id) || now - this.#readAt < API_KEY_IDS_READ_MS))
      return (await known).has(id);
    if (this.#ids === known) {
      this.#readAt = now;
      this.#ids = this.#read();
    }
    return (await this.#ids)?.has(id) ?? false;
  }

  #read(): Promise<ReadonlySet<string>> {
    const reading = this.#parts.store.read(async (tx) => new Set(await tx.apiKeys.livingIds()));
    reading.catch(() => {
      if (this.#ids === reading) this.#ids = undefined;
    });
    return reading;
  }
}

/** When each key was last used: written now and then, beside the calls, which never wait for it. */
class KeyUses {
  readonly #parts: ApiKeyParts;
  /** By key: when its use is written again, on the monotonic clock. */
  readonly #nextWrite = new Map<string, number>();
  #writing: Promise<unknown> = Promise.resolve();

  constructor(parts: ApiKeyParts) {
    this.#parts = parts;
  }

  note({ spaceId, id }: ApiKey): void {
    const { store, clock, logger } = this.#parts;
    const now = clock.monotonic();
    if (now < (this.#nextWrite.get(id) ?? 0)) return;
    this.#nextWrite.set(id, now + API_KEY_USE_WRITE_MS);
    const at = clock.now();
    const write = store
      .write((tx) => tx.apiKeys.used(spaceId, id, at))
      .catch((thrown: unknown) =>
        logger.warn('the use of an API key could not be written', { keyId: id, error: toError(thrown) }),
      );
    this.#writing = this.#writing.then(() => write);
  }

  async written(): Promise<void> {
    await this.#writing;
  }
}

/** Keys found good a moment ago, by their text. */
class SeenKeys {
  readonly #clock: Clock;
  readonly #keys = new Map<string, { key: Promise<ApiKey>; until: number }>();
  /** Rises when all are forgotten. */
  round = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(text: string): Promise<ApiKey> | undefined {
    const entry = this.#keys.get(text);
    return entry !== undefined && this.#clock.monotonic() < entry.until ? entry.key : undefined;
  }

  put(text: string, key: ApiKey): void {
    if (this.#keys.size >= API_KEYS_CACHED) this.#keys.clear();
    this.#keys.set(text, { key: Promise.resolve(key), until: this.#clock.monotonic() + API_KEY_CACHE_MS });
  }

  wasGood(text: string): boolean {
    return this.#keys.has(text);
  }

  clear(): void {
    this.round++;
    this.#keys.clear();
  }
}
