/** The log store, in files and in rows of PostgreSQL alike. */
import { createHash, randomBytes } from 'node:crypto';
import { appendFile, cp, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { createIds, isCode, systemClock, type AppError } from '@longshore/base';
import { decodeMarker, decodeRecords, encodeRecords } from '@longshore/protocol/spool-record';
import type { LogStore } from '@longshore/server/app/ports/log-store';
import { StorageOut } from '@longshore/server/app/ports/store';
import { FileLogStore } from '@longshore/server/logs/file-log-store';
import { RowLogStore } from '@longshore/server/logs/row-log-store';
import type { Sql, SqlValue } from '@longshore/server/store/db';
import type { RowDatabase } from '@longshore/server/logs/rows';

import { openStage, type StoreStage } from '../support/store.ts';
import { until } from '../support/until.ts';

const ids = createIds();
/** The first test to need PostgreSQL makes a server; a loaded machine takes its time. */
const POSTGRES_START_MS = 60_000;
const record = (text: string): Buffer => encodeRecords('stdout', 1_700_000_000_000, Buffer.from(text));

interface Place {
  /** The same log as another process, or the same one after a restart, sees it. */
  open(): Promise<LogStore>;
  close(): Promise<void>;
}

async function files(): Promise<Place & { directory: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'longshore-logs-'));
  const opened: LogStore[] = [];
  return {
    directory,
    async open() {
      const failed = (error: Error): never => {
        throw error;
      };
      const logs = new FileLogStore({ directory, clock: systemClock, failed });
      opened.push(logs);
      return logs;
    },
    async close() {
      for (const logs of opened) await logs.close();
      await rm(directory, { recursive: true });
    },
  };
}

async function rows(): Promise<Place> {
  const stage = await openStage('postgres');
  const opened: LogStore[] = [];
  let n = 0;
  return {
    async open() {
      const nodeId = `node-${String((n += 1))}`;
      await stage.openStore(nodeId);
      const logs = new RowLogStore({ database: await stage.open(nodeId), clock: systemClock });
      opened.push(logs);
      return logs;
    },
    async close() {
      for (const logs of opened) await logs.close();
      await stage.close();
    },
  };
}

