/**
 * A byte changed in the server's store: in a log file (SQLite), in a row of
 * log_chunks (PostgreSQL). It is noticed, its segment is had from the agent
 * once more while that has it, and marked exactly when it has not; nobody ever
 * reads a wrong byte as a good one.
 */
import { globSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, describe, expect, test } from '@jest/globals';
import { SegmentHasher } from '@longshore/protocol/segments';
import { decodeMarker, decodeRecords, scanRecords } from '@longshore/protocol/spool-record';
import pg from 'pg';

import { faultNumbers, schedule } from '../support/faults.ts';
import { checkLog, numberedLines } from '../support/log-oracle.ts';
import type { AttemptBody } from '../support/rest.ts';
import type { AgentMode } from '../support/stage-agent.ts';
import { POOL, Stage } from '../support/stage.ts';
import type { Dialect } from '../support/store.ts';
import { readTables } from '../support/store-tables.ts';
import { until } from '../support/until.ts';

type Place = [AgentMode, Dialect];

const { rounds, places } = faultNumbers<{ rounds: number; places: Place[] }>({
  short: {
    rounds: 2,
    places: [
      ['polling', 'sqlite'],
      ['listening', 'postgres'],
    ],
  },
  full: {
    rounds: 50,
    places: [
      ['polling', 'sqlite'],
      ['polling', 'postgres'],
      ['listening', 'sqlite'],
      ['listening', 'postgres'],
    ],
  },
});
const random = schedule('store-damage');
/** A closed segment, and a part of the next. */
const WANTED = { lines: 2400, lineBytes: 1000 };
/** Its lines, then it waits for a word. */
const SCRIPT = `(${numberedLines(WANTED)})\nwhile ! test -e go; do sleep 0.05; done`;
const ARTIFACT = 'head -c 700000 /dev/urandom > a.bin; new_octopusartifact "$PWD/a.bin" a.bin';

