/** Facts about the store as a whole. */
import type { Sql } from './db.ts';

export async function getMeta(sql: Sql, key: string): Promise<string | undefined> {
  return (await sql.get<{ value: string }>('SELECT value FROM meta WHERE key = ?', key))?.value;
}

export async function putMeta(sql: Sql, key: string, value: string): Promise<void> {
  await sql.run(
    'INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
    key,
    value,
  );
}

/** What stands there, after putting `value` if nothing did: of several nodes at once, the first one's stays. */
export async function putMetaOnce(sql: Sql, key: string, value: string): Promise<string> {
  await sql.run('INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO NOTHING', key, value);
  return (await getMeta(sql, key)) ?? value;
}

const GENERATION = 'generation';

/** Rises when a backup is restored; fences and epochs compare as (generation, n). */
export async function storeGeneration(sql: Sql): Promise<number> {
  return Number(await putMetaOnce(sql, GENERATION, '1'));
}

export async function raiseGeneration(sql: Sql): Promise<number> {
  const raised = (await storeGeneration(sql)) + 1;
  await putMeta(sql, GENERATION, String(raised));
  return raised;
}