describe.each([
  ['files', files],
  ['rows', rows],
])('logs in %s', (_name, make) => {
  let place: Place;
  let logs: LogStore;

  beforeAll(async () => {
    place = await make();
    logs = await place.open();
  }, POSTGRES_START_MS);

  afterAll(async () => {
    await place.close();
  });

  async function readAll(attemptId: string, limit = 1_000_000): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let at = 0; ;) {
      const part = await logs.read(attemptId, at, limit);
      if (part.length === 0) return Buffer.concat(parts);
      parts.push(part);
      at += part.length;
    }
  }

  test('an attempt without output has length 0', async () => {
    const id = ids();
    expect(await logs.length(id)).toBe(0);
    expect(await logs.read(id, 0, 100)).toHaveLength(0);
    expect(await logs.recover(id)).toBe(0);
  });

  test('keeps records byte for byte, and resolves with the durable length', async () => {
    const id = ids();
    const [a, b] = [record('one\n'), encodeRecords('stderr', 2, randomBytes(70_000))];
    expect(await logs.append(id, 0, a).durable).toBe(a.length);
    expect(await logs.append(id, a.length, b).durable).toBe(a.length + b.length);
    expect(await readAll(id)).toEqual(Buffer.concat([a, b]));
  });

  test('appends in one turn are stored in their order, and all resolve', async () => {
    const id = ids();
    const records = Array.from({ length: 50 }, (_, i) =>
      i % 7 === 0 ? encodeRecords('stdout', i, randomBytes(40_000)) : record(`line ${i}\n`),
    );
    let offset = 0;
    const lengths = await Promise.all(
      records.map((bytes) => {
        const stored = logs.append(id, offset, bytes).durable;
        offset += bytes.length;
        return stored;
      }),
    );
    expect(lengths.at(-1)).toBe(offset);
    expect(await readAll(id)).toEqual(Buffer.concat(records));
  });

  test('what an append says to be readable can be read', async () => {
    const id = ids();
    const records = Array.from({ length: 40 }, (_, i) => encodeRecords('stdout', i, randomBytes(50_000)));
    let offset = 0;
    const appending = records.map((bytes) => {
      const one = logs.append(id, offset, bytes);
      offset += bytes.length;
      return { ...one, end: offset };
    });
    // The same again: readable when the first is.
    const again = logs.append(id, 0, records[0]!);
    for (const { readable, end } of appending) {
      expect(await readable).toBe(true);
      expect(await logs.length(id)).toBeGreaterThanOrEqual(end);
    }
    expect(await again.readable).toBe(true);
    await Promise.all(appending.map(({ durable }) => durable));
    const gap = logs.append(id, offset + 1, records[0]!);
    await expect(gap.durable).rejects.toThrow('leaves a gap');
    expect(await gap.readable).toBe(false);
  });

  test('drops what is there already, also in part', async () => {
    const id = ids();
    const [a, b, c] = [record('a'), record('bb'), record('ccc')];
    await logs.append(id, 0, Buffer.concat([a, b])).durable;
    await logs.append(id, 0, Buffer.concat([a, b])).durable;
    await logs.append(id, a.length, Buffer.concat([b, c])).durable;
    expect(await readAll(id)).toEqual(Buffer.concat([a, b, c]));
  });

  test('refuses a gap with the length that it has', async () => {
    const id = ids();
    const a = record('a');
    await logs.append(id, 0, a).durable;
    const error = await logs.append(id, 1000, a).durable.catch((thrown: unknown) => thrown as AppError);
    expect(isCode(error, 'conflict') && error.detail.length).toBe(a.length);
  });

  test('refuses what is not whole records, and stays right', async () => {
    const id = ids();
    const a = record('abc');
    const spoilt = Buffer.from(a);
    spoilt.writeUInt8(0x58, a.length - 1);
    for (const bad of [
      a.subarray(0, -1),
      spoilt,
      Buffer.from('nonsense that is long enough to be a header'),
    ]) {
      expect(
        isCode(await logs.append(id, 0, bad).durable.catch((thrown: unknown) => thrown), 'corrupt'),
      ).toBe(true);
    }
    await logs.append(id, 0, a).durable;
    expect(await readAll(id)).toEqual(a);
  });

  test('reads whole records within the limit, but at least one', async () => {
    const id = ids();
    const [a, b, c] = [record('a'.repeat(100)), record('b'.repeat(100)), record('c'.repeat(100))];
    await logs.append(id, 0, Buffer.concat([a, b, c])).durable;
    expect(await logs.read(id, 0, 1)).toEqual(a);
    expect(await logs.read(id, 0, a.length + b.length + 5)).toEqual(Buffer.concat([a, b]));
    expect(await logs.read(id, a.length, 1_000_000)).toEqual(Buffer.concat([b, c]));
    expect(await logs.read(id, a.length + b.length + c.length, 10)).toHaveLength(0);
  });

  test('a follower hears each growth and can read it then, and nothing after it left', async () => {
    const id = ids();
    const heard: number[] = [];
    const stop = logs.follow(id, (length) => heard.push(length));
    const a = record('a');
    await logs.append(id, 0, a).durable;
    expect(heard.at(-1)).toBe(a.length);
    stop();
    await logs.append(id, a.length, a).durable;
    expect(heard.at(-1)).toBe(a.length);
  });

  test('what is missing keeps every offset after it right, and says which bytes', async () => {
    const id = ids();
    const [a, c] = [record('before'), record('after')];
    await logs.append(id, 0, a).durable;
    const missing = 4 * 1024 * 1024 - 17;
    expect(await logs.appendMissing(id, a.length, missing).durable).toBe(a.length + missing);
    await logs.append(id, a.length + missing, c).durable;
    const records = decodeRecords(await readAll(id));
    expect(records.at(-1)?.payload.toString()).toBe('after');
    let at = a.length;
    for (const { stream, payload } of records.slice(1, -1)) {
      expect(stream).toBe('marker');
      const marker = decodeMarker(payload) as { missing: { from: number; to: number } };
      expect(marker.missing.from).toBe(at);
      at = marker.missing.to;
    }
    expect(at).toBe(a.length + missing);
  });

  test('goes on where a process before it stopped', async () => {
    const id = ids();
    const [a, b] = [record('a'), record('b')];
    await logs.append(id, 0, a).durable;
    const next = await place.open();
    expect(await next.recover(id)).toBe(a.length);
    await next.append(id, 0, Buffer.concat([a, b])).durable;
    expect(await next.read(id, 0, 1000)).toEqual(Buffer.concat([a, b]));
  });

  test('cuts off, and goes on from there', async () => {
    const id = ids();
    const [a, b, c] = [record('a'), record('b'), record('c')];
    await logs.append(id, 0, Buffer.concat([a, b])).durable;
    await logs.truncate(id, a.length);
    expect(await logs.length(id)).toBe(a.length);
    await logs.append(id, a.length, c).durable;
    expect(await readAll(id)).toEqual(Buffer.concat([a, c]));
  });

  test('deletes', async () => {
    const id = ids();
    await logs.append(id, 0, record('a')).durable;
    await logs.delete(id);
    expect(await logs.length(id)).toBe(0);
  });

  test('an id that is none touches nothing', async () => {
    await expect(logs.append('../../etc/x', 0, record('a')).durable).rejects.toThrow();
    await expect(logs.putArtifact('a/b', 0, Buffer.from('x'))).rejects.toThrow();
  });

  test('many attempts at once, more than files may be open', async () => {
    const attempts = Array.from({ length: 150 }, () => ids());
    await Promise.all(
      attempts.map(async (id) => {
        await logs.append(id, 0, record(id)).durable;
        await logs.append(id, record(id).length, record('end')).durable;
      }),
    );
    for (const id of attempts) expect(await readAll(id)).toEqual(Buffer.concat([record(id), record('end')]));
  });

  test('artifacts: by chunk, again after a cut, verified, read back', async () => {
    const id = ids();
    const content = randomBytes(300_000);
    const digest = createHash('sha256').update(content).digest('hex');
    expect(await logs.putArtifact(id, 0, content.subarray(0, 100_000))).toBe(100_000);
    expect(await logs.putArtifact(id, 50_000, content.subarray(50_000, 200_000))).toBe(200_000);
    expect(
      isCode(
        await logs.putArtifact(id, 250_000, content.subarray(250_000)).catch((thrown: unknown) => thrown),
        'conflict',
      ),
    ).toBe(true);
    expect(await logs.putArtifact(id, 200_000, content.subarray(200_000))).toBe(300_000);
    expect(await logs.finishArtifact(id, digest)).toBe(300_000);
    expect(await logs.finishArtifact(id, digest)).toBe(300_000);
    const parts: Buffer[] = [];
    for await (const part of logs.readArtifact(id)) parts.push(part);
    expect(Buffer.concat(parts).equals(content)).toBe(true);
  });

  test('an artifact whose digest differs is refused, and can be sent again', async () => {
    const id = ids();
    await logs.putArtifact(id, 0, Buffer.from('wrong'));
    expect(
      isCode(await logs.finishArtifact(id, '00'.repeat(32)).catch((thrown: unknown) => thrown), 'corrupt'),
    ).toBe(true);
    await logs.putArtifact(id, 0, Buffer.from('right'));
    await logs.finishArtifact(id, createHash('sha256').update('right').digest('hex'));
  });

  test('an empty artifact is an artifact', async () => {
    const id = ids();
    await logs.putArtifact(id, 0, Buffer.alloc(0));
    expect(await logs.finishArtifact(id, createHash('sha256').digest('hex'))).toBe(0);
  });
});