describe.each(places)('a changed byte in the store (%s, %s)', (mode, database) => {
  let stage: Stage | undefined;
  afterEach(async () => {
    await stage?.close();
    stage = undefined;
  }, 60_000);

  test('is noticed by the check and on reading, and healed or marked', async () => {
    stage = await Stage.open({ database, env: { LONGSHORE_LOG_CHECK_INTERVAL: '100ms' } });
    const agent = await stage.addAgent(mode);
    const { rest } = stage;
    const { id, attempt } = await printed(stage);
    const spool = await rest.bytes(`/attempts/${attempt.id}/spool`);
    const segment = new SegmentHasher().add(spool)[0]!.bytes.length;

    // While the agent has it: a verified segment heals by the check alone, anything on reading.
    for (let round = 1; round <= rounds; round += 1) {
      const at = random.between(0, segment - 1);
      await changeByte(stage, database, { attempt, at });
      await until('it is had once more', async () => (await healed(stage!, id)).length === round);
      expect((await rest.bytes(`/attempts/${attempt.id}/spool`)).equals(spool)).toBe(true);
      const open = random.between(spool.length - 200_000, spool.length - 1);
      await changeByte(stage, database, { attempt, at: open });
      expect((await rest.bytes(`/attempts/${attempt.id}/spool`)).equals(spool)).toBe(true);
    }

    // The agent is away, and may have it: nobody gets anything wrong, and who follows waits.
    await agent.daemon.kill();
    await until('the server has noticed', async () => {
      const worker = await rest.get<{ connected: boolean }>(`/workers/${agent.name}`);
      return !worker.connected;
    });
    await changeByte(stage, database, { attempt, at: random.between(0, segment - 1) });
    const got = await asFarAsItComes(stage, `/attempts/${attempt.id}/spool`);
    expect(got.length).toBeLessThan(spool.length);
    expect(spool.subarray(0, got.length).equals(got)).toBe(true);
    const follower = stage.start(['task', 'log', '-q', '--follow', id]);
    agent.daemon.start();
    await agent.connected(stage);
    await until('the log is whole again', async () =>
      (await asFarAsItComes(stage!, `/attempts/${attempt.id}/spool`)).equals(spool),
    );

    // The script ends; the agent has nothing any more.
    await letGo(agent.dataDir, attempt.id);
    const ended = await rest.ended(id);
    expect(ended.task.state).toBe('success');
    const whole = await rest.bytes(`/attempts/${attempt.id}/spool`);
    const [stdout, stderr] = await Promise.all(
      ['stdout', 'stderr'].map((stream) => rest.bytes(`/attempts/${attempt.id}/output?stream=${stream}`)),
    );
    checkLog({ stdout: stdout!, stderr: stderr! }, WANTED);
    const followed = await follower.ended;
    checkLog({ stdout: followed.stdout, stderr: Buffer.from(followed.stderr) }, WANTED);
    expect(await warnings(stage, id)).toEqual([]);
    // No record begins there: that is no damage.
    expect((await rest.call('GET', `/attempts/${attempt.id}/spool?from=7`)).status).toBe(400);

    const record = recordAt(whole, random.between(0, segment - 1));
    await changeByte(stage, database, { attempt, at: random.between(record.from, record.to - 1) });
    await until('it is marked', async () => (await warnings(stage!, id)).length > 0);
    expect(await warnings(stage, id)).toEqual([
      `Output from byte ${record.from} to ${record.to} is missing: it was damaged in the store, and the agent no longer has it`,
    ]);
    const marked = await rest.bytes(`/attempts/${attempt.id}/spool`);
    expect(marked.length).toBe(whole.length);
    const records = decodeRecords(marked);
    const marker = records.find(({ stream }) => stream === 'marker')!;
    expect([marker.start, marker.end]).toEqual([record.from, record.to]);
    expect(decodeMarker(marker.payload, marker.start)).toEqual({ missing: record });
    // All else is as it was, and it is found right from now on.
    expect(marked.subarray(0, record.from).equals(whole.subarray(0, record.from))).toBe(true);
    expect(marked.subarray(record.to).equals(whole.subarray(record.to))).toBe(true);
    const cli = await stage.longshore(['task', 'log', '--follow', id]);
    expect(cli.stderr).toContain(`output is missing: bytes ${record.from}–${record.to} of the log`);
    expect((await warnings(stage, id)).length).toBe(1);
  }, 120_000);

  test('that a crash has left is found at the start, however seldom the check is', async () => {
    stage = await Stage.open({ database, env: { LONGSHORE_LOG_CHECK_INTERVAL: '0s' } });
    const agent = await stage.addAgent(mode);
    const { rest } = stage;
    const { id, attempt } = await printed(stage);
    const spool = await rest.bytes(`/attempts/${attempt.id}/spool`);
    const segment = new SegmentHasher().add(spool)[0]!.bytes.length;
    // What can be read may not be verified yet: of that a start cuts off what is damaged, and has it sent again.
    await until('its first segment is verified', async () => {
      const { attempts } = await readTables(stage!.store);
      return attempts.find((one) => one.id === attempt.id)?.verifiedLength === segment;
    });
    await stage.server.kill();
    // A verified segment, and the open one, where a torn tail would be cut.
    await changeByte(stage, database, { attempt, at: random.between(0, segment - 1) });
    await changeByte(stage, database, { attempt, at: random.between(segment, spool.length - 1) });
    await stage.startServer();
    await agent.connected(stage);
    await until('it is had once more', async () => (await healed(stage!, id)).length === 1);
    await until('the rest is too', async () =>
      (await asFarAsItComes(stage!, `/attempts/${attempt.id}/spool`)).equals(spool),
    );
    await letGo(agent.dataDir, attempt.id);
    expect((await rest.ended(id)).task.state).toBe('success');
    expect(await warnings(stage, id)).toEqual([]);
  }, 120_000);

  test('of an artifact: nobody gets it as whole, and its task says so', async () => {
    stage = await Stage.open({ database });
    await stage.addAgent(mode);
    const { rest } = stage;
    const { id } = await rest.script(ARTIFACT, { pool: POOL });
    await rest.ended(id);
    const [artifact] = (await rest.get<{ items: { id: string; length: number }[] }>(`/tasks/${id}/artifacts`))
      .items;
    const whole = await rest.bytes(`/artifacts/${artifact!.id}/content`);
    expect(whole.length).toBe(700_000);
    await changeArtifact(stage, database, { id: artifact!.id, at: random.between(0, whole.length - 1) });
    const first = await rest.call('GET', `/artifacts/${artifact!.id}/content`);
    const got = await first.arrayBuffer().then(
      (bytes) => bytes.byteLength,
      () => -1,
    );
    expect(first.ok && got === whole.length).toBe(false);
    const later = await rest.call('GET', `/artifacts/${artifact!.id}/content`);
    expect(later.status).toBe(410);
    expect(await warnings(stage, id)).toEqual([
      'Artifact "a.bin" is lost: its bytes were damaged in the store',
    ]);
  }, 60_000);
});

