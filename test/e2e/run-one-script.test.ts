/** The first thing a user does: a script, its output as it comes, its exit code. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { inEachModeOnEachStore } from '../support/matrix.ts';
import { POOL, Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

inEachModeOnEachStore('run one script', (mode, database) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open({ database });
    await stage.addAgent(mode);
  }, 60_000);
  afterAll(() => stage.close(), 60_000);

  const run = (...args: string[]) => stage.longshore(['run', '--pool', POOL, ...args]);

  test('its stdout, its stderr and its exit code are ours', async () => {
    const ran = await run('--script', 'echo out; echo err >&2; exit 7');
    expect({ code: ran.code, out: ran.stdout.toString(), err: ran.stderr }).toEqual({
      code: 7,
      out: 'out\n',
      err: 'err\n',
    });
  });

  test('its output comes while it runs', async () => {
    const go = join(stage.folder, 'go');
    const running = stage.start([
      'run',
      '--pool',
      POOL,
      '--script',
      `echo first; until [ -e ${go} ]; do sleep 0.05; done; echo last`,
    ]);
    await until('the first line is here', () => running.stdout().toString() === 'first\n');
    writeFileSync(go, '');
    expect((await running.ended).stdout.toString()).toBe('first\nlast\n');
  });

  test('variables, arguments, environment and files reach it', async () => {
    mkdirSync(join(stage.folder, 'in'), { recursive: true });
    writeFileSync(join(stage.folder, 'in/data.txt'), 'from the file\n');
    const script =
      'get_variable Greeting; echo; get_variable Token | wc -c; echo "$1|$2|$PLACE"; cat data.txt';
    const ran = await stage.longshore(
      [
        'run',
        '--pool',
        POOL,
        '--var',
        'Greeting=héllo',
        '--secret',
        'Token',
        '--env',
        'PLACE=here',
        '--file',
        join(stage.folder, 'in/data.txt'),
        '--script',
        script,
        '--',
        'a b',
        '-c',
      ],
      { env: { Token: '12345678' } },
    );
    expect({ out: ran.stdout.toString(), err: ran.stderr, code: ran.code }).toEqual({
      out: 'héllo\n8\na b|-c|here\nfrom the file\n',
      err: '',
      code: 0,
    });
  });

  test.each([
    ['s.py', 'import sys\nprint("python"); sys.exit(3)', 'python\n', 3],
    ['s.js', 'console.log("node"); process.exitCode = 4', 'node\n', 4],
    ['s', '#!/bin/sh\necho sh; exit 5', 'sh\n', 5],
  ])('%s has its interpreter', async (name, body, out, code) => {
    const file = join(stage.folder, name);
    writeFileSync(file, body);
    const ran = await run(file);
    expect({ out: ran.stdout.toString(), code: ran.code, err: ran.stderr }).toEqual({ out, code, err: '' });
  });

  test('a script on standard input', async () => {
    const ran = await stage.longshore(['run', '--pool', POOL, '-'], { input: 'echo "from a pipe"' });
    expect(ran.stdout.toString()).toBe('from a pipe\n');
  });

  test('one that a signal ended ends as in a shell', async () => {
    expect((await run('--script', 'kill -SEGV $$')).code).toBe(139);
  });

  test('one that is too slow is stopped, and its end is 124', async () => {
    const ran = await run('--timeout', '1s', '--grace', '1s', '--script', 'echo begun; sleep 600');
    expect({ code: ran.code, out: ran.stdout.toString() }).toEqual({ code: 124, out: 'begun\n' });
  }, 30_000);

  test('a terminal, when it asks for one', async () => {
    const ran = await run('--tty', '--script', 'test -t 1 && echo "a terminal of $(stty size)"');
    expect(ran.stdout.toString()).toBe('a terminal of 24 80\r\n');
  });

  test('a tool that no worker has is named, with the worker, before anything is sent', async () => {
    const ran = await run('--tool', 'no-such-tool', '--script', 'echo never');
    expect(ran.code).toBe(125);
    expect(ran.stdout.toString()).toBe('');
    expect(ran.stderr).toMatch(/no-such-tool/);
  });

  test('programs get JSON, and wrong input names field, value and what would be right', async () => {
    const listed = await stage.longshore(['worker', 'list', '--output', 'json']);
    expect((JSON.parse(listed.stdout.toString()) as { items: unknown[] }).items).toHaveLength(1);
    const wrong = await run('--worker', 'nobody', '--script', 'true');
    expect(wrong.code).toBe(2);
    const missing = await stage.longshore(['run', '--pool', 'nowhere', '--script', 'true']);
    expect(missing.stderr).toMatch(/nowhere/);
    expect([2, 3]).toContain(missing.code);
  });

  test('why its worker was chosen stands in its log, and the lease is over', async () => {
    const { id } = await stage.rest.script('true', { pool: POOL });
    await stage.rest.ended(id);
    const log = await stage.rest.get<{ items: { text: string }[] }>(`/tasks/${id}/log`);
    expect(log.items.map(({ text }) => text).join('\n')).toMatch(new RegExp(`${mode}-1`));
    const leases = await stage.rest.get<{ items: { reason: string; resource: { name: string } }[] }>(
      `/leases/history?task=${id}`,
    );
    expect(leases.items.map(({ resource }) => resource.name)).toEqual([`${mode}-1`]);
    expect(leases.items[0]?.reason).toMatch(/\S/);
    expect((await stage.rest.get<{ items: unknown[] }>('/leases')).items).toEqual([]);
  });
});