describe('logs in files', () => {
  test('a torn tail is cut at the last whole record', async () => {
    const place = await files();
    const id = ids();
    const a = record('whole');
    const before = await place.open();
    await before.append(id, 0, a).durable;
    await before.close();
    const [folder = ''] = await readdir(join(place.directory, 'output'));
    const path = join(place.directory, 'output', folder, `${id}.spool`);
    await appendFile(path, record('torn').subarray(0, 20));
    const after = await place.open();
    expect(await after.recover(id)).toBe(a.length);
    expect((await stat(path)).size).toBe(a.length);
    await place.close();
  });
});

describe('logs in rows whose database goes away', () => {
  let stage: StoreStage;
  let logs: RowLogStore;
  /** What the next transactions throw when they are told to, before they reach the database. */
  const failures: PromiseWithResolvers<Error>[] = [];

  beforeAll(async () => {
    stage = await openStage('postgres');
    await stage.openStore('n');
    const database = await stage.open('n');
    const failing: RowDatabase = {
      async transact(body, options) {
        const failure = failures.shift();
        if (failure !== undefined) throw await failure.promise;
        return database.transact(body, options);
      },
      read: (body) => database.read(body),
      notify: (...args) => database.notify(...args),
      listen: (...args) => database.listen(...args),
    };
    logs = new RowLogStore({ database: failing, clock: systemClock });
  }, POSTGRES_START_MS);
  afterAll(async () => {
    await logs.close();
    await stage.close();
  });

  /** An append that is given to the database, and fails when it is told to. */
  async function doomed(
    id: string,
    offset: number,
    bytes: Buffer,
  ): Promise<{ told: Promise<unknown>; fail: () => void }> {
    const failure = Promise.withResolvers<Error>();
    failures.push(failure);
    const appended = told(logs.append(id, offset, bytes).durable);
    await until('its transaction has begun', () => failures.length === 0);
    return { told: appended, fail: () => failure.resolve(new StorageOut('unavailable', 'it is away')) };
  }
  const told = async (durable: Promise<number>): Promise<number | string> =>
    durable.catch((thrown: unknown) => (thrown as AppError).code);

  test('what was accepted after an append that failed leaves no gap: it fails too, and can be given again', async () => {
    const id = ids();
    const [a, b, c] = [record('one'), record('two'), record('three')];
    await logs.append(id, 0, a).durable;
    const second = await doomed(id, a.length, b);
    const third = told(logs.append(id, a.length + b.length, c).durable);
    await new Promise((resolve) => setImmediate(resolve));
    second.fail();
    expect([await second.told, await third]).toEqual(['unavailable', 'unavailable']);
    expect(await logs.append(id, a.length, Buffer.concat([b, c])).durable).toBe(
      a.length + b.length + c.length,
    );
    expect(await logs.read(id, 0, 1000)).toEqual(Buffer.concat([a, b, c]));
  });

  test('what is given again while it is on its way is no more durable than that', async () => {
    const id = ids();
    const a = record('one');
    const once = await doomed(id, 0, a);
    const again = told(logs.append(id, 0, a).durable);
    await new Promise((resolve) => setImmediate(resolve));
    once.fail();
    expect([await once.told, await again]).toEqual(['unavailable', 'unavailable']);
    expect(await logs.length(id)).toBe(0);
  });

  test('a node that does not know how the log has grown leaves neither a gap nor anything twice', async () => {
    const id = ids();
    const [a, b, c] = [record('one'), record('two'), record('three')];
    await logs.append(id, 0, a).durable;
    await stage.openStore('other');
    const other = new RowLogStore({ database: await stage.open('other'), clock: systemClock });
    await other.truncate(id, 0);
    expect(await told(logs.append(id, a.length, b).durable)).toBe('conflict');
    await other.append(id, 0, Buffer.concat([a, b])).durable;
    expect(await logs.append(id, a.length, Buffer.concat([b, c])).durable).toBe(
      a.length + b.length + c.length,
    );
    expect(await logs.read(id, 0, 1000)).toEqual(Buffer.concat([a, b, c]));
    await other.close();
  });
});

