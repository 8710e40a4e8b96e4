/** Runs of processes, their plans, activities and interruptions as rows; releases are beside (`releases.ts`). */
import type { RunRepository } from '../app/ports/runs.ts';
import type { Activity, ActivityState } from '../domain/deployment/activity.ts';
import type { Interruption } from '../domain/deployment/interruption.ts';
import type { Plan } from '../domain/deployment/plan.ts';
import type { RunRecord } from '../domain/deployment/release.ts';
import type { Sql, SqlValue } from './db.ts';
import { releaseRepository } from './releases.ts';
import { Where } from './where.ts';

interface RunRow {
  space_id: string;
  task_id: string;
  project_id: string;
  runbook_id: string;
  release_id: string;
  environment_id: string;
  tenant_id: string;
  parent_id: string;
  ended: number;
  succeeded: number;
  created_at: number;
}

interface ActivityRow {
  key: string;
  name: string;
  state: string;
  message: string;
  tries: number;
  next_try_at: number | null;
  waits_for: string | null;
  started_at: number | null;
  ended_at: number | null;
}

interface InterruptionRow {
  space_id: string;
  id: string;
  task_id: string;
  activity: string;
  kind: string;
  title: string;
  instructions: string;
  responsible: string;
  options: string;
  answer: string;
  notes: string;
  answered_by: string;
  created_at: number;
  ended_at: number | null;
}

const PUT_ACTIVITY = `INSERT INTO activities (space_id, task_id, key, name, state, message, tries, next_try_at, waits_for, started_at, ended_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (space_id, task_id, key) DO UPDATE SET state = excluded.state, message = excluded.message, tries = excluded.tries,
    next_try_at = excluded.next_try_at, waits_for = excluded.waits_for, started_at = excluded.started_at, ended_at = excluded.ended_at`;

