/**
 * Every place of the store that holds sealed values, so that a rotation of the
 * master key finds them all. Whoever seals values in another table adds a line
 * to `SEALED_PLACES`; a test holds the list against all columns of the store.
 *
 * Always true: a row is known by its key, and rows are listed by keys alone,
 * so that no more than one row's values are in memory at a time.
 */
import { AppError } from '@longshore/base';

import { AUTHORITY_CONTEXT } from '../app/ports/sealer.ts';
import { contextOf, scriptContext } from '../app/steps/starting.ts';
import type { Resource, ResourceKind } from '../domain/model/resource.ts';
import { mapSecrets, sealContext } from '../domain/model/secrets.ts';
import type { ScriptSpec, ScriptVariable } from '../domain/script.ts';
import type { TaskSpec } from '../domain/task.ts';
import { withSealedValues, type VariableSnapshot } from '../domain/variables/snapshot.ts';
import type { Sql, SqlValue } from './db.ts';

/** Opens a sealed value with the old key and seals it with the new one. */
export type Reseal = (sealed: string, context: string) => string;

export interface SealedPlace {
  table: string;
  /** Keys after `after`, in their order, of rows that may hold sealed values. */
  keys(sql: Sql, after: RowKey | null, limit: number): Promise<RowKey[]>;
  /** Seals anew what one row holds. */
  reseal(sql: Sql, key: RowKey, reseal: Reseal): Promise<void>;
}

export type RowKey = readonly SqlValue[];

interface Place<Row> {
  table: string;
  /** Columns of its primary key. */
  key: readonly string[];
  column: string;
  /** What else tells the contexts of a row's values: columns or subqueries, `AS` their names. */
  also?: readonly string[];
  /** Rows without it hold nothing sealed. */
  where?: string;
  /** The column's text with each of its values sealed anew. */
  resealed(text: string, row: Row, reseal: Reseal): string;
}

/** A column of a table, which is sealed as a whole or has sealed values in its JSON. */
export function sealedColumn<Row>(place: Place<Row>): SealedPlace {
  const { table, column, where = '1 = 1' } = place;
  const key = place.key.join(', ');
  const holes = place.key.map(() => '?').join(', ');
  const select = [`${column} AS sealed_text`, ...(place.also ?? [])].join(', ');
  const one = place.key.map((name) => `${name} = ?`).join(' AND ');
  return {
    table,
    async keys(sql, after, limit) {
      const beyond = after === null ? '' : `AND (${key}) > (${holes})`;
      const rows = await sql.all<Record<string, SqlValue>>(
        `SELECT ${key} FROM ${table} WHERE ${where} ${beyond} ORDER BY ${key} LIMIT ?`,
        ...(after ?? []),
        limit,
      );
      return rows.map((row) => place.key.map((name) => row[name] ?? null));
    },
    async reseal(sql, values, reseal) {
      const row = await sql.get<Row & { sealed_text: string }>(
        `SELECT ${select} FROM ${table} WHERE ${one}`,
        ...values,
      );
      if (row === undefined) return;
      const text = place.resealed(row.sealed_text, row, reseal);
      if (text !== row.sealed_text)
        await sql.run(`UPDATE ${table} SET ${column} = ? WHERE ${one}`, text, ...values);
    },
  };
}

/** Sealed values begin so, and stand alone in a text of JSON. */
const IN_JSON = `LIKE '%"v1.%'`;

export const SEALED_PLACES: readonly SealedPlace[] = [
  sealedColumn({
    table: 'authority',
    key: ['id'],
    column: 'sealed_key',
    resealed: (text, _row, reseal) => reseal(text, AUTHORITY_CONTEXT),
  }),
  sealedColumn<{ id: string }>({
    table: 'tasks',
    key: ['space_id', 'id'],
    column: 'spec',
    also: ['id'],
    where: `spec ${IN_JSON}`,
    resealed(text, { id }, reseal) {
      const spec = JSON.parse(text) as TaskSpec;
      if (!('run' in spec)) return JSON.stringify({ ...spec, script: ofScript(spec.script, id, reseal) });
      const prompted = ofVariables(spec.run.prompted, id, reseal);
      return JSON.stringify({ ...spec, run: { ...spec.run, prompted } });
    },
  }),
  sealedColumn<{ attempt_id: string }>({
    table: 'attempt_scripts',
    key: ['space_id', 'attempt_id'],
    column: 'script',
    also: ['attempt_id'],
    resealed: (text, { attempt_id: id }, reseal) => reseal(text, scriptContext(id)),
  }),
  sealedColumn<OfAttempt>({
    table: 'attempt_events',
    key: ['space_id', 'attempt_id', 'n'],
    column: 'body',
    also: [taskOf('attempt_events')],
    where: `kind = 'setVariable' AND body ${IN_JSON}`,
    resealed(text, row, reseal) {
      const body = JSON.parse(text) as { name: string; value: string; sensitive: boolean };
      if (!body.sensitive) return text;
      const taskId = taskIdIn(row, `the output variable ${body.name}`);
      return JSON.stringify({ ...body, value: reseal(body.value, contextOf(taskId, body.name)) });
    },
  }),
  sealedColumn<{ id: string; kind: ResourceKind }>({
    table: 'resources',
    key: ['space_id', 'id'],
    column: 'body',
    also: ['id', 'kind'],
    where: `body ${IN_JSON}`,
    resealed(text, { id, kind }, reseal) {
      const body = JSON.parse(text) as Resource['body'];
      return JSON.stringify(
        mapSecrets(kind, body, ({ value, place }) =>
          value === '' ? '' : reseal(value, sealContext(id, place)),
        ),
      );
    },
  }),
  sealedColumn({
    table: 'snapshots',
    key: ['space_id', 'id'],
    column: 'body',
    where: `body ${IN_JSON}`,
    resealed(text, _row, reseal) {
      const body = JSON.parse(text) as { variables: VariableSnapshot };
      return JSON.stringify({ ...body, variables: withSealedValues(body.variables, reseal) });
    },
  }),
];

interface OfAttempt {
  task_id: string | null;
}

/** What an attempt keeps is bound to its task. */
function taskOf(table: string): string {
  return `(SELECT a.task_id FROM attempts a WHERE a.space_id = ${table}.space_id AND a.id = ${table}.attempt_id) AS task_id`;
}

/** @throws AppError `corrupt` */
function taskIdIn({ task_id: id }: OfAttempt, what: string): string {
  if (id === null) throw new AppError('corrupt', `${what} is of an attempt that is gone`);
  return id;
}

function ofScript(script: ScriptSpec, taskId: string, reseal: Reseal): ScriptSpec {
  return { ...script, variables: ofVariables(script.variables, taskId, reseal) };
}

function ofVariables(variables: readonly ScriptVariable[], taskId: string, reseal: Reseal): ScriptVariable[] {
  return variables.map((each) =>
    each.sensitive ? { ...each, value: reseal(each.value, contextOf(taskId, each.name)) } : each,
  );
}
