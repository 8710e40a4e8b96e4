/** What identity rests on: the certificate authority, one-time tokens, API keys, session tickets. Secrets are hashed or sealed. */
import type { TargetClaim } from '../../domain/model/target-claim.ts';
import type { SessionTicket } from '../../domain/session-ticket.ts';

export interface AuthorityRecord {
  certificatePem: string;
  /** Sealed by the master key. */
  sealedKey: string;
  createdAt: number;
}

export interface RegistrationToken {
  spaceId: string;
  id: string;
  /** SHA-256 of the secret, hex. */
  secretHash: string;
  /** Of the worker that it makes; empty: it makes none. */
  poolIds: string[];
  /** The deployment target that it makes; null: it makes none. */
  target: TargetClaim | null;
  description: string;
  createdBy: string;
  createdAt: number;
  expiresAt: number;
  usedAt: number | null;
  usedBy: string;
}

export interface ApiKey {
  spaceId: string;
  id: string;
  name: string;
  /** SHA-256 of the secret, hex (the secret has 256 random bits, so no slow hash is needed). */
  secretHash: string;
  createdAt: number;
  /** To a minute or so; null: never. */
  lastUsedAt: number | null;
  revokedAt: number | null;
}

export interface TrustRepositories {
  authority: {
    get(): Promise<AuthorityRecord | undefined>;
    /** Of several nodes that start at once, the first one's stays: returns what is stored. */
    createOnce(record: AuthorityRecord): Promise<AuthorityRecord>;
  };
  tokens: {
    insert(token: RegistrationToken): Promise<void>;
    list(spaceId: string): Promise<RegistrationToken[]>;
    find(id: string): Promise<RegistrationToken | undefined>;
    /** False when it was used before: one use, decided by the database. */
    use(id: string, by: string, at: number): Promise<boolean>;
    delete(spaceId: string, id: string): Promise<void>;
  };
  apiKeys: {
    insert(key: ApiKey): Promise<void>;
    bySecretHash(hash: string): Promise<ApiKey | undefined>;
    list(spaceId: string): Promise<ApiKey[]>;
    /** Of all that are not revoked, whatever their space. */
    livingIds(): Promise<string[]>;
    revoke(spaceId: string, id: string, at: number): Promise<void>;
    /** It was used at this time: never goes back, whichever node writes it. */
    used(spaceId: string, id: string, at: number): Promise<void>;
    count(): Promise<number>;
  };
  tickets: {
    get(agentId: string, nodeId: string): Promise<SessionTicket | undefined>;
    /** One for each node that it has had a session with. */
    of(agentId: string): Promise<SessionTicket[]>;
    put(ticket: SessionTicket): Promise<void>;
    deleteFor(agentId: string): Promise<void>;
  };
}