export function runRepository(sql: Sql): RunRepository {
  const interruptions = async (rest: string, ...params: SqlValue[]): Promise<Interruption[]> =>
    (await sql.all<InterruptionRow>(`SELECT * FROM interruptions WHERE ${rest}`, ...params)).map(
      toInterruption,
    );
  return {
    ...releaseRepository(sql),
    async insertRun(run) {
      await sql.run(
        `INSERT INTO runs (space_id, task_id, project_id, runbook_id, release_id, environment_id, tenant_id, parent_id, ended,
           succeeded, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        run.spaceId,
        run.taskId,
        run.projectId,
        run.runbookId,
        run.releaseId,
        run.environmentId,
        run.tenantId,
        run.parentId,
        Number(run.ended),
        Number(run.succeeded),
        run.createdAt,
      );
    },
    async run(spaceId, taskId) {
      const row = await sql.get<RunRow>(
        'SELECT * FROM runs WHERE space_id = ? AND task_id = ?',
        spaceId,
        taskId,
      );
      return row === undefined ? undefined : toRun(row);
    },
    async runs(spaceId, filter) {
      const where = new Where(spaceId);
      where.and('project_id = ?', filter.projectId);
      where.and('runbook_id = ?', filter.runbookId);
      where.and('release_id = ?', filter.releaseId);
      where.and('environment_id = ?', filter.environmentId);
      where.and('tenant_id = ?', filter.tenantId);
      where.and('succeeded = ?', filter.succeeded === undefined ? undefined : Number(filter.succeeded));
      where.and('ended = ?', filter.ended === undefined ? undefined : Number(filter.ended));
      where.and('task_id < ?', filter.before);
      const rows = await sql.all<RunRow>(
        `SELECT * FROM runs WHERE ${where.text} ORDER BY task_id DESC LIMIT ?`,
        ...where.params,
        filter.limit,
      );
      return rows.map(toRun);
    },
    async endRun(spaceId, taskId, succeeded) {
      await sql.run(
        'UPDATE runs SET ended = 1, succeeded = ? WHERE space_id = ? AND task_id = ?',
        Number(succeeded),
        spaceId,
        taskId,
      );
    },
    async succeededIn(spaceId, releaseId, tenantId) {
      const rows = await sql.all<{ environment_id: string }>(
        'SELECT DISTINCT environment_id FROM runs WHERE space_id = ? AND release_id = ? AND tenant_id = ? AND succeeded = 1',
        spaceId,
        releaseId,
        tenantId,
      );
      return rows.map((row) => row.environment_id);
    },

    async putPlan(spaceId, taskId, plan) {
      await sql.run(
        'INSERT INTO plans (space_id, task_id, body) VALUES (?, ?, ?)',
        spaceId,
        taskId,
        JSON.stringify(plan),
      );
    },
    async plan(spaceId, taskId) {
      const row = await sql.get<{ body: string }>(
        'SELECT body FROM plans WHERE space_id = ? AND task_id = ?',
        spaceId,
        taskId,
      );
      return row === undefined ? undefined : (JSON.parse(row.body) as Plan);
    },
    async putActivity(spaceId, taskId, activity) {
      await sql.run(
        PUT_ACTIVITY,
        spaceId,
        taskId,
        activity.key,
        activity.name,
        activity.state,
        activity.message,
        activity.tries,
        activity.nextTryAt,
        activity.waitsFor === null ? null : JSON.stringify(activity.waitsFor),
        activity.startedAt,
        activity.endedAt,
      );
    },
    async activities(spaceId, taskId) {
      const rows = await sql.all<ActivityRow>(
        `SELECT key, name, state, message, tries, next_try_at, waits_for, started_at, ended_at FROM activities
         WHERE space_id = ? AND task_id = ?`,
        spaceId,
        taskId,
      );
      return rows.map(toActivity);
    },

    async insertInterruption(one) {
      await sql.run(
        `INSERT INTO interruptions (space_id, id, task_id, activity, kind, title, instructions, responsible, options, answer,
           notes, answered_by, created_at, ended_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        one.spaceId,
        one.id,
        one.taskId,
        one.activity,
        one.kind,
        one.title,
        one.instructions,
        one.responsible,
        JSON.stringify(one.options),
        one.answer,
        one.notes,
        one.answeredBy,
        one.createdAt,
        one.endedAt,
      );
    },
    interruption: async (spaceId, id) => (await interruptions('space_id = ? AND id = ?', spaceId, id))[0],
    interruptionsOf: (spaceId, taskId) =>
      interruptions('space_id = ? AND task_id = ? ORDER BY id', spaceId, taskId),
    openInterruptions: (spaceId, limit) =>
      interruptions('space_id = ? AND ended_at IS NULL ORDER BY id LIMIT ?', spaceId, limit),
    async endInterruption({ spaceId, id, answer, notes, answeredBy, endedAt }) {
      const changed = await sql.run(
        `UPDATE interruptions SET answer = ?, notes = ?, answered_by = ?, ended_at = ?
         WHERE space_id = ? AND id = ? AND ended_at IS NULL`,
        answer,
        notes,
        answeredBy,
        endedAt,
        spaceId,
        id,
      );
      return changed > 0;
    },
  };
}

function toRun(row: RunRow): RunRecord {
  return {
    spaceId: row.space_id,
    taskId: row.task_id,
    projectId: row.project_id,
    runbookId: row.runbook_id,
    releaseId: row.release_id,
    environmentId: row.environment_id,
    tenantId: row.tenant_id,
    parentId: row.parent_id,
    ended: row.ended === 1,
    succeeded: row.succeeded === 1,
    createdAt: row.created_at,
  };
}

function toActivity(row: ActivityRow): Activity {
  return {
    key: row.key,
    name: row.name,
    state: row.state as ActivityState,
    message: row.message,
    tries: row.tries,
    nextTryAt: row.next_try_at,
    waitsFor: row.waits_for === null ? null : (JSON.parse(row.waits_for) as Activity['waitsFor']),
    startedAt: row.started_at,
    endedAt: row.ended_at,
  };
}

function toInterruption(row: InterruptionRow): Interruption {
  return {
    spaceId: row.space_id,
    id: row.id,
    taskId: row.task_id,
    activity: row.activity,
    kind: row.kind as Interruption['kind'],
    title: row.title,
    instructions: row.instructions,
    responsible: row.responsible,
    options: JSON.parse(row.options) as string[],
    answer: row.answer,
    notes: row.notes,
    answeredBy: row.answered_by,
    createdAt: row.created_at,
    endedAt: row.ended_at,
  };
}
