/** The shim is under a real Node, its file system and both of its SQLites. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { FaultShim, type ShimReach } from './fault-shim.ts';
import { SHIM_MISSING } from './shim/build.ts';
import { until } from './until.ts';

if (SHIM_MISSING !== undefined) console.warn(`SKIPPED: all tests of the fault shim: ${SHIM_MISSING}`);

(SHIM_MISSING === undefined ? describe : describe.skip)('the fault shim', () => {
  let folder: string;
  let shim: FaultShim;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'fault-shim-'));
    mkdirSync(join(folder, 'data'));
    shim = opened('program');
  });
  afterEach(async () => {
    await shim.close();
    rmSync(folder, { recursive: true });
  });

  function opened(into: ShimReach): FaultShim {
    return FaultShim.open({ controlFile: join(folder, 'control'), under: join(folder, 'data'), into });
  }

  /** A module's body, with `data`, `fs` and helpers; what it prints, and how it ends. */
  async function run(body: string, { signal = null as string | null } = {}): Promise<string[]> {
    const script = join(folder, 'script.mjs');
    writeFileSync(
      script,
      `import fs from 'node:fs';
      const data = ${JSON.stringify(join(folder, 'data'))};
      const outside = ${JSON.stringify(join(folder, 'outside'))};
      const say = (text) => fs.writeSync(1, text + '\\n');
      const told = () => fs.existsSync(outside);
      const code = (body) => { try { body(); return 'ok'; } catch (error) { return error.code ?? error.message; } };
      ${body}`,
    );
    const child = spawn(process.execPath, [script], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { PATH: process.env.PATH, ...shim.env() },
      cwd: join(import.meta.dirname, '../..'),
    });
    let out = '';
    child.stdout.on('data', (part: Buffer) => (out += part.toString()));
    const [ended, by] = (await once(child, 'close')) as [number | null, string | null];
    expect({ ended, by }).toEqual({ ended: signal === null ? 0 : null, by: signal });
    expect(shim.attached).toBeGreaterThan(0);
    return out.split('\n').filter((line) => line !== '');
  }

  test('a full disk refuses the nth write on, and only below the directory', async () => {
    shim.fillDisk({ afterWrites: 3 });
    const said = await run(`
      say(code(() => fs.writeFileSync(data + '/a', 'x')));  // makes a name, writes
      const fd = fs.openSync(data + '/a', 'r+');
      say(code(() => fs.writeSync(fd, 'y', 0)));
      say(code(() => fs.writeSync(fd, 'y', 0)));
      say(code(() => fs.writevSync(fd, [Buffer.from('a'), Buffer.from('b')], 0)));
      say(code(() => fs.ftruncateSync(fd, 100)) + ' ' + code(() => fs.ftruncateSync(fd, 0)));
      say(code(() => fs.writeFileSync(data + '/b', 'x')));
      say(code(() => fs.mkdirSync(data + '/c')));
      say(code(() => fs.copyFileSync(${JSON.stringify(import.meta.filename)}, data + '/d')));
      say(code(() => fs.appendFileSync(outside, 'x')));
      say(await fs.promises.writeFile(data + '/a', 'x').then(() => 'ok', (error) => error.code));`);
    expect(said).toEqual([
      ...['ok', 'ok', 'ENOSPC', 'ENOSPC', 'ENOSPC ok', 'ENOSPC', 'ENOSPC', 'ENOSPC', 'ok', 'ENOSPC'],
    ]);
    expect(shim.refused).toBe(7);
  });

  test('the first refused write may write a half, and a freed disk takes all', async () => {
    shim.fillDisk({ short: true });
    const told = join(folder, 'outside');
    shim.fillDisk({ short: true, afterWrites: 1 });
    const said = run(`
      const fd = fs.openSync(data + '/a', 'w');
      say(String(fs.writeSync(fd, 'abcdef')));
      say(code(() => fs.writeSync(fd, 'abcdef')));
      while (!told()) await new Promise((resolve) => setTimeout(resolve, 5));
      say(String(fs.writeSync(fd, 'abcdef')));`);
    // Once within the first write, of which libuv tries to write the rest.
    await until('it was refused', () => shim.refused > 1);
    shim.freeDisk();
    writeFileSync(told, '');
    expect(await said).toEqual(['3', 'ENOSPC', '6']);
  });

  test.each([
    [
      'node:sqlite',
      `const { DatabaseSync } = await import('node:sqlite'); const db = new DatabaseSync(data + '/db');`,
    ],
    [
      'better-sqlite3',
      `const { createRequire } = await import('node:module');
       const db = new (createRequire(${JSON.stringify(import.meta.filename)})('better-sqlite3'))(data + '/db');`,
    ],
  ])('%s goes through it', async (_, open) => {
    shim.throttle(0);
    const body = `${open}
      db.exec('PRAGMA journal_mode = WAL; CREATE TABLE t (x)');
      say('made');
      fs.writeFileSync(outside + '.made', '');
      while (!told()) await new Promise((resolve) => setTimeout(resolve, 5));
      say(code(() => db.exec("INSERT INTO t VALUES (1)")).replace(/.*full.*/, 'full').replace('ERR_SQLITE_ERROR', 'full').replace('SQLITE_FULL', 'full'));`;
    const said = run(body);
    await until('its table is made', () => existsSync(join(folder, 'outside.made')));
    expect(shim.syncs).toBeGreaterThan(0);
    shim.fillDisk();
    writeFileSync(join(folder, 'outside'), '');
    expect(await said).toEqual(['made', 'full']);
  });

  test('syncs wait for the test, in turn', async () => {
    const seen: string[] = [];
    const ranges: unknown[] = [];
    shim.stopAtSyncs(({ path, range }) => {
      seen.push(path);
      if (range !== undefined) ranges.push(range);
    });
    const said = await run(`
      const fd = fs.openSync(data + '/a', 'w');
      await Promise.all([1, 2, 3].map(() => new Promise((resolve) => fs.fdatasync(fd, resolve))));
      fs.fsyncSync(fs.openSync(data, 'r'));
      const synced = fs.openSync(data + '/b', fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_DSYNC);
      fs.writeSync(synced, 'abc');
      fs.writeSync(synced, 'de', 10);
      say('done');`);
    expect(said).toEqual(['done']);
    expect(seen).toEqual(['a', 'a', 'a', '', 'b', 'b'].map((name) => join(folder, 'data', name)));
    expect(ranges).toEqual([
      { at: 0, bytes: 3 },
      { at: 10, bytes: 2 },
    ]);
    await shim.goOn();
  });

  test('it is killed when a sync has returned, and at what it read', async () => {
    shim.killAfterSync(2);
    const said = await run(
      `const fd = fs.openSync(data + '/a', 'w');
       for (let n = 1; ; n++) { say(String(n)); fs.fdatasyncSync(fd); }`,
      { signal: 'SIGKILL' },
    );
    expect(said).toEqual(['1', '2']);
    expect(shim.syncs).toBe(2);
    shim.killAfterRead('needle', 1);
    await run(
      `fs.writeFileSync(data + '/a', ''); fs.writeFileSync(outside, 'a need' + 'le'); fs.readFileSync(data + '/a'); say('read'); fs.readFileSync(outside); say('no');`,
      { signal: 'SIGKILL' },
    ).then((lines) => expect(lines).toEqual(['read']));
  });

  test('the wall clock is shifted and frozen; the monotonic clock goes on', async () => {
    const day = 24 * 3600 * 1000;
    shim.shiftClock(-day);
    const script = `
      const before = Date.now(), mono = performance.now();
      say(String(before));
      await new Promise((resolve) => setTimeout(resolve, 30));
      say(String(Date.now() - before) + ' ' + String(performance.now() - mono >= 29));`;
    const [shifted, passed] = await run(script);
    expect(Math.abs(Number(shifted) + day - Date.now())).toBeLessThan(60_000);
    expect(Number(passed!.split(' ')[0])).toBeGreaterThanOrEqual(29);
    shim.shiftClock(0);
    shim.freezeClock(1_700_000_000_000);
    expect(await run(script)).toEqual(['1700000000000', '0 true']);
  });

  test('a throttled disk takes its time; slow syncs take theirs', async () => {
    shim.throttle(1_000_000);
    shim.slowSyncs(100);
    const [wrote, synced] = await run(`
      const fd = fs.openSync(data + '/a', 'w');
      const from = performance.now();
      for (let n = 0; n < 10; n++) fs.writeSync(fd, Buffer.alloc(20_000));
      const to = performance.now();
      fs.fdatasyncSync(fd);
      say(String(to - from)); say(String(performance.now() - to));`);
    expect(Number(wrote)).toBeGreaterThanOrEqual(195);
    expect(Number(synced)).toBeGreaterThanOrEqual(99);
  });

  test.each([
    ['program', 1],
    ['host', 2],
    ['all', 4],
  ] as [ShimReach, number][])('under %s it is in %d of the processes', async (into, count) => {
    await shim.close();
    shim = opened(into);
    await run(`
      const { spawnSync } = await import('node:child_process');
      spawnSync(process.execPath, ['-e', "require('node:child_process').spawnSync('/bin/sh', ['-c', '/bin/true; true'])"]);`);
    expect(shim.attached).toBe(count);
  });
});
