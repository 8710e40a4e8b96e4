/**
 * A backup that is taken beside a working server, and restored in its place
 * later: the server's memory is older than what agents have seen since. Its
 * generation rises, agents tell it what they know, and nothing runs twice.
 */
import { renameSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { numberedLines } from '../support/log-oracle.ts';
import { inEachMode } from '../support/matrix.ts';
import { processesIn } from '../support/proc.ts';
import { startProgram } from '../support/program.ts';
import { ENDED } from '../support/rest.ts';
import { RunCounter } from '../support/run-counter.ts';
import { expectWhole } from '../support/script-load.ts';
import { POOL, Stage } from '../support/stage.ts';
import { inconsistencies } from '../support/store-check.ts';
import { readTables } from '../support/store-tables.ts';
import { until } from '../support/until.ts';

inEachMode('a restored backup', (mode) => {
  test('knows what it knew, hears what agents know, and starts nothing twice', async () => {
    const stage = await Stage.open();
    try {
      await stage.addAgent(mode);
      const counter = new RunCounter(join(stage.folder, 'starts'));
      const submit = async (name: string, lines: number): Promise<string> => {
        const body = counter.counted(name, numberedLines({ lines, linesPerSecond: 20 }));
        return (await stage.rest.script(body, { pool: POOL, name })).id;
      };
      const before = await submit('ended-before', 5);
      await stage.rest.ended(before);
      const during = await submit('under-way', 120);
      await until('it is under way', () => counter.starts('under-way') === 1);
      await longshoreServer(stage, 'backup');
      // The copy does not have this one, which runs on an agent when the copy takes the server's place.
      const after = await submit('unknown', 200);
      await until('it is under way too', () => counter.starts('unknown') === 1);

      await stage.server.kill();
      const dataDir = stage.servers[0]!.dataDir;
      const fences = await fencesOf(dataDir);
      renameSync(dataDir, `${dataDir}-lost`);
      expect(await longshoreServer(stage, 'restore')).toMatch(/the store is of generation 2 now/);
      await stage.startServer();
      await stage.agents[0]!.connected(stage);

      expect((await stage.rest.task(before)).state).toBe('success');
      const { task, attempt } = await stage.rest.ended(during);
      expect([task.state, attempt.outcome]).toEqual(['success', { kind: 'exited', code: 0 }]);
      await expectWhole(stage.rest, attempt.id);
      expect((await stage.rest.call('GET', `/tasks/${after}`)).status).toBe(404);
      // Work goes on with fences above all that the lost store had given out.
      const next = await submit('next', 5);
      await stage.rest.ended(next);
      const tables = await readTables(stage.store);
      const [generation] = tables.tasks.find(({ id }) => id === next)!.fence;
      expect(generation).toBeGreaterThan(fences);
      expect(inconsistencies(tables)).toEqual([]);
      expect(tables.tasks.filter(({ state }) => !ENDED.includes(state))).toEqual([]);
      // It is never killed by a store that does not know it: it runs to its end, once.
      await until('no script runs any more', () => scriptsOf(stage) === 0);
      counter.expectEachOnce();
    } finally {
      await stage.close();
    }
  }, 120_000);
});

async function longshoreServer(stage: Stage, command: 'backup' | 'restore'): Promise<string> {
  const args = [command, join(stage.folder, 'copy'), '--data-dir', stage.servers[0]!.dataDir];
  const { code, stdout, stderr } = await startProgram('server', args).ended;
  if (code !== 0) throw new Error(`longshore-server ${command} ended with ${String(code)}: ${stderr}`);
  return stdout.toString();
}

/** The highest generation of any fence. */
async function fencesOf(dataDir: string): Promise<number> {
  const { tasks } = await readTables({ databaseFile: join(dataDir, 'longshore.db') });
  return Math.max(...tasks.map(({ fence }) => fence[0]));
}

function scriptsOf(stage: Stage): number {
  return processesIn(stage.agents[0]!.dataDir).filter(({ command }) => command.includes('script.sh')).length;
}
