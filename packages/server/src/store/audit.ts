/** The audit trail: rows are added, never changed. */
import type { AuditEvent, AuditRepository } from '../app/ports/machines.ts';
import type { Sql } from './db.ts';

interface AuditRow {
  time: number;
  actor: string;
  action: string;
  subject: string;
  detail: string;
}

export function auditRepository(sql: Sql): AuditRepository {
  return {
    async append(spaceId, event) {
      const last = await sql.get<{ n: number | null }>(
        'SELECT MAX(n) AS n FROM audit_events WHERE space_id = ?',
        spaceId,
      );
      await sql.run(
        'INSERT INTO audit_events (space_id, n, time, actor, action, subject, detail) VALUES (?, ?, ?, ?, ?, ?, ?)',
        spaceId,
        (last?.n ?? 0) + 1,
        event.time,
        event.actor,
        event.action,
        event.subject,
        JSON.stringify(event.detail),
      );
    },
    async list(spaceId, limit) {
      const rows = await sql.all<AuditRow>(
        'SELECT time, actor, action, subject, detail FROM audit_events WHERE space_id = ? ORDER BY n DESC, time DESC LIMIT ?',
        spaceId,
        limit,
      );
      return rows.map((row): AuditEvent => ({
        time: row.time,
        actor: row.actor,
        action: row.action,
        subject: row.subject,
        detail: JSON.parse(row.detail) as Record<string, unknown>,
      }));
    },
  };
}
