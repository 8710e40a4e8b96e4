/** A new version of the agent takes over while scripts run: none of them notices, and the old version's host ends with its last one. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { builtVersion, packageOf, writePackage } from '../support/agent-packages.ts';
import { faultNumbers } from '../support/faults.ts';
import { checkLog, numberedLines } from '../support/log-oracle.ts';
import { inEachMode } from '../support/matrix.ts';
import { hostsIn } from '../support/proc.ts';
import { RunCounter } from '../support/run-counter.ts';
import { POOL, Stage } from '../support/stage.ts';
import type { StageAgent } from '../support/stage-agent.ts';
import { until } from '../support/until.ts';

interface WorkerBody {
  version: string;
  connected: boolean;
  upgrading: string;
}

const numbers = faultNumbers({ short: { lines: 3_000, rate: 300 }, full: { lines: 20_000, rate: 300 } });
const NEW = '9.1.0-test';

inEachMode('an upgrade', (mode) => {
  let stage: Stage;
  let agent: StageAgent;
  beforeAll(async () => {
    stage = await Stage.open();
    agent = await stage.addAgent(mode);
  }, 60_000);
  afterAll(() => stage.close(), 60_000);

  const worker = (): Promise<WorkerBody> => stage.rest.get<WorkerBody>(`/workers/${agent.name}`);
  const longshore = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await stage.longshore(args);
    if (code !== 0)
      throw new Error(
        `longshore ${args.join(' ')} ended with ${String(code)}: ${stderr}\n${stdout.toString()}`,
      );
    return stdout.toString();
  };
  const hostVersions = (): number => hostsIn(agent.dataDir).length;

  test('while 5 scripts run', async () => {
    const counter = new RunCounter(join(stage.folder, 'starts'));
    const gate = join(stage.folder, 'go-on');
    const wanted = { lines: numbers.lines, linesPerSecond: numbers.rate, exitCode: 7 };
    const tasks = await Promise.all(
      Array.from({ length: 5 }, (_, n) =>
        stage.rest.script(
          counter.counted(
            `script-${n}`,
            numberedLines(wanted).replace('exit 7', `until [ -e ${gate} ]; do sleep 0.05; done\nexit 7`),
          ),
          { pool: POOL },
        ),
      ),
    );
    for (const { id } of tasks) await stage.rest.outputHas(id, 'o 0000000100');
    const { pid } = agent.daemon;
    const oldHost = agent.hostPid;
    expect((await worker()).version).toBe(builtVersion());

    await longshore('agent-package', 'add', writePackage(stage.folder, packageOf(NEW)));
    await longshore('worker', 'upgrade', agent.name, '--yes');

    expect(await worker()).toMatchObject({ version: NEW, connected: true, upgrading: '' });
    agent.daemon.mustRun();
    expect(agent.daemon.pid).toBe(pid);
    expect(hostVersions()).toBe(2);
    // New scripts go to the new version's host, beside those of the old one.
    const { attempt: quick } = await stage.rest.ended(
      (await stage.rest.script('echo new', { pool: POOL })).id,
    );
    expect(quick.outcome).toEqual({ kind: 'exited', code: 0 });
    for (const { id } of tasks) expect((await stage.rest.task(id)).state).toBe('executing');

    writeFileSync(gate, '');
    for (const { id } of tasks) {
      const { attempt } = await stage.rest.ended(id, { timeoutMs: 90_000 });
      expect(attempt.outcome).toEqual({ kind: 'exited', code: 7 });
      const output = (stream: string): Promise<Buffer> =>
        stage.rest.bytes(`/attempts/${attempt.id}/output?stream=${stream}`);
      checkLog({ stdout: await output('stdout'), stderr: await output('stderr') }, wanted);
    }
    counter.expectEachOnce();
    await until('the old version’s host has ended', () => hostVersions() === 1);
    expect(agent.hostPid).not.toBe(oldHost);
    expect(readdirSync(join(agent.dataDir, 'versions')).filter((name) => name.startsWith('9.'))).toEqual([
      NEW,
    ]);
    expect(existsSync(join(agent.dataDir, 'packages'))).toBe(false);
  }, 120_000);

  test('a link that is killed comes back as the new version, and so does one that is stopped', async () => {
    await agent.daemon.kill();
    agent.daemon.start();
    await agent.connected(stage);
    expect((await worker()).version).toBe(NEW);
    await agent.daemon.stop();
    agent.daemon.start();
    await agent.connected(stage);
    expect((await worker()).version).toBe(NEW);
  }, 60_000);

  describe('is refused', () => {
    test.each([
      ['to the version that it runs', [NEW], /runs version 9\.1\.0-test already/],
      [
        'to a version that is not there',
        ['0.0.1'],
        /no agent package of version "0\.0\.1"; there are: 9\.1\.0-test/,
      ],
    ])('%s', async (_, [version = ''], why) => {
      const { code, stderr } = await stage.longshore([
        'worker',
        'upgrade',
        agent.name,
        '--to',
        version,
        '--yes',
      ]);
      expect(code).not.toBe(0);
      expect(stderr).toMatch(why);
    });
    test('to a package for other machines', async () => {
      const arch = process.arch === 'x64' ? 'arm64' : 'x64';
      const bytes = packageOf('9.1.1', { manifest: { arch } });
      await longshore('agent-package', 'add', writePackage(stage.folder, bytes));
      const ran = await stage.longshore(['worker', 'upgrade', agent.name, '--to', '9.1.1', '--yes']);
      expect(ran.code).not.toBe(0);
      expect(ran.stderr).toMatch(
        new RegExp(`its machine is linux ${process.arch}, .* for linux ${arch} only`),
      );
    });

    test.each([
      ['that is cut off', (bytes: Buffer) => bytes.subarray(0, bytes.length - 1000)],
      [
        'with a changed byte',
        (bytes: Buffer) => Buffer.from(bytes.map((b, i) => (i === bytes.length >> 1 ? b ^ 1 : b))),
      ],
    ])('a package %s, by the server', async (_, damage) => {
      const file = writePackage(stage.folder, damage(packageOf('9.1.2')));
      const ran = await stage.longshore(['agent-package', 'add', file]);
      expect(ran.code).not.toBe(0);
      expect(ran.stderr).toMatch(/the agent package can't be used/);
      expect(await longshore('agent-package', 'list')).not.toContain('9.1.2');
    });
  });
});
