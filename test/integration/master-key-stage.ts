/** A store with something sealed in every place that can hold it, and its rotation in a real process. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createIds, silentLogger, systemClock } from '@longshore/base';
import type { Kernel } from '@longshore/server/app/kernel/kernel';
import { snapshotOf } from '@longshore/server/app/planning/new-runs';
import { AUTHORITY_CONTEXT, type Sealer } from '@longshore/server/app/ports/sealer';
import { resourceNamed } from '@longshore/server/app/kernel/resource-names';
import { contextOf, openedScript, sealedScript, sealedSpec } from '@longshore/server/app/steps/starting';
import type { ServerConfig } from '@longshore/server/config';
import { DataDirectory } from '@longshore/server/data-directory';
import type { Snapshot } from '@longshore/server/domain/deployment/release';
import type { Resource, ResourceKind } from '@longshore/server/domain/model/resource';
import { sealContext, secretsOf } from '@longshore/server/domain/model/secrets';
import type { ScriptSpec } from '@longshore/server/domain/script';
import type { RunSpec } from '@longshore/server/domain/task';
import { withSealedValues } from '@longshore/server/domain/variables/snapshot';
import { openMasterKey } from '@longshore/server/master-key';
import { openDatabaseAlone } from '@longshore/server/open-alone';
import type { Database, Sql } from '@longshore/server/store/db';
import { migrate } from '@longshore/server/store/migrate';
import { MIGRATIONS, repositories } from '@longshore/server/store/repositories';
import { createSealer } from '@longshore/server/store/sealer';
import { createStore } from '@longshore/server/store/store';

import { createPostgresDatabase, type TestDatabase } from '../support/postgres.ts';
import { applyModel, SEALED_IN_RESOURCES, SEALED_IN_SNAPSHOT, SPACE } from '../support/sealed-model.ts';

/** More than a page of rows. */
export const TASKS = 600;
const SECRET = 'correct horse battery staple';

export class MasterKeyStage {
  readonly dataDir: string;
  readonly #folder: string;
  readonly #postgres: TestDatabase | undefined;

  private constructor(folder: string, postgres: TestDatabase | undefined) {
    this.#folder = folder;
    this.#postgres = postgres;
    this.dataDir = join(folder, 'data');
  }

  static async open(dialect: 'sqlite' | 'postgres'): Promise<MasterKeyStage> {
    const postgres = dialect === 'postgres' ? await createPostgresDatabase() : undefined;
    const stage = new MasterKeyStage(await mkdtemp(join(tmpdir(), 'longshore-rotation-')), postgres);
    await stage.with((opened) => stage.#fill(opened));
    return stage;
  }

  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true });
    await this.#postgres?.drop();
  }

  get config(): ServerConfig {
    const database = this.#postgres?.url ?? 'sqlite';
    return { dataDir: this.dataDir, database, masterKey: undefined, newMasterKey: undefined } as ServerConfig;
  }

  /** As the next start of a server does: with the key that it finds to be the right one. */
  async with<T>(
    body: (opened: { database: Database; sealer: Sealer; key: Buffer }) => Promise<T>,
    config: Partial<ServerConfig> = {},
  ): Promise<T> {
    const whole = { ...this.config, ...config };
    const directory = DataDirectory.open(whole.dataDir);
    const database = await openDatabaseAlone(whole, directory);
    try {
      await migrate(database, MIGRATIONS, { logger: silentLogger, now: () => 0 });
      const key = await openMasterKey(whole, { directory, database });
      return await body({ database, sealer: createSealer(key), key });
    } finally {
      await database.close();
      directory.close();
    }
  }

  keyFile(name = 'master.key'): string | undefined {
    const file = join(this.dataDir, name);
    return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
  }

  /** @param point where it kills itself; empty: nowhere */
  async rotate(
    point = '',
    {
      args = [],
      env = {},
      deadAfterMs = 100,
    }: { args?: string[]; env?: NodeJS.ProcessEnv; deadAfterMs?: number } = {},
  ): Promise<{ code: number | null; signal: string | null; stdout: string; stderr: string }> {
    const program = ['--conditions=longshore-source', join(import.meta.dirname, 'rotation-process.ts')];
    const child = spawn(
      process.execPath,
      [...program, point, String(deadAfterMs), '--data-dir', this.dataDir, ...args],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { PATH: process.env['PATH'], LONGSHORE_DATABASE: this.config.database, ...env },
      },
    );
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
    return { code, signal, stdout, stderr };
  }

  async #fill({ database, sealer }: { database: Database; sealer: Sealer }): Promise<void> {
    await database.alone(async (sql) => {
      await sql.run(
        'INSERT INTO authority (id, certificate_pem, sealed_key, created_at) VALUES (1, ?, ?, 0)',
        'pem',
        sealer.seal(SECRET, AUTHORITY_CONTEXT),
      );
      for (let i = 0; i < TASKS; i += 1) {
        const id = `task-${i}`;
        const sensitive = i % 3 === 0;
        const variable = (): Variable => {
          const value = sensitive ? sealer.seal(`${SECRET} ${i}`, contextOf(id, 'Pin')) : 'v1.plain';
          return { name: 'Pin', value, sensitive };
        };
        const spec = { script: { body: 'echo "v1."', variables: [variable()] } };
        await sql.run(TASK, 'default', id, JSON.stringify(spec));
        await sql.run(ATTEMPT, 'default', `attempt-${i}`, id);
        await sql.run(EVENT, 'default', `attempt-${i}`, 1, JSON.stringify(variable()));
      }
    });
    await this.#fillRuns(database, sealer);
  }

  /** Configuration, a snapshot of it, a run that was given a value, and what its attempt is told to do. */
  async #fillRuns(database: Database, sealer: Sealer): Promise<void> {
    const store = await createStore(database, repositories);
    await applyModel({ store, sealer, ids: createIds() });
    const options = { ids: createIds(), clock: systemClock } as Kernel['options'];
    await store.write(async (tx) => {
      const project = await resourceNamed(tx, { spaceId: SPACE, kind: 'project', named: 'Shop' });
      await snapshotOf({ options }, tx, { project });
    });
    const prompted = [
      { name: 'Pin', value: `${SECRET} given`, sensitive: true },
      { name: 'Clear', value: 'v1.plain', sensitive: false },
    ];
    const spec = sealedSpec(sealer, RUN, { run: { prompted } as unknown as RunSpec });
    const script = { body: `echo "v1." ${SECRET} given`, variables: [] } as unknown as ScriptSpec;
    await database.alone(async (sql) => {
      await sql.run(TASK, SPACE, RUN, JSON.stringify(spec));
      await sql.run(ATTEMPT, SPACE, 'attempt-of-run', RUN);
      await sql.run(SCRIPT, SPACE, 'attempt-of-run', sealedScript(sealer, 'attempt-of-run', script));
    });
  }

  /** Opens all that is sealed. @returns how many values there are */
  async opened(sealer: Sealer, database: Database): Promise<number> {
    return database.read(async (sql) => {
      const authority = await sql.get<{ sealed_key: string }>('SELECT sealed_key FROM authority');
      let values = [sealer.open(authority?.sealed_key ?? '', AUTHORITY_CONTEXT)].length;
      const rows = await sql.all<{ id: string; spec: string; body: string }>(
        `SELECT t.id, t.spec, e.body FROM tasks t JOIN attempts a ON a.task_id = t.id
         JOIN attempt_events e ON e.attempt_id = a.id`,
      );
      for (const { id, spec, body } of rows) {
        const [variable] = (JSON.parse(spec) as { script: { variables: Variable[] } }).script.variables;
        for (const { name, value, sensitive } of [variable!, JSON.parse(body) as Variable]) {
          if (!sensitive && value !== 'v1.plain') throw new Error(`a value in clear has changed: ${value}`);
          if (!sensitive) continue;
          if (!sealer.open(value, contextOf(id, name)).startsWith(SECRET)) throw new Error('another secret');
          values += 1;
        }
      }
      return values + (await openedModel(sql, sealer)) + (await openedRun(sql, sealer));
    });
  }
}

