/** The script host as a real process, seen from the link's side. Time-outs are generous: the waits end with their condition. */
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';

import { createLogger, systemClock, type LogFields } from '@longshore/base';
import { readHostRecords } from '@longshore/agent/contract/host-record';
import { AGENT_VERSION } from '@longshore/agent/contract/version';
import { hostCommand, launchHost } from '@longshore/agent/hostlink/launch';
import { stopHosts } from '@longshore/agent/hostlink/stop';
import { isEmptyCgroup, makeCgroup, ownCgroups, removeCgroup } from '@longshore/agent/machine/cgroups';
import { Interpreter, Isolation_Mode, Phase } from '@longshore/protocol/gen/longshore/link/v1/attempt';

import { HostHarness, type Laid, LinkSide, lives, until } from './host-harness.ts';

jest.setTimeout(60_000);

/** Everything about processes is proven only where the machine lets us make a cgroup. */
const withCgroups = canMakeCgroups();

let host: HostHarness;
beforeAll(async () => {
  host = await HostHarness.start();
});
afterAll(async () => {
  await host[Symbol.asyncDispose]();
});

describe('how a script ends', () => {
  test.each([0, 1, 3, 126, 255])('exit code %i', async (code) => {
    const laid = await host.run(`echo out; echo err >&2; exit ${code}`);
    expect(laid.outcome.outcome).toEqual({ kind: 'exited', code });
    expect(laid.spool()).toEqual({ stdout: Buffer.from('out\n'), stderr: Buffer.from('err\n') });
    expect(laid.outcome.bestEffortCleanup).toBe(false);
  });

  test.each(['SIGKILL', 'SIGSEGV', 'SIGTERM'])('killed by %s', async (name) => {
    const laid = await host.run(`kill -${name.slice(3)} $$; sleep 60`);
    expect(laid.outcome.outcome).toEqual({ kind: 'signalled', name });
  });

  test('a process that can’t be made is refused, and says why', async () => {
    const laid = await host.run('true', { runAs: 'nobody-has-this-name' });
    expect(laid.outcome.outcome).toMatchObject({
      kind: 'refused',
      detail: expect.stringContaining('nobody-has-this-name'),
    });
  });

  test('the same attempt sent again does not start again', async () => {
    const laid = await host.run('echo once');
    host.link.port.start({ attemptId: laid.id, workspace: laid.paths.root, spec: laid.spec });
    const after = await host.run('true');
    expect(after.outcome.outcome).toEqual({ kind: 'exited', code: 0 });
    expect(laid.spool().stdout.toString()).toBe('once\n');
  });

  test('nothing of the host’s environment, and the variables in no place that others see', async () => {
    const laid = await host.run('env; tr "\\0" " " < /proc/$$/cmdline; ls -ld "$LONGSHORE_VARIABLES"', {
      environment: { MINE: 'here' },
      variables: [{ name: 'Password', value: 'correct-horse-battery', sensitive: true }],
    });
    const shown = laid.spool().stdout.toString();
    expect(shown).toContain('MINE=here');
    expect(shown).toContain('-rw-------');
    expect(shown).not.toContain('NODE_');
    expect(shown).not.toContain('JEST');
    expect(shown).not.toContain('correct-horse-battery');
    const [, file = ''] = /LONGSHORE_VARIABLES=(.*)/.exec(shown) ?? [];
    expect(file).not.toBe('');
    expect(existsSync(file)).toBe(false);
  });
});

