/**
 * The server's machine loses its power: what was not synced is gone, or torn.
 *
 * At random syncs its files are taken as a power loss would leave them, and a
 * server is started on each: nothing is missing that a client (task accepted,
 * task ended) or an agent (attempt released) had been told before. Then the
 * server really goes on from such files, with the agents as they are: every
 * script has its outcome and its exact log, and was started once.
 */
import { existsSync, readdirSync, readlinkSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { faultNumbers, schedule, type Schedule } from '../support/faults.ts';
import { DurableFiles } from '../support/power-loss.ts';
import { ENDED, RestClient } from '../support/rest.ts';
import { RunCounter } from '../support/run-counter.ts';
import { expectWhole, ScriptLoad } from '../support/script-load.ts';
import { SHIM_MISSING } from '../support/shim/build.ts';
import { AGENT_MODES } from '../support/stage-agent.ts';
import { StageServer } from '../support/stage-server.ts';
import { POOL, Stage } from '../support/stage.ts';
import { inconsistencies, leftovers } from '../support/store-check.ts';
import { readTables } from '../support/store-tables.ts';
import { until } from '../support/until.ts';

const { scripts, longestMs, samples, losses, syncsBetween } = faultNumbers({
  short: { scripts: 12, longestMs: 2000, samples: 4, losses: 2, syncsBetween: 60 },
  full: { scripts: 200, longestMs: 20_000, samples: 60, losses: 20, syncsBetween: 400 },
});

if (SHIM_MISSING !== undefined) console.warn(`SKIPPED: power losses: ${SHIM_MISSING}`);

(SHIM_MISSING === undefined ? describe : describe.skip)('a power loss', () => {
  let stage: Stage;
  let server: StageServer;
  let counter: RunCounter;
  beforeEach(async () => {
    stage = await Stage.open({ shim: true });
    server = stage.servers[0]!;
    counter = new RunCounter(join(stage.folder, 'starts'));
    for (const mode of AGENT_MODES) await stage.addAgent(mode, { slots: Math.max(64, scripts) });
  }, 60_000);
  afterEach(() => stage.close(), 60_000);

  function newLoad(prefix: string, random: Schedule): ScriptLoad {
    return new ScriptLoad({
      ...{ counter, schedule: random, pool: POOL, prefix },
      rest: () => stage.rest,
      shortestMs: 50,
      longestMs,
      // Long lines, and many: some of their bytes go by the journal, some by a sync of their own.
      linesPerSecond: 100,
      lineBytes: 300,
    });
  }

  test(
    `takes nothing that was acknowledged: ${samples} samples`,
    async () => {
      const random = schedule('power-loss samples');
      await server.daemon.stop();
      // As in the first life of a server: the journal is made anew, empty as it is now.
      for (const name of ['journal-0', 'journal-1']) rmSync(join(server.dataDir, 'logs', name));
      startedAnew(server.dataDir);
      const files = new DurableFiles(server.dataDir);
      const load = newLoad('sample-', random);
      const released = new Released(stage);
      const taken: Sample[] = [];
      // Spread over the load's life: at the first sync after so many ends were shown.
      const points = random.points(samples, 0, scripts - 2);
      server.shim.stopAtSyncs((sync) => {
        released.look();
        if (load.seenEnded.size >= (points[taken.length] ?? Number.POSITIVE_INFINITY)) {
          const name = `power-loss-${taken.length + 1}`;
          const folder = join(stage.folder, name);
          // What the server has told by now, it told before this sync has returned.
          taken.push({ name, accepted: load.accepted, ended: [...load.seenEnded], released: released.now() });
          files.lose(folder, random.chance(0.5) ? random : undefined);
          startedAnew(folder);
        }
        files.seen(sync);
      });
      await stage.startServer();
      for (const agent of stage.agents) await agent.connected(stage);
      const submitted = load.submit(scripts);
      await until('all have ended, and been seen so', async () => {
        await load.look();
        return load.seenEnded.size === scripts;
      });
      await submitted;
      await load.expectExact();
      await server.shim.goOn();
      expect(taken.length).toBeGreaterThanOrEqual(Math.ceil(samples / 2));
      // The copies are clones of this server: they must not meet its agents.
      for (const { daemon } of stage.agents) await daemon.stop();
      for (const sample of taken) await expectNothingMissing(stage, sample);
    },
    120_000 + samples * 10_000,
  );

  test(
    `agents fill up what the server lost: ${losses} times`,
    async () => {
      const random = schedule('power-loss real');
      await server.daemon.stop();
      for (let loss = 1; loss <= losses; loss++) {
        const load = newLoad(`loss-${loss}-`, random);
        const lost = await loseAtSync(server, { random, during: () => load.submit(scripts), stage });
        renameSync(server.dataDir, `${server.dataDir}-${loss}`);
        renameSync(lost, server.dataDir);
        startedAnew(server.dataDir);
        await stage.startServer();
        await load.expectExact();
        const tables = await until('all leases are free', async () => {
          const now = await readTables(stage.store);
          return leftovers(now).length === 0 ? now : undefined;
        });
        expect(inconsistencies(tables)).toEqual([]);
        await server.daemon.stop();
      }
    },
    losses * (longestMs + 60_000),
  );

  test('a journal that a killed server left is synced before anything is written after what stands in it', async () => {
    const { rest } = stage;
    await rest.ended((await rest.script('echo one', { pool: POOL })).id);
    let current = '';
    const next: string[] = [];
    server.shim.stopAtSyncs(({ pid, fd, range }) => {
      const path = readlinkSync(`/proc/${pid}/fd/${fd}`);
      if (current === '' && range !== undefined && path.includes('/journal-')) {
        current = path;
        // Its write does not come back: what it wrote may be in the page cache only.
        process.kill(pid, 'SIGKILL');
      } else if (path === current) next.push(range === undefined ? 'synced' : 'written on');
    });
    const { id } = await rest.script('echo two; sleep 2; echo three', { pool: POOL });
    await until('it is killed', () => !server.daemon.running);
    await stage.startServer();
    await rest.ended(id);
    await until('the journal is used again', () => next.includes('written on'));
    await server.shim.goOn();
    expect(next[0]).toBe('synced');
  }, 60_000);
});

interface Sample {
  name: string;
  /** Tasks whose submission was answered. */
  accepted: string[];
  /** Tasks whose end was shown. */
  ended: string[];
  /** Attempts that the agents were told to forget. */
  released: string[];
}

/** Of the attempts whose workspaces were seen, those that are gone. */
class Released {
  readonly #stage: Stage;
  readonly #seen = new Set<string>();
  #present = new Set<string>();

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  look(): void {
    const folders = this.#stage.agents.map(({ dataDir }) => join(dataDir, 'attempts')).filter(existsSync);
    this.#present = new Set(folders.flatMap((folder) => readdirSync(folder)));
    for (const id of this.#present) this.#seen.add(id);
  }

  now(): string[] {
    return [...this.#seen].filter((id) => !this.#present.has(id) && /^[0-9A-Z]{26}$/.test(id));
  }
}

/** The machine starts anew: nothing in memory outlived it. */
function startedAnew(dataDir: string): void {
  rmSync(join(dataDir, 'logs', 'journal-boot'), { force: true });
}

async function expectNothingMissing(stage: Stage, sample: Sample): Promise<void> {
  const { name, accepted, ended, released } = sample;
  const copy = await StageServer.on({
    ...{ name, folder: stage.folder, builtinWorker: false, env: {} },
    nodeId: stage.servers[0]!.name,
  });
  try {
    await copy.start();
    const rest = new RestClient(copy.url, stage.key);
    const tasks = await Promise.all(accepted.map((id) => rest.task(id)));
    const states = new Map(tasks.map(({ id, state }) => [id, state]));
    expect(ended.filter((id) => !ENDED.includes(states.get(id) ?? ''))).toEqual([]);
    const endings = await Promise.all(ended.map((id) => rest.ended(id)));
    const told = await Promise.all(
      released.map((id) => rest.get<{ complete: boolean; state: string }>(`/attempts/${id}`)),
    );
    expect(told.filter(({ complete }) => !complete)).toEqual([]);
    const complete = [...endings.map(({ attempt }) => attempt.id), ...released];
    for (const id of new Set(complete)) await expectWhole(rest, id);
    const tables = await readTables({ databaseFile: join(copy.dataDir, 'longshore.db') });
    expect(inconsistencies(tables)).toEqual([]);
  } finally {
    await copy.daemon.kill();
  }
}

interface Losing {
  stage: Stage;
  random: Schedule;
  /** What the server does when its power goes. */
  during: () => Promise<void>;
}

/** The server's machine goes at one of its syncs. @returns where its files are, as they are left */
async function loseAtSync(server: StageServer, { stage, random, during }: Losing): Promise<string> {
  const files = new DurableFiles(server.dataDir);
  const target = `${server.dataDir}-left`;
  const power = { syncsLeft: Number.POSITIVE_INFINITY, lost: false };
  server.shim.stopAtSyncs((sync) => {
    if (power.lost) return;
    power.syncsLeft -= 1;
    if (power.syncsLeft > 0) {
      files.seen(sync);
      return;
    }
    power.lost = true;
    process.kill(sync.pid, 'SIGKILL');
    files.lose(target, random.chance(0.5) ? random : undefined);
  });
  await stage.startServer();
  for (const agent of stage.agents) await agent.connected(stage);
  const working = during();
  if (random.chance(0.5)) {
    // A mere kill before it: what that server had not synced is in the page cache still, for the next one to find.
    await new Promise((resolve) => setTimeout(resolve, random.between(0, 500)));
    await server.daemon.kill();
    await stage.startServer();
  }
  power.syncsLeft = random.between(1, syncsBetween);
  await working;
  const latest = performance.now() + longestMs;
  await until('the power is gone', () => power.lost || performance.now() > latest, {
    timeoutMs: 2 * longestMs,
  });
  if (!power.lost) {
    // All was done before that sync.
    power.lost = true;
    await server.daemon.kill();
    files.lose(target);
  }
  await until('the server is gone', () => !server.daemon.running);
  await server.shim.goOn();
  return target;
}
