/**
 * Two copies of one agent identity: found out at the second connect, both
 * sessions ended, the identity locked. Scripts go on to their ends, nothing of
 * a copy's is mixed in, and an operator's word settles it: the copy that comes
 * first goes on, the other is turned away.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';

import { faultNumbers } from '../support/faults.ts';
import { checkLog, numberedLines } from '../support/log-oracle.ts';
import { Daemon } from '../support/program.ts';
import { RunCounter } from '../support/run-counter.ts';
import { AGENT_MODES, type StageAgent } from '../support/stage-agent.ts';
import { Stage } from '../support/stage.ts';
import { DIALECTS } from '../support/store.ts';
import { until } from '../support/until.ts';

jest.setTimeout(900_000);

const { rounds, races, dialects } = faultNumbers({
  short: { rounds: 1, races: 2, dialects: ['sqlite'] as const },
  full: { rounds: 5, races: 20, dialects: DIALECTS },
});
/** After it another copy is the agent: told once. */
const HEIR = 'the copy goes on: what the original has is not guessed at, and its script runs to its end';
const LINES = { lines: 100, linesPerSecond: 40, exitCode: 4 };

interface WorkerView {
  id: string;
  connected: boolean;
  locked: string;
  health: string;
}

class Copy {
  readonly dataDir: string;
  readonly daemon: Daemon;

  private constructor(folder: string) {
    this.dataDir = join(folder, 'data');
    this.daemon = new Daemon('agent', {
      args: ['run', '--data-dir', this.dataDir, '--log-format', 'json', '--log-level', 'debug'],
      logFile: `${folder}.log`,
    });
  }

  /** @param told whether it can see that it is a copy; a cloned or restored machine can't */
  static async of(agent: StageAgent, { name, told }: { name: string; told: boolean }): Promise<Copy> {
    const copy = new Copy(`${agent.folder}-${name}`);
    // As one moment of it: while nothing is written there.
    const pids = agent.daemon.running ? [agent.daemon.pid, agent.hostPid] : [agent.hostPid];
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    await cp(agent.dataDir, copy.dataDir, { recursive: true });
    for (const pid of pids) process.kill(pid, 'SIGCONT');
    if (!told)
      for (const file of ['place.json', 'agent.lock']) await rm(join(copy.dataDir, file), { force: true });
    return copy;
  }
}