describe('output', () => {
  test('all 256 bytes, invalid UTF-8, no newline at the end', async () => {
    const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const body = `import sys\nb = bytes(range(256))\nsys.stdout.buffer.write(b * 3 + b'\\xff\\xfe\\xc3(' )\nsys.stderr.buffer.write(b'no newline')`;
    const laid = await host.run(body, { interpreter: Interpreter.PYTHON });
    expect(laid.spool().stdout).toEqual(
      Buffer.concat([all, all, all, Buffer.from([0xff, 0xfe, 0xc3, 0x28])]),
    );
    expect(laid.spool().stderr.toString()).toBe('no newline');
  });

  test('both streams mixed: each in order', async () => {
    const laid = await host.run('for i in $(seq 2000); do echo "o$i"; echo "e$i" >&2; done');
    const expected = (prefix: string): string =>
      Array.from({ length: 2000 }, (_, i) => `${prefix}${i + 1}\n`).join('');
    expect(laid.spool().stdout.toString()).toBe(expected('o'));
    expect(laid.spool().stderr.toString()).toBe(expected('e'));
  });

  test('a single line of 100 MB, exact, in little memory', async () => {
    await host.run('head -c 20000000 /dev/zero'); // warm
    const before = host.rssBytes();
    const laid = await host.run('head -c 100000000 /dev/zero | tr "\\0" x');
    expect(host.rssBytes() - before).toBeLessThan(64 * 1024 ** 2);
    const { stdout } = laid.spool();
    expect(stdout.length).toBe(100_000_000);
    expect(createHash('sha256').update(stdout).digest('hex')).toBe(
      createHash('sha256').update(Buffer.alloc(100_000_000, 'x')).digest('hex'),
    );
    expect(laid.segments()).toBeGreaterThan(20);
  });

  test('a secret is masked, a service message becomes an event', async () => {
    const laid = await host.run('printf "a hunter2-secret b\\n"; set_variable Answer 42; echo after', {
      variables: [{ name: 's', value: 'hunter2-secret', sensitive: true }],
    });
    expect(laid.spool().stdout.toString()).toBe('a ******** b\nafter\n');
    expect(laid.events().map(({ n, kind }) => [n, kind])).toEqual([
      [1, { $case: 'setVariable', value: { name: 'Answer', value: '42', sensitive: false } }],
    ]);
  });

  test('what a process substitution writes after the script’s end is not lost', async () => {
    const laid = await host.run('exec > >(sleep 0.05; cat); echo through');
    expect(laid.spool().stdout.toString()).toBe('through\n');
  });

  test('an orphan that holds the pipe does not hold the attempt', async () => {
    const started = performance.now();
    const laid = await host.run('echo before; setsid sleep 40 & echo $! > pid; exit 4');
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(laid.outcome.outcome).toEqual({ kind: 'exited', code: 4 });
    expect(laid.spool().stdout.toString()).toBe('before\n');
    expect(laid.notes().join()).toContain('still run');
    process.kill(Number(readFileSync(join(laid.paths.work, 'pid'), 'utf8')), 'SIGKILL');
  });

  test('at its quota the script waits, and says so when it begins and ends', async () => {
    const quota = 9 * 1024 ** 2;
    const laid = host.start('head -c 20000000 /dev/zero; echo done >&2', { outputQuotaBytes: quota });
    await until(
      'the quota is reached',
      () => laid.notes().length === 1 && host.link.states.get(laid.id)?.eventCount === 1,
    );
    const { outputLength } = host.link.states.get(laid.id)!;
    expect(laid.notes()[0]).toContain('quota');
    expect(outputLength).toBeGreaterThanOrEqual(quota);
    expect(outputLength).toBeLessThan(quota + 2 * 1024 ** 2);
    expect(host.link.states.get(laid.id)!.ended).toBe(false);
    // As the server fetches, the script goes on.
    const acknowledge = setInterval(
      () => host.link.port.acknowledged(laid.id, host.link.states.get(laid.id)!.outputLength),
      5,
    );
    await host.ended(laid).finally(() => clearInterval(acknowledge));
    expect(laid.outcome.outputLength).toBeGreaterThan(20_000_000);
    expect(laid.notes().at(-1)).toContain('goes on');
    expect(existsSync(join(laid.paths.spool, '000000'))).toBe(false);
  });
});