export const SEALED_VALUES = 1 + 2 * Math.ceil(TASKS / 3) + SEALED_IN_RESOURCES + SEALED_IN_SNAPSHOT + 2;

const RUN = 'run-1';
/** Of the values that `applyModel` writes. */
const IN_MODEL = /^(pw |pin |library |shared |asked )/;

async function openedModel(sql: Sql, sealer: Sealer): Promise<number> {
  let values = 0;
  const open = (value: string, context: string): string => {
    if (!IN_MODEL.test(sealer.open(value, context))) throw new Error(`another secret: ${context}`);
    values += 1;
    return value;
  };
  const resources = await sql.all<{ id: string; kind: ResourceKind; body: string }>(
    'SELECT id, kind, body FROM resources',
  );
  for (const { id, kind, body } of resources)
    for (const { value, place } of secretsOf(kind, JSON.parse(body) as Resource['body']))
      if (value !== '') open(value, sealContext(id, place));
  for (const { body } of await sql.all<{ body: string }>('SELECT body FROM snapshots'))
    withSealedValues((JSON.parse(body) as Snapshot).variables, open);
  return values;
}

async function openedRun(sql: Sql, sealer: Sealer): Promise<number> {
  const task = await sql.get<{ spec: string }>(`SELECT spec FROM tasks WHERE id = '${RUN}'`);
  const script = await sql.get<{ script: string }>('SELECT script FROM attempt_scripts');
  const [given, clear] = (JSON.parse(task?.spec ?? '') as { run: RunSpec }).run.prompted;
  if (sealer.open(given!.value, contextOf(RUN, 'Pin')) !== `${SECRET} given`)
    throw new Error('another secret');
  if (clear!.value !== 'v1.plain') throw new Error(`a value in clear has changed: ${clear!.value}`);
  const told = openedScript(sealer, 'attempt-of-run', script?.script ?? '');
  if (!told.body.endsWith(`${SECRET} given`)) throw new Error('another script');
  return 2;
}

interface Variable {
  name: string;
  value: string;
  sensitive: boolean;
}

const TASK = `INSERT INTO tasks (space_id, id, kind, name, state, ended, spec, ticket, epoch, fence_generation, fence_n,
  wait_reason, timeout_ms, message, created_at, created_by) VALUES (?, ?, 'script', 't', 'success', 1, ?, 1, 0, 1, 1, '', 0, '', 0, 'me')`;
const ATTEMPT = `INSERT INTO attempts (space_id, id, task_id, action, worker_id, try, lease_id, fence_generation, fence_n, state,
  output_length, event_count, verified_length, segment_digests, complete, created_at)
  VALUES (?, ?, ?, 'script', 'w', 1, 'l', 1, 1, 'ended', 0, 1, 0, '[]', 1, 0)`;
const EVENT = `INSERT INTO attempt_events (space_id, attempt_id, n, at_offset, time, kind, body) VALUES (?, ?, ?, 0, 0, 'setVariable', ?)`;
const SCRIPT = 'INSERT INTO attempt_scripts (space_id, attempt_id, script) VALUES (?, ?, ?)';