/** What a download gives before it fails, nothing when it is refused. */
async function asFarAsItComes({ rest }: Stage, path: string): Promise<Buffer> {
  const answer = await rest.call('GET', path);
  if (!answer.ok) return Buffer.alloc(0);
  const parts: Uint8Array[] = [];
  try {
    for await (const part of answer.body!) parts.push(part as Uint8Array);
  } catch {
    // It was cut: what came before counts.
  }
  return Buffer.concat(parts);
}

/** A script that has printed all its lines, and waits. */
async function printed({ rest }: Stage): Promise<{ id: string; attempt: AttemptBody }> {
  const { id } = await rest.script(SCRIPT, { pool: POOL });
  const attempt = await until('all that it prints is stored', async () => {
    const [found] = await rest.attempts(id);
    if (found === undefined) return undefined;
    const err = await rest.bytes(`/attempts/${found.id}/output?stream=stderr`);
    return err.length === WANTED.lines * WANTED.lineBytes ? found : undefined;
  });
  return { id, attempt };
}

async function texts(stage: Stage, id: string): Promise<{ level: string; text: string }[]> {
  return (await stage.rest.get<{ items: { level: string; text: string }[] }>(`/tasks/${id}/log`)).items;
}

async function warnings(stage: Stage, id: string): Promise<string[]> {
  const lost = /missing|digest|lost/;
  return (await texts(stage, id))
    .filter(({ level, text }) => level !== 'info' && lost.test(text))
    .map(({ text }) => text);
}

/** Verified segments alone: those of which the words name the whole. */
async function healed(stage: Stage, id: string): Promise<string[]> {
  return (await texts(stage, id))
    .map(({ text }) => text)
    .filter((text) => /^Output from byte 0 to .* was had from the agent once more/.test(text));
}

function recordAt(spool: Buffer, at: number): { from: number; to: number } {
  let found = { from: 0, to: 0 };
  scanRecords(spool, (from, to) => {
    if (from <= at && at < to) found = { from, to };
  });
  return found;
}

async function letGo(dataDir: string, attemptId: string): Promise<void> {
  const file = await open(join(dataDir, 'attempts', attemptId, 'work', 'go'), 'w');
  await file.close();
}

async function changeByte(
  stage: Stage,
  database: Dialect,
  { attempt, at }: { attempt: AttemptBody; at: number },
): Promise<void> {
  if (database === 'sqlite')
    return flip(globSync(join(stage.servers[0]!.dataDir, '**', `${attempt.id}.spool`))[0]!, at);
  return inDatabase(
    stage,
    `UPDATE log_chunks SET bytes = set_byte(bytes, ($2::bigint - start_offset)::int, 255 - get_byte(bytes, ($2::bigint - start_offset)::int))
      WHERE attempt_id = $1 AND start_offset <= $2 AND end_offset > $2`,
    [attempt.id, at],
  );
}

async function changeArtifact(
  stage: Stage,
  database: Dialect,
  { id, at }: { id: string; at: number },
): Promise<void> {
  if (database === 'sqlite') return flip(join(stage.servers[0]!.dataDir, 'logs', 'artifacts', id), at);
  return inDatabase(
    stage,
    `UPDATE artifact_chunks SET bytes = set_byte(bytes, ($2::bigint - start_offset)::int, 255 - get_byte(bytes, ($2::bigint - start_offset)::int))
      WHERE artifact_id = $1 AND start_offset <= $2 AND start_offset + octet_length(bytes) > $2`,
    [id, at],
  );
}

async function flip(path: string, at: number): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, at);
    byte.writeUInt8(255 - byte.readUInt8(0));
    await file.write(byte, 0, 1, at);
  } finally {
    await file.close();
  }
}

function urlOf({ store }: Stage): string {
  if (!('databaseUrl' in store)) throw new Error('the stage is not on PostgreSQL');
  return store.databaseUrl;
}

async function inDatabase(stage: Stage, statement: string, values: unknown[]): Promise<void> {
  const client = new pg.Client({ connectionString: urlOf(stage) });
  await client.connect();
  try {
    const { rowCount } = await client.query(statement, values);
    expect(rowCount).toBe(1);
  } finally {
    await client.end();
  }
}