describe.each(dialects)('two copies of one identity (%s)', (database) => {
  let stage: Stage;
  let counter: RunCounter;
  const copies: Copy[] = [];

  beforeAll(async () => {
    stage = await Stage.open({ database });
    counter = new RunCounter(join(stage.folder, 'starts'));
  });
  afterAll(async () => {
    for (const { daemon } of copies) await daemon.stop();
    await stage.close();
  });

  async function copyOf(agent: StageAgent, options: { name: string; told: boolean }): Promise<Copy> {
    const copy = await Copy.of(agent, options);
    copies.push(copy);
    return copy;
  }

  const worker = ({ name }: StageAgent): Promise<WorkerView> => stage.rest.get(`/workers/${name}`);

  async function locked(agent: StageAgent, why: RegExp): Promise<void> {
    await until(`the identity of ${agent.name} is locked`, async () => (await worker(agent)).locked !== '');
    expect((await worker(agent)).locked).toMatch(why);
    await until('both sessions have ended', async () => !(await worker(agent)).connected);
  }

  async function unlock(agent: StageAgent): Promise<void> {
    const { code, stdout } = await stage.longshore(['worker', 'unlock', agent.name]);
    expect([code, stdout.toString()]).toEqual([
      0,
      expect.stringContaining('the copy that connects first goes on'),
    ]);
  }

  /** A script under way, which ends once it may; `real` checks its end, once the right copy is let in. */
  async function underWay(agent: StageAgent, name: string) {
    const file = join(stage.folder, `${agent.name}-${name}`);
    const waits = `until [ -e ${file}.go ]; do sleep 0.05; done; touch ${file}.ended`;
    const lines = numberedLines(LINES).replace(/\nexit/, `\n${waits}\nexit`);
    const { id } = await stage.rest.script(counter.counted(`${agent.name}-${name}`, lines), {
      workers: [agent.name],
    });
    await stage.rest.outputHas(id, 'o 0000000010 ');
    return {
      id,
      /** Whoever is locked out: it runs to its end on its machine. */
      async ends(): Promise<void> {
        writeFileSync(`${file}.go`, '');
        await until('the script has run to its end', () => existsSync(`${file}.ended`));
        expect(counter.starts(`${agent.name}-${name}`)).toBe(1);
      },
      async real(): Promise<void> {
        const { attempt } = await stage.rest.ended(id, { timeoutMs: 60_000 });
        expect(attempt.outcome).toEqual({ kind: 'exited', code: LINES.exitCode });
        const output = (stream: string) =>
          stage.rest.bytes(`/attempts/${attempt.id}/output?stream=${stream}`);
        checkLog({ stdout: await output('stdout'), stderr: await output('stderr') }, LINES);
        expect(await stage.rest.attempts(id)).toHaveLength(1);
      },
    };
  }

  async function restart({ daemon }: { daemon: Daemon }): Promise<void> {
    await daemon.stop();
    daemon.start();
  }

  async function works(agent: StageAgent): Promise<void> {
    await until(`${agent.name} is back`, async () => {
      const { connected, health } = await worker(agent);
      return connected && ['healthy', 'hasWarnings'].includes(health);
    });
    const { id } = await stage.rest.script('echo works', { workers: [agent.name] });
    expect((await stage.rest.ended(id)).task.state).toBe('success');
  }

  async function turnedAway(copy: Copy, agent: StageAgent): Promise<void> {
    const before = copy.daemon.log().length;
    await restart(copy);
    await until('the other copy is turned away', () =>
      copy.daemon.log().slice(before).includes('goes on by an operator'),
    );
    expect(await worker(agent)).toMatchObject({ locked: '', connected: true });
  }

  /** Beside the original; a listening one can only take its place. */
  async function startBeside(copy: Copy, agent: StageAgent): Promise<void> {
    if (agent.mode === 'listening') await agent.daemon.stop();
    copy.daemon.start();
  }

  const STORIES: Record<string, (agent: StageAgent, round: number) => Promise<void>> = {
    'a copy of the folder comes while the original runs a script; the original goes on': async (
      agent,
      round,
    ) => {
      const script = await underWay(agent, `original-${round}`);
      const copy = await copyOf(agent, { name: `copy-${round}`, told: true });
      await startBeside(copy, agent);
      await locked(agent, /copied or moved/);
      await script.ends();
      await copy.daemon.stop();
      await agent.daemon.stop();
      await unlock(agent);
      agent.daemon.start();
      await works(agent);
      await script.real();
      if (agent.mode === 'polling') await turnedAway(copy, agent);
      await copy.daemon.stop();
    },

    [HEIR]: async (agent, round) => {
      const script = await underWay(agent, `left-${round}`);
      const copy = await copyOf(agent, { name: `heir-${round}`, told: true });
      await startBeside(copy, agent);
      await locked(agent, /copied or moved/);
      await agent.daemon.stop();
      await copy.daemon.stop();
      await unlock(agent);
      copy.daemon.start();
      await works(agent);
      const { attempt } = await stage.rest.ended(script.id);
      expect(attempt.outcome).toEqual({ kind: 'interrupted', detail: expect.stringContaining('is a copy') });
      const was = { id: script.id, bytes: await stage.rest.bytes(`/attempts/${attempt.id}/output`) };
      if (agent.mode === 'polling') {
        const before = agent.daemon.log().length;
        agent.daemon.start();
        await until('the original is turned away', () =>
          agent.daemon.log().slice(before).includes('goes on by an operator'),
        );
        await agent.daemon.stop();
      }
      await script.ends();
      expect(await stage.rest.bytes(`/attempts/${attempt.id}/output`)).toEqual(was.bytes);
      await copy.daemon.stop();
      await rm(copy.dataDir, { recursive: true, force: true });
    },

    'a cloned machine comes while the original runs a script': async (agent, round) => {
      const script = await underWay(agent, `cloned-${round}`);
      const clone = await copyOf(agent, { name: `clone-${round}`, told: false });
      await startBeside(clone, agent);
      if (agent.mode === 'listening') {
        // Alone it can't be told from the original: that one comes second.
        await until('the clone is let in', async () => (await worker(agent)).connected);
        await clone.daemon.stop();
        agent.daemon.start();
        await locked(agent, /session ticket/);
      } else await locked(agent, /two copies of this agent are running/);
      await script.ends();
      await clone.daemon.stop();
      await agent.daemon.stop();
      await unlock(agent);
      agent.daemon.start();
      await works(agent);
      if (agent.mode === 'polling') await script.real();
    },

    'a disk is restored: its ticket is an older one': async (agent, round) => {
      await agent.daemon.stop();
      const restored = await copyOf(agent, { name: `restored-${round}`, told: false });
      agent.daemon.start();
      await works(agent);
      const script = await underWay(agent, `restored-${round}`);
      await agent.daemon.stop();
      restored.daemon.start();
      await locked(agent, /session ticket/);
      await script.ends();
      await restored.daemon.stop();
      await unlock(agent);
      agent.daemon.start();
      await works(agent);
      await script.real();
    },
  };

  test.each(AGENT_MODES)('are found out, and settled by an operator’s word (%s)', async (mode) => {
    // Side by side: most of each is waiting.
    const agents = await Promise.all(Object.keys(STORIES).map(() => stage.addAgent(mode)));
    const told = Object.entries(STORIES).map(async ([name, story], i) => {
      try {
        for (let round = 0; round < (name === HEIR ? 1 : rounds); round++) await story(agents[i]!, round);
      } finally {
        await agents[i]!.daemon.stop();
      }
    });
    const results = await Promise.allSettled(told);
    const wrong = results.flatMap((result, i) =>
      result.status === 'rejected' ? [`${Object.keys(STORIES)[i]}: ${String(result.reason)}`] : [],
    );
    expect(wrong).toEqual([]);
  });

  test('both copies come at the very same moment, again and again', async () => {
    const agent = await stage.addAgent('polling');
    for (let race = 0; race < races; race++) {
      await agent.daemon.stop();
      const clone = await copyOf(agent, { name: `race-${race}`, told: false });
      agent.daemon.start();
      clone.daemon.start();
      await locked(agent, /two copies of this agent are running|session ticket/);
      await clone.daemon.stop();
      await agent.daemon.stop();
      await unlock(agent);
      agent.daemon.start();
      await works(agent);
      const script = await stage.rest.script(counter.counted(`race-${race}`, 'true'), {
        workers: [agent.name],
      });
      await stage.rest.ended(script.id);
    }
    counter.expectEachOnce(Array.from({ length: races }, (_, race) => `race-${race}`));
    await agent.daemon.stop();
  });

  test('a second agent on the same data directory does not start', async () => {
    const agent = await stage.addAgent('polling');
    const args = ['run', '--data-dir', agent.dataDir];
    const second = new Daemon('agent', { args, logFile: join(stage.folder, 'second.log') });
    second.start();
    await until('it ends', () => !second.running);
    expect(second.log()).toContain(`process ${agent.daemon.pid} holds`);
    await works(agent);
    expect((await worker(agent)).locked).toBe('');
  });
});