describe('a long log in rows', () => {
  interface Node {
    'Actual Rows': number;
    'Rows Removed by Filter'?: number;
    Plans?: Node[];
  }
  const visited = (node: Node): number =>
    node['Actual Rows'] +
    (node['Rows Removed by Filter'] ?? 0) +
    (node.Plans ?? []).reduce((sum, each) => sum + visited(each), 0);

  test('is read at its end, and checked there, without a look at what is before', async () => {
    const stage = await openStage('postgres');
    await stage.openStore('n');
    const database = await stage.open('n');
    const id = ids();
    const one = record('x'.repeat(100));
    const ROWS = 5000;
    await database.transact((sql) =>
      sql.run(
        `INSERT INTO log_chunks SELECT ?, n * ${one.length}, (n + 1) * ${one.length}, ?::bytea FROM generate_series(0, ${ROWS - 1}) n`,
        id,
        one,
      ),
    );
    await database.alone((sql) => sql.run('ANALYZE log_chunks'));
    const asked: { text: string; params: SqlValue[] }[] = [];
    const recording = (sql: Sql): Sql => ({
      ...{ dialect: sql.dialect, skipLocked: sql.skipLocked, forUpdate: sql.forUpdate },
      run: (text, ...params) => sql.run(text, ...params),
      all: (text, ...params) => (asked.push({ text, params }), sql.all(text, ...params)),
      get: (text, ...params) => (asked.push({ text, params }), sql.get(text, ...params)),
    });
    const logs = new RowLogStore({
      clock: systemClock,
      database: {
        transact: (body, options) => database.transact(body, options),
        read: (body) => database.read((sql) => body(recording(sql))),
        notify: (...args) => database.notify(...args),
        listen: (...args) => database.listen(...args),
      },
    });
    const end = ROWS * one.length;
    expect(await logs.length(id)).toBe(end);
    expect(await logs.read(id, end - one.length, 1000)).toEqual(one);
    expect(await logs.readRaw(id, { from: end - 2 * one.length, to: end - one.length })).toEqual(one);
    for (const { text, params } of asked) {
      const [plan] = await database.read((sql) =>
        sql.all<{ 'QUERY PLAN': { Plan: Node }[] }>(`EXPLAIN (ANALYZE, FORMAT JSON) ${text}`, ...params),
      );
      expect([text, visited(plan!['QUERY PLAN'][0]!.Plan) < 50]).toEqual([text, true]);
    }
    expect(asked.length).toBeGreaterThan(3);
    await logs.close();
    await stage.close();
  });
});

