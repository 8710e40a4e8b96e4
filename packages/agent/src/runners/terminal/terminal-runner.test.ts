import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { systemClock } from '@longshore/base';

import type { Run, RunExit, RunRequest } from '../../contract/runner.ts';
import { factsOf, isDead } from '../../machine/processes.ts';
import { TerminalRunner } from './terminal-runner.ts';

/** `LONGSHORE_PTY_RUNS=1000` for the whole test. */
const RUNS = Number(process.env['LONGSHORE_PTY_RUNS'] ?? 200);

let cwd = '';
const runner = new TerminalRunner({ clock: systemClock, groups: null });

beforeAll(() => void (cwd = mkdtempSync(join(tmpdir(), 'longshore-terminal-'))));
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

function request(script: string, over: Partial<RunRequest> = {}): RunRequest {
  return {
    attemptId: 'a1',
    argv: ['/bin/sh', '-c', script],
    cwd,
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
    runAs: '',
    terminal: { columns: 100, rows: 30 },
    maxProcesses: 0,
    ...over,
  };
}

/** A running script, and what came of it so far. */
async function start(
  script: string,
  over: Partial<RunRequest> = {},
): Promise<{ run: Run; seen: () => string; until: (text: string) => Promise<void> }> {
  let text = '';
  let wake: () => void = () => undefined;
  const run = await runner.start(request(script, over), (_, bytes) => {
    text += bytes.toString('latin1');
    wake();
    return true;
  });
  const until = async (wanted: string): Promise<void> => {
    while (!text.includes(wanted)) await new Promise<void>((resolve) => (wake = resolve));
  };
  return { run, seen: () => text, until };
}

async function runToEnd(
  script: string,
  over: Partial<RunRequest> = {},
): Promise<{ text: string; exit: RunExit }> {
  const { run, seen } = await start(script, over);
  const exit = await run.exited;
  return { text: seen(), exit };
}

describe('a terminal', () => {
  test(`${RUNS} commands of 1 B to 1 MB lose nothing, and say their exit code`, async () => {
    const wrong: string[] = [];
    for (let i = 0; i < RUNS; i += 4) {
      await Promise.all(
        [0, 1, 2, 3].map(async (k) => {
          // From 1 B to 1 MB, evenly over the powers; every fifth by one fast command, without a shell's own time.
          const size = Math.round(10 ** ((6 * ((i + k) % 41)) / 40));
          const code = (i + k) % 200;
          let length = 0;
          const seen = { clean: true };
          const script = `head -c ${size} /dev/zero | tr '\\0' x; exit ${code}`;
          const fast = `exec printf %s ${'x'.repeat(size)}`;
          const useFast = (i + k) % 5 === 0 && size < 100_000;
          const run = await runner.start(request(useFast ? fast : script), (_, bytes) => {
            length += bytes.length;
            seen.clean &&= bytes.every((byte) => byte === 0x78);
            return true;
          });
          const exit = await run.exited;
          const right = exit.kind === 'exited' && exit.code === (useFast ? 0 : code);
          if (length !== size || !seen.clean || !right)
            wrong.push(`${size} B: ${length} B, ${JSON.stringify(exit)}`);
        }),
      );
    }
    expect(wrong).toEqual([]);
  }, 120_000);

  test('every byte comes as the terminal emits it', async () => {
    const script = String.raw`stty -opost; i=0; while [ $i -lt 256 ]; do printf "\\$(printf %03o $i)"; i=$((i+1)); done`;
    const { text } = await runToEnd(script);
    expect(Buffer.from(text, 'latin1')).toEqual(Buffer.from(Array.from({ length: 256 }, (_, i) => i)));
  });

  test('it is a terminal of the size asked for, and of a new size when told', async () => {
    const { run, seen, until } = await start(
      `test -t 0 -a -t 1 -a -t 2 && stty size; trap 'stty size; exit' WINCH; echo ready; while :; do sleep 0.01; done`,
    );
    await until('ready');
    run.resize?.(44, 11);
    expect(await run.exited).toEqual({ kind: 'exited', code: 0 });
    expect(seen()).toBe('30 100\r\nready\r\n11 44\r\n');
  });

  test('input reaches it, and Ctrl-C interrupts it', async () => {
    const { run, seen, until } = await start(`read line; echo "got $line"; exec sleep 60`);
    run.write?.(Buffer.from('some words\n'));
    await until('got some words');
    run.write?.(Buffer.from('\x03'));
    expect(await run.exited).toEqual({ kind: 'signalled', name: 'SIGINT' });
    expect(seen()).toContain('some words\r\ngot some words\r\n^C');
  });

  test('more input than the terminal holds waits until it is read', async () => {
    const line = `${'y'.repeat(99)}\n`;
    const { run, seen, until } = await start(`stty -echo; echo ready; sleep 0.2; head -c 100000 | wc -c`);
    await until('ready');
    run.write?.(Buffer.from(line.repeat(1000)));
    await run.exited;
    expect(seen()).toMatch(/ready\r\n\s*100000\r\n$/);
  });

  test('terminate, and what a signal did', async () => {
    const { run, until } = await start(
      `trap 'echo bye; exit 3' TERM; echo ready; while :; do sleep 0.01; done`,
    );
    await until('ready');
    run.terminate();
    expect(await run.exited).toEqual({ kind: 'exited', code: 3 });
    expect((await runToEnd('kill -9 $$')).exit).toEqual({ kind: 'signalled', name: 'SIGKILL' });
  });

  test('killAll ends also what left the session', async () => {
    const { run, until, seen } = await start(
      `setsid sh -c 'echo "pid $$."; exec sleep 60' & trap '' TERM HUP; sleep 60; sleep 60`,
      {
        env: { PATH: process.env['PATH'] ?? '', LONGSHORE_ATTEMPT_ID: 'a1', LONGSHORE_ATTEMPT: 'a1' },
      },
    );
    await until('.');
    await run.killAll();
    expect((await run.exited).kind).toBe('signalled');
    const pid = Number(/pid (\d+)/.exec(seen())?.[1]);
    const facts = factsOf(pid);
    expect(facts === null || isDead(facts)).toBe(true);
  });

  test('an orphan that holds the terminal delays nothing', async () => {
    const { exit, text } = await runToEnd(`trap '' HUP; (while :; do echo x; done) & echo $!. ; exit 4`);
    expect(exit).toEqual({ kind: 'exited', code: 4 });
    process.kill(Number(/(\d+)\./.exec(text)?.[1]), 'SIGKILL');
  });

  test('the host may ask for a pause, also at the end, and loses nothing', async () => {
    let length = 0;
    const pauses: (() => void)[] = [];
    const run = await runner.start(request(`head -c 300000 /dev/zero | tr '\\0' x`), (_, bytes) => {
      length += bytes.length;
      pauses.push(() => run.resume());
      return false;
    });
    const { exited } = run;
    let over = false;
    void exited.then(() => (over = true));
    const isOver = (): boolean => over;
    while (!isOver()) {
      await new Promise((resolve) => setImmediate(resolve));
      pauses.shift()?.();
    }
    expect(length).toBe(300_000);
    expect(await exited).toEqual({ kind: 'exited', code: 0 });
  });

  test.each([
    ['a program that is not there', { argv: ['/no/such/program'] }],
    ['a folder that is not there', { cwd: '/no/such/folder' }],
  ])('%s is said, and nothing starts', async (_, over) => {
    await expect(runner.start(request('true', over), () => true)).rejects.toMatchObject({
      code: 'unavailable',
    });
  });
});
