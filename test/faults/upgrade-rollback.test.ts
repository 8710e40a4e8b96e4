/** A version of the agent that does not work is not taken over, or is rolled back within 60 s; scripts don't notice, and the worker serves on. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';

import { builtVersion, packageOf, writePackage, type PackageChange } from '../support/agent-packages.ts';
import {
  CRASHES_AS_LINK,
  CRASHES_AT_LOAD,
  FAILS_ITS_SELF_TEST,
  HANGS_AS_LINK,
  NEVER_CONNECTS,
} from '../support/broken-versions.ts';
import { faultNumbers } from '../support/faults.ts';
import { inEachMode } from '../support/matrix.ts';
import { POOL, Stage } from '../support/stage.ts';
import type { StageAgent } from '../support/stage-agent.ts';
import { endLink, linkOf } from '../support/upgraded-agent.ts';
import { until } from '../support/until.ts';

/** The bound. */
const ROLLED_BACK_WITHIN_MS = 60_000;

/** In the short form a listening agent is tried with what is different for it: its sessions. */
const { confirmWithin, all } = faultNumbers({
  short: { confirmWithin: '4s', all: false },
  full: { confirmWithin: '30s', all: true },
});

inEachMode('a version that does not work', (mode) => {
  let stage: Stage;
  let agent: StageAgent;
  let gate = 0;
  beforeAll(async () => {
    stage = await Stage.open();
    agent = await stage.addAgent(mode);
  }, 60_000);
  afterEach(async () => {
    // A link that the guard had to start is nobody's child here: the next story begins with one of ours.
    if (agent.daemon.running) return;
    await endLink(agent.dataDir);
    agent.daemon.start();
    await agent.connected(stage);
  }, 60_000);
  afterAll(() => stage.close(), 60_000);

  /** Asks for an upgrade to such a version while a script runs. @returns what the operator reads */
  async function tried(version: string, change: PackageChange): Promise<{ said: string; tookMs: number }> {
    const file = join(stage.folder, `go-${(gate += 1)}`);
    const script = await stage.rest.script(`echo began; until [ -e ${file} ]; do sleep 0.05; done; exit 5`, {
      pool: POOL,
    });
    await stage.rest.outputHas(script.id, 'began\n');
    await stage.longshore(['agent-package', 'add', writePackage(stage.folder, packageOf(version, change))]);
    const began = performance.now();
    const ran = await stage.longshore([
      ...['worker', 'upgrade', agent.name, '--to', version, '--yes', '--confirm-within', confirmWithin],
    ]);
    const tookMs = performance.now() - began;
    expect(ran.code).not.toBe(0);
    await until(
      'the worker is back',
      async () => {
        const worker = await stage.rest.get<{ version: string; connected: boolean }>(
          `/workers/${agent.name}`,
        );
        return worker.connected && worker.version === builtVersion();
      },
      { timeoutMs: 60_000 },
    );
    // The script was not disturbed, and the worker takes new ones.
    const { attempt: next } = await stage.rest.ended((await stage.rest.script('exit 6', { pool: POOL })).id);
    expect(next.outcome).toEqual({ kind: 'exited', code: 6 });
    expect((await stage.rest.task(script.id)).state).toBe('executing');
    await stage.rest.script(`touch ${file}`, { pool: POOL });
    const { attempt } = await stage.rest.ended(script.id);
    expect(attempt.outcome).toEqual({ kind: 'exited', code: 5 });
    return { said: ran.stdout.toString() + ran.stderr, tookMs };
  }

  const wanted = <T extends { what: string }>(stories: T[]): T[] =>
    stories.filter(({ what }) => all || mode === 'polling' || what === 'never connects');

  const untried = wanted([
    {
      what: 'crashes at load',
      change: { before: CRASHES_AT_LOAD },
      why: /failed its self-test.*ended with 1/,
    },
    {
      what: 'fails its self-test',
      change: { before: FAILS_ITS_SELF_TEST },
      why: /failed its self-test.*ended with 3/,
    },
    {
      what: 'has a native part that does not load',
      change: { edit: breakAddon },
      why: /failed its self-test/,
    },
    { what: 'needs a newer Node', change: { manifest: { minNode: '99.0.0' } }, why: /needs Node 99\.0\.0/ },
    {
      what: 'writes what this version could not read',
      change: { manifest: { dataFormat: 2 } },
      why: /there would be no way back/,
    },
  ]);
  for (const [n, { what, change, why }] of untried.entries()) {
    test(`is not tried: it ${what}`, async () => {
      const { pid } = agent.daemon;
      const { said } = await tried(`9.2.${n}`, change);
      expect(said.replaceAll('\n', ' ')).toMatch(why);
      agent.daemon.mustRun();
      expect(linkOf(agent.dataDir)).toEqual({ pid, version: builtVersion() });
    }, 60_000);
  }

  const rolledBack = wanted([
    { what: 'crashes', before: CRASHES_AS_LINK, why: /its link ended/ },
    { what: 'hangs', before: HANGS_AS_LINK, why: /no session with a server within/ },
    { what: 'never connects', before: NEVER_CONNECTS, why: /no session with a server within/ },
  ]);
  for (const [n, { what, before, why }] of rolledBack.entries()) {
    test(`is rolled back: it ${what}`, async () => {
      const { said, tookMs } = await tried(`9.3.${n}`, { before });
      expect(said).toMatch(why);
      expect(said).toMatch(/rolled back/);
      expect(tookMs).toBeLessThan(ROLLED_BACK_WITHIN_MS);
      expect(existsSync(join(agent.dataDir, 'versions', 'trial.json'))).toBe(false);
      expect(linkOf(agent.dataDir).version).toBe(builtVersion());
    }, 120_000);
  }
});

function breakAddon(contents: Map<string, Buffer>): void {
  const addon = [...contents.keys()].find((path) => path.endsWith('pty.node'));
  if (addon === undefined) throw new Error('the package holds no native part');
  contents.set(addon, Buffer.from('not a library'));
}
