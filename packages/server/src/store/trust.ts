/** The authority, one-time tokens, API keys and session tickets as rows. */
import type { ApiKey, AuthorityRecord, RegistrationToken, TrustRepositories } from '../app/ports/trust.ts';
import type { SessionTicket } from '../domain/session-ticket.ts';
import type { Sql } from './db.ts';

export function trustRepositories(sql: Sql): TrustRepositories {
  return { authority: authority(sql), tokens: tokens(sql), apiKeys: apiKeys(sql), tickets: tickets(sql) };
}

interface AuthorityRow {
  certificate_pem: string;
  sealed_key: string;
  created_at: number;
}

function authority(sql: Sql): TrustRepositories['authority'] {
  const get = async (): Promise<AuthorityRecord | undefined> => {
    const row = await sql.get<AuthorityRow>(
      'SELECT certificate_pem, sealed_key, created_at FROM authority WHERE id = 1',
    );
    return (
      row && {
        certificatePem: row.certificate_pem,
        sealedKey: row.sealed_key,
        createdAt: row.created_at,
      }
    );
  };
  return {
    get,
    async createOnce(record) {
      await sql.run(
        `INSERT INTO authority (id, certificate_pem, sealed_key, created_at) VALUES (1, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
        record.certificatePem,
        record.sealedKey,
        record.createdAt,
      );
      return (await get()) ?? record;
    },
  };
}

interface TokenRow {
  space_id: string;
  id: string;
  secret_hash: string;
  pool_ids: string;
  target: string | null;
  description: string;
  created_by: string;
  created_at: number;
  expires_at: number;
  used_at: number | null;
  used_by: string;
}

function tokenOf(row: TokenRow): RegistrationToken {
  return {
    spaceId: row.space_id,
    id: row.id,
    secretHash: row.secret_hash,
    poolIds: JSON.parse(row.pool_ids) as string[],
    target: row.target === null ? null : (JSON.parse(row.target) as RegistrationToken['target']),
    description: row.description,
    createdBy: row.created_by,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    usedAt: row.used_at,
    usedBy: row.used_by,
  };
}

function tokens(sql: Sql): TrustRepositories['tokens'] {
  return {
    async insert(token) {
      await sql.run(
        `INSERT INTO tokens (space_id, id, secret_hash, pool_ids, target, description, created_by, created_at, expires_at, used_at, used_by)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        token.spaceId,
        token.id,
        token.secretHash,
        JSON.stringify(token.poolIds),
        token.target === null ? null : JSON.stringify(token.target),
        token.description,
        token.createdBy,
        token.createdAt,
        token.expiresAt,
        token.usedAt,
        token.usedBy,
      );
    },
    async list(spaceId) {
      const rows = await sql.all<TokenRow>(
        'SELECT * FROM tokens WHERE space_id = ? ORDER BY id DESC',
        spaceId,
      );
      return rows.map(tokenOf);
    },
    async find(id) {
      const row = await sql.get<TokenRow>('SELECT * FROM tokens WHERE id = ?', id);
      return row && tokenOf(row);
    },
    async use(id, by, at) {
      const changed = await sql.run(
        'UPDATE tokens SET used_at = ?, used_by = ? WHERE id = ? AND used_at IS NULL',
        at,
        by,
        id,
      );
      return changed === 1;
    },
    async delete(spaceId, id) {
      await sql.run('DELETE FROM tokens WHERE space_id = ? AND id = ?', spaceId, id);
    },
  };
}

interface ApiKeyRow {
  space_id: string;
  id: string;
  name: string;
  secret_hash: string;
  created_at: number;
  last_used_at: number | null;
  revoked_at: number | null;
}

function apiKeyOf(row: ApiKeyRow): ApiKey {
  return {
    spaceId: row.space_id,
    id: row.id,
    name: row.name,
    secretHash: row.secret_hash,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
    revokedAt: row.revoked_at,
  };
}

function apiKeys(sql: Sql): TrustRepositories['apiKeys'] {
  return {
    async insert(key) {
      await sql.run(
        `INSERT INTO api_keys (space_id, id, name, secret_hash, created_at, last_used_at, revoked_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
        key.spaceId,
        key.id,
        key.name,
        key.secretHash,
        key.createdAt,
        key.lastUsedAt,
        key.revokedAt,
      );
    },
    async bySecretHash(hash) {
      const row = await sql.get<ApiKeyRow>('SELECT * FROM api_keys WHERE secret_hash = ?', hash);
      return row && apiKeyOf(row);
    },
    async list(spaceId) {
      const rows = await sql.all<ApiKeyRow>(
        'SELECT * FROM api_keys WHERE space_id = ? ORDER BY id DESC',
        spaceId,
      );
      return rows.map(apiKeyOf);
    },
    async livingIds() {
      const rows = await sql.all<{ id: string }>('SELECT id FROM api_keys WHERE revoked_at IS NULL');
      return rows.map(({ id }) => id);
    },
    async revoke(spaceId, id, at) {
      await sql.run(
        'UPDATE api_keys SET revoked_at = ? WHERE space_id = ? AND id = ? AND revoked_at IS NULL',
        at,
        spaceId,
        id,
      );
    },
    async used(spaceId, id, at) {
      await sql.run(
        'UPDATE api_keys SET last_used_at = ? WHERE space_id = ? AND id = ? AND (last_used_at IS NULL OR last_used_at < ?)',
        at,
        spaceId,
        id,
        at,
      );
    },
    async count() {
      const row = await sql.get<{ n: number }>('SELECT count(*) AS n FROM api_keys');
      return row?.n ?? 0;
    },
  };
}

interface TicketRow {
  agent_id: string;
  node_id: string;
  confirmed: string;
  pending: string;
  disputed: string;
}

function ticketOf(row: TicketRow): SessionTicket {
  return {
    agentId: row.agent_id,
    nodeId: row.node_id,
    confirmed: row.confirmed,
    pending: listOf(row.pending),
    disputed: listOf(row.disputed),
  };
}

/** Hashes with commas between. */
function listOf(text: string): string[] {
  return text === '' ? [] : text.split(',');
}

function tickets(sql: Sql): TrustRepositories['tickets'] {
  return {
    async get(agentId, nodeId) {
      const row = await sql.get<TicketRow>(
        'SELECT * FROM tickets WHERE agent_id = ? AND node_id = ?',
        agentId,
        nodeId,
      );
      return row && ticketOf(row);
    },
    async of(agentId) {
      return (await sql.all<TicketRow>('SELECT * FROM tickets WHERE agent_id = ?', agentId)).map(ticketOf);
    },
    async put(ticket) {
      await sql.run(
        `INSERT INTO tickets (agent_id, node_id, confirmed, pending, disputed) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (agent_id, node_id) DO UPDATE
           SET confirmed = excluded.confirmed, pending = excluded.pending, disputed = excluded.disputed`,
        ticket.agentId,
        ticket.nodeId,
        ticket.confirmed,
        ticket.pending.join(','),
        ticket.disputed.join(','),
      );
    },
    async deleteFor(agentId) {
      await sql.run('DELETE FROM tickets WHERE agent_id = ?', agentId);
    },
  };
}