describe('a terminal', () => {
  test('the script has one, with all that it wrote', async () => {
    const laid = await host.run('test -t 1 && test -t 0 && stty size; printf "no newline"; exit 5', {
      terminal: { columns: 100, rows: 30 },
    });
    expect(laid.outcome.outcome).toEqual({ kind: 'exited', code: 5 });
    expect(laid.spool().stdout.toString()).toBe('30 100\r\nno newline');
  });

  (withCgroups ? test : test.skip)('is in a control group, bounded, and all of it goes with it', async () => {
    const laid = host.start(
      'trap "" TERM; setsid env -i bash -c "echo \\$\\$ >> pids; sleep 600" & echo $$ >> pids; cat /proc/self/cgroup; ulimit -u; echo ready; while :; do sleep 1; done',
      { terminal: { columns: 80, rows: 24 }, maxProcesses: 40, graceMs: 200 },
    );
    await host.printed(laid, 'ready');
    await until('both have said who they are', () => pidsOf(laid).length === 2);
    const leaf = join(readHostRecords(host.dataDir)[0]!.cgroup, laid.id);
    const members = readFileSync(join(leaf, 'cgroup.procs'), 'utf8').trim().split('\n').map(Number);
    expect(members).toEqual(expect.arrayContaining(pidsOf(laid)));
    host.link.port.cancel(laid.id, 'a test');
    await host.ended(laid);
    expect(laid.outcome).toMatchObject({ outcome: { kind: 'cancelled' }, bestEffortCleanup: false });
    expect(pidsOf(laid).filter(lives)).toEqual([]);
    expect(laid.notes()).toEqual([]);
    await until('its group is gone', () => !existsSync(leaf));
  });

  (process.getuid?.() === 0 ? test : test.skip)('of another user', async () => {
    const laid = await host.run(
      'id -un; id -G; test -t 0 && tty >/dev/null && echo owned > "$(tty)"; touch made',
      {
        terminal: { columns: 80, rows: 24 },
        runAs: 'nobody',
      },
    );
    const [name, groups, said] = laid.spool().stdout.toString().split(/\r\n/);
    expect([name, said]).toEqual(['nobody', 'owned']);
    expect(groups).not.toMatch(/\b0\b/);
    expect(laid.outcome.outcome).toEqual({ kind: 'exited', code: 0 });
  });
});

describe('cancel and time-out', () => {
  const graceMs = 200;
  const cases: [name: string, body: string][] = [
    ['ignores TERM', 'trap "" TERM; echo ready; while :; do sleep 1; done'],
    ['called setsid', 'setsid bash -c "trap \\"\\" TERM; echo \\$\\$ >> pids; echo ready; sleep 600" & wait'],
    [
      'has an emptied environment',
      'env -i setsid bash -c "echo \\$\\$ >> pids; echo ready; sleep 600" & wait',
    ],
    ['has a grandchild that holds stdout', '(setsid sleep 600 & echo $! >> pids); echo ready; sleep 600'],
    [
      'has an orphan of an orphan',
      '(setsid setsid env -i bash -c "(sleep 600 & echo \\$! >> pids); echo ready" &); sleep 600',
    ],
  ];
  test.each(cases)('a script that %s is gone with all that it started', async (_name, body) => {
    const laid = host.start(body, { graceMs });
    await host.printed(laid, 'ready');
    const cancelled = performance.now();
    host.link.port.cancel(laid.id, 'a test');
    await host.ended(laid);
    expect(performance.now() - cancelled).toBeLessThan(graceMs + 2000);
    expect(laid.outcome).toMatchObject({ outcome: { kind: 'cancelled' }, bestEffortCleanup: !withCgroups });
    expect(pidsOf(laid).filter(lives)).toEqual([]);
  });

  (withCgroups ? test : test.skip)('a bounded fork bomb', async () => {
    const laid = host.start('echo ready; bomb() { bomb | bomb & }; bomb; sleep 600', {
      graceMs,
      maxProcesses: 40,
    });
    // The bound holds: bash says so when it can't fork any more.
    await host.printed(laid, 'Resource temporarily unavailable');
    host.link.port.cancel(laid.id, 'a test');
    await host.ended(laid);
    expect(laid.outcome).toMatchObject({ outcome: { kind: 'cancelled' }, bestEffortCleanup: false });
    const leaf = join(readHostRecords(host.dataDir)[0]!.cgroup, laid.id);
    expect(isEmptyCgroup(leaf)).toBe(true);
  });

  test('a time-out ends a script that ignores TERM', async () => {
    const laid = await host.run('trap "" TERM; while :; do sleep 1; done', { timeoutMs: 300, graceMs });
    expect(laid.outcome.outcome).toEqual({ kind: 'timedOut' });
  });

  test('a script may end by itself within the grace', async () => {
    const laid = host.start('trap "echo bye; exit 0" TERM; echo ready; while :; do sleep 0.05; done');
    await host.printed(laid, 'ready');
    host.link.port.cancel(laid.id, 'a test');
    await host.ended(laid);
    expect(laid.outcome.outcome).toEqual({ kind: 'cancelled' });
    expect(laid.spool().stdout.toString()).toContain('bye');
  });
});

