/**
 * An agent's link process that is asked to stop does so, whatever it waits for
 * or holds at that moment; scripts go on, and its next life takes them up.
 */
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { expectNoLeaks } from '../support/leak-check.ts';
import { inEachMode } from '../support/matrix.ts';
import { isAlive } from '../support/proc.ts';
import { startProgram } from '../support/program.ts';
import { RunCounter } from '../support/run-counter.ts';
import type { StageAgent } from '../support/stage-agent.ts';
import { Stage } from '../support/stage.ts';
import { linkOf } from '../support/upgraded-agent.ts';
import { until } from '../support/until.ts';

/** Far above what the socket to a script host takes before somebody reads it. */
const LONG_SCRIPT_BYTES = 800_000;
/** What its parts may take together (the agent's limits), and some. */
const STOPS_WITHIN_MS = 9_000;

inEachMode('an agent that is asked to stop', (mode) => {
  let stage: Stage;
  let agent: StageAgent;
  let counter: RunCounter;

  beforeAll(async () => {
    stage = await Stage.open();
    agent = await stage.addAgent(mode);
    counter = new RunCounter(join(stage.folder, 'runs'));
  }, 60_000);
  afterAll(() => stage.close(), 60_000);

  async function expectStops(): Promise<void> {
    expect(await agent.daemon.stop({ withinMs: STOPS_WITHIN_MS })).toBe(true);
  }

  async function expectWorks(): Promise<void> {
    if (!agent.daemon.running) agent.daemon.start();
    await agent.connected(stage);
    const { attempt } = await stage.rest.ended(
      (await stage.rest.script('exit 4', { workers: [agent.name] })).id,
    );
    expect(attempt.outcome).toEqual({ kind: 'exited', code: 4 });
  }

  test('while it waits for a script host that does not answer', async () => {
    const { hostPid } = agent;
    await agent.daemon.kill();
    process.kill(hostPid, 'SIGSTOP');
    try {
      agent.daemon.start();
      await until('it runs', () => linkOf(agent.dataDir).pid === agent.daemon.pid);
      await expectStops();
    } finally {
      process.kill(hostPid, 'SIGCONT');
    }
    await expectWorks();
  }, 90_000);

  test('by itself, with an error, where no script host can be had: its service starts it again', async () => {
    const { hostPid } = agent;
    await agent.daemon.kill();
    process.kill(hostPid, 'SIGKILL');
    await until('its host is gone', () => !isAlive(hostPid));
    // A host that a service of its own starts is not launched by the link; and there is no such service.
    const args = ['run', '--data-dir', agent.dataDir, '--script-host', 'service', '--log-format', 'json'];
    const link = startProgram('agent', args);
    try {
      const ended = await Promise.race([link.ended, sleep(30_000, undefined, { ref: false })]);
      expect(ended?.code).toBe(1);
      expect(ended?.stderr).toContain('no script host answered within');
    } finally {
      link.child.kill('SIGKILL');
      await link.ended;
    }
    await expectWorks();
  }, 90_000);

  test('while its script host reads nothing of what was sent to it: the script runs once, later', async () => {
    const { hostPid } = agent;
    process.kill(hostPid, 'SIGSTOP');
    let id: string;
    try {
      const long = `${counter.counted('long', 'exit 23')}\n# ${'x'.repeat(LONG_SCRIPT_BYTES)}`;
      ({ id } = await stage.rest.script(long, { workers: [agent.name] }));
      await until('it is handed over', () => readdirSync(join(agent.dataDir, 'attempts')).length > 0);
      await expectStops();
    } finally {
      process.kill(hostPid, 'SIGCONT');
    }
    agent.daemon.start();
    const { attempt } = await stage.rest.ended(id);
    expect(attempt.outcome).toEqual({ kind: 'exited', code: 23 });
    counter.expectEachOnce();
    await expectWorks();
  }, 90_000);

  test('while its server stands still', async () => {
    process.kill(stage.server.pid, 'SIGSTOP');
    try {
      await expectStops();
    } finally {
      process.kill(stage.server.pid, 'SIGCONT');
    }
    await expectWorks();
  }, 90_000);

  if (mode === 'listening') {
    test('while somebody holds a connection to its port and says nothing', async () => {
      const silent = connect(agent.port, '127.0.0.1');
      silent.on('error', () => undefined);
      await new Promise((resolve) => silent.once('connect', resolve));
      await expectStops();
      silent.destroy();
      await expectWorks();
      await expectNoLeaks(stage);
    }, 90_000);
  }
});