describe('the journal of logs in files', () => {
  /** A copy of the directory as a machine that lost its page cache leaves it: the journal was synced, logs may be gone. */
  async function afterPowerLoss(directory: string, lost: string[]): Promise<string> {
    const copy = await mkdtemp(join(tmpdir(), 'longshore-logs-'));
    await cp(directory, copy, { recursive: true });
    for (const folder of await readdir(join(copy, 'output'))) {
      for (const id of lost) await rm(join(copy, 'output', folder, `${id}.spool`), { force: true });
    }
    await rm(join(copy, 'journal-boot'));
    return copy;
  }

  const openAt = (directory: string): FileLogStore =>
    new FileLogStore({
      directory,
      clock: systemClock,
      failed: (error) => {
        throw error;
      },
    });

  test('gives back what the files have lost, and not what was cut off or deleted', async () => {
    const place = await files();
    const before = await place.open();
    const [a, b, c] = [record('one'), record('two'), record('three')];
    const [lost, cut, deleted] = [ids(), ids(), ids()];
    await before.append(lost, 0, a).durable;
    await before.append(lost, a.length, b).durable;
    await before.append(cut, 0, Buffer.concat([a, b])).durable;
    await before.truncate(cut, a.length);
    await before.append(deleted, 0, a).durable;
    await before.delete(deleted);
    const copy = await afterPowerLoss(place.directory, [lost]);
    const after = openAt(copy);
    expect(await after.recover(lost)).toBe(a.length + b.length);
    expect(await after.read(lost, 0, 1000)).toEqual(Buffer.concat([a, b]));
    expect(await after.length(cut)).toBe(a.length);
    expect(await after.length(deleted)).toBe(0);
    await after.append(lost, a.length + b.length, c).durable;
    await after.close();
    await rm(copy, { recursive: true });
    await place.close();
  });

  test('has every acknowledged byte, over many turns of its files', async () => {
    const place = await files();
    const before = await place.open();
    const bytes = record('x'.repeat(4000));
    const attempts = Array.from({ length: 20 }, () => ids());
    // Some 24 MB: each of the two journal files is used more than once.
    await Promise.all(
      attempts.map(async (id) => {
        for (let n = 0; n < 300; n += 1) await before.append(id, n * bytes.length, bytes).durable;
      }),
    );
    const copy = await afterPowerLoss(place.directory, []);
    const after = openAt(copy);
    for (const id of attempts) expect(await after.recover(id)).toBe(300 * bytes.length);
    await after.close();
    await rm(copy, { recursive: true });
    await place.close();
  }, 60_000);
});