describe('isolation', () => {
  const writer = { name: 'the disk', mode: Isolation_Mode.WRITER };

  test('one writer at a time; who waits says so, names the holder, and can be cancelled', async () => {
    const first = host.start('echo ready; while [ ! -e stop ]; do sleep 0.02; done', { isolation: writer });
    await host.printed(first, 'ready');
    const second = host.start('echo second', { isolation: writer });
    const third = host.start('echo third', { isolation: { ...writer, mode: Isolation_Mode.READER } });
    const waits = (laid: Laid): boolean => host.link.states.get(laid.id)?.phase === Phase.WAITING;
    await until('both wait and say so', () =>
      [second, third].every((laid) => waits(laid) && laid.notes().length > 0),
    );
    expect(second.notes()[0]).toContain(first.id);
    host.link.port.cancel(second.id, 'a test');
    await host.ended(second);
    expect(second.outcome).toMatchObject({ outcome: { kind: 'cancelled' }, startedAtMs: 0 });
    expect(host.link.states.get(third.id)?.phase).toBe(Phase.WAITING);
    host.link.port.cancel(first.id, 'a test');
    await host.ended(third);
    expect(third.spool().stdout.toString()).toBe('third\n');
  });
});

(process.getuid?.() === 0 ? describe : describe.skip)('another user', () => {
  test('runs the script, reads its variables, and may write to its working directory', async () => {
    const laid = await host.run(
      'id -un; id -G; echo "$HOME"; get_variable V; touch made && ls -l made | cut -d" " -f3',
      {
        runAs: 'nobody',
        variables: [{ name: 'V', value: 'seen', sensitive: false }],
      },
    );
    expect(laid.outcome.outcome).toEqual({ kind: 'exited', code: 0 });
    const [name, groups, , value, owner] = laid
      .spool()
      .stdout.toString()
      .replace('seen', 'seen\n')
      .split(/\n+/);
    expect([name, value, owner]).toEqual(['nobody', 'seen', 'nobody']);
    expect(groups).not.toMatch(/\b0\b/);
  });
});

describe.each([
  ['without control groups', ['--no-cgroups']],
  ['without the addon', ['--node-spawn']],
  ['without either', ['--no-cgroups', '--node-spawn']],
])('%s', (_name, flags) => {
  test('scripts run, and what they started goes with them', async () => {
    await using own = await HostHarness.start([...hostCommand(), ...flags]);
    const bounded = await own.run('echo bounded', { maxProcesses: 40 });
    expect(bounded.spool().stdout.toString()).toBe('bounded\n');
    // What can't be had is said, not passed over.
    const bounds = withCgroups && !flags.includes('--no-cgroups');
    expect(bounded.notes()).toEqual(bounds ? [] : [expect.stringContaining('runs without that bound')]);
    const plain = await own.run('echo out; echo err >&2; exit 3', bounds ? { maxProcesses: 40 } : {});
    expect(plain.notes()).toEqual([]);
    expect(plain.outcome.outcome).toEqual({ kind: 'exited', code: 3 });
    expect(plain.spool()).toEqual({ stdout: Buffer.from('out\n'), stderr: Buffer.from('err\n') });
    const laid = own.start(
      'setsid bash -c "trap \\"\\" TERM; echo \\$\\$ >> pids; echo ready; sleep 600" & wait',
      {
        graceMs: 200,
      },
    );
    await own.printed(laid, 'ready');
    own.link.port.cancel(laid.id, 'a test');
    await own.ended(laid);
    const proven = withCgroups && !flags.includes('--no-cgroups');
    expect(laid.outcome).toMatchObject({ outcome: { kind: 'cancelled' }, bestEffortCleanup: !proven });
    expect(pidsOf(laid)).toHaveLength(1);
    await until('all are gone', () => !pidsOf(laid).some(lives));
    // The same when the host is killed.
    const second = own.start('setsid sleep 600 & echo $! >> pids; echo ready; wait');
    await own.printed(second, 'ready');
    process.kill(own.hostPid, 'SIGKILL');
    await until('the host is given up', () => own.link.gone.length > 0);
    expect(pidsOf(second).filter(lives)).toEqual([]);
    await until('another host serves', () => own.link.port.connected);
  });
});

describe('the link goes away', () => {
  test('a script goes on without a link, and the next one takes it up', async () => {
    const laid = host.start('echo ready; while [ ! -e go ]; do sleep 0.02; done; echo went on; exit 7');
    await host.printed(laid, 'ready');
    await host.relink();
    expect(host.link.welcomes[0]?.attempts.map(({ attemptId }) => attemptId)).toContain(laid.id);
    await host.run(`touch ${join(laid.paths.work, 'go')}`);
    await host.ended(laid);
    expect(laid.outcome.outcome).toEqual({ kind: 'exited', code: 7 });
    expect(laid.spool().stdout.toString()).toBe('ready\nwent on\n');
  });
});

describe('the host is killed', () => {
  test('before it answers: another is launched at once', async () => {
    // The first two end as they begin; in its data directory, where a host is started.
    const broken = 'for n in 1 2; do mkdir "once-$n" 2>/dev/null && kill -KILL $$; done; exec "$0" "$@"';
    // It would be given up, were one that is gone waited for.
    await using other = await HostHarness.start(['/bin/sh', '-c', broken, ...hostCommand()]);
    expect((await other.run('exit 6')).outcome.outcome).toEqual({ kind: 'exited', code: 6 });
    expect(existsSync(join(other.dataDir, 'once-2'))).toBe(true);
  });

  test('what belonged to it is gone before the link hears of it, and another host serves', async () => {
    await using own = await HostHarness.start();
    const laid = own.start(
      'setsid bash -c "trap \\"\\" TERM; echo \\$\\$ >> pids; echo ready; sleep 600" & echo $$ >> pids; wait',
    );
    await own.printed(laid, 'ready');
    const [died] = readHostRecords(own.dataDir);
    process.kill(own.hostPid, 'SIGKILL');
    await until('the host is given up', () => own.link.gone.length > 0);
    expect(own.link.gone).toEqual([died!.hostId]);
    expect(pidsOf(laid)).toHaveLength(2);
    expect(pidsOf(laid).filter(lives)).toEqual([]);
    expect(existsSync(died!.secrets)).toBe(false);
    await until('another host serves', () => own.link.port.connected);
    expect(own.link.port.hostId).not.toBe(died!.hostId);
    const after = await own.run('echo again');
    expect(after.spool().stdout.toString()).toBe('again\n');
  });
});

test('beside a host of another version one of ours is launched, once', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'host-'));
  const launches: LogFields[] = [];
  const logger = createLogger((_level, message, fields) => {
    if (message === 'script host launched') launches.push(fields);
  });
  await launchHost(dataDir, { command: [...hostCommand(), '--version', '0.0.1'] });
  await until('the older one serves', () => readHostRecords(dataDir).length === 1);
  const link = new LinkSide(dataDir, undefined, logger);
  try {
    await link.port.connect(link);
    expect(link.welcomes.map(({ version }) => version)).toEqual(['0.0.1', AGENT_VERSION]);
    expect(launches).toHaveLength(1);
  } finally {
    await link.port.close();
    await stopHosts(dataDir, { clock: systemClock, withinMs: 20_000 });
    rmSync(dataDir, { recursive: true, force: true });
  }
});

function pidsOf(laid: Laid): number[] {
  const file = join(laid.paths.work, 'pids');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').map(Number) : [];
}

function canMakeCgroups(): boolean {
  const { unified } = ownCgroups();
  if (unified === null) return false;
  const folder = join(unified, `longshore-test-${process.pid}`);
  return makeCgroup(folder) && removeCgroup(folder);
}
