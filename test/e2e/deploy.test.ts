/** Deployments from the command line: plain lines, a live tree in a terminal, questions, cuts, and what the command ends with. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { spawn as spawnTerminal } from 'node-pty';

import { inEachMode } from '../support/matrix.ts';
import { commandOf } from '../support/program.ts';
import { POOL, Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const model = (folder: string): string => `kind: Environment
name: Test
---
kind: Environment
name: Production
sortOrder: 1
---
kind: Lifecycle
name: Standard
---
kind: Project
name: Web
lifecycle: Standard
variables:
  - { name: Mode, value: good, prompt: { label: Mode } }
  - { name: Token, sensitive: true, value: hunter2 }
steps:
  - name: Roll
    roles: web
    maxParallelism: 2
    script:
      runsOn: workerForEachTarget
      pool: ${POOL}
      body: |
        echo "to #{Octopus.Machine.Name} with #{Token}"
        if [ "#{Mode}" = wait ]; then until [ -e ${folder}/go ]; do sleep 0.05; done; fi
        if [ "#{Mode}" = bad ]; then echo "it broke" >&2; exit 3; fi
  - name: Approve
    environments: Production
    manual: { instructions: "Is #{Octopus.Release.Number} good?", responsible: ops }
  - name: Report
    script: { pool: ${POOL}, body: 'echo reported' }
---
kind: Runbook
name: Restart
project: Web
steps:
  - name: Restart
    script: { pool: ${POOL}, body: 'echo "restarted #{Octopus.Environment.Name}"' }
---
kind: DeploymentTarget
name: web-1
environments: [Test, Production]
roles: web
cloudRegion: {}
---
kind: DeploymentTarget
name: web-2
environments: [Test, Production]
roles: web
cloudRegion: {}
`;

inEachMode('deployments from the command line', (mode) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open();
    await stage.addAgent(mode);
    const applied = await stage.longshore(['apply', '-f', '-'], { input: model(stage.folder) });
    expect([applied.code, applied.stderr]).toEqual([0, '']);
    const made = await stage.longshore(['release', 'create', '-p', 'Web', '--version', '1.0.0']);
    expect([made.code, made.stdout.toString()]).toEqual([
      0,
      'Release 1.0.0 of "Web" is there (channel Default).\n',
    ]);
  }, 60_000);
  afterAll(() => stage.close(), 60_000);

  const deploy = (...args: string[]): ReturnType<Stage['start']> =>
    stage.start(['deploy', '-p', 'Web', '--version', 'latest', ...args]);
  const questionOf = async (task?: string): Promise<string> =>
    until('a question is asked', async () => {
      const { items } = await stage.rest.get<{ items: { id: string; taskId: string }[] }>('/interruptions');
      return items.find(({ taskId }) => task === undefined || taskId === task)?.id;
    });

  test('in a pipe: a line an event, no control code, no secret', async () => {
    const { code, stdout, stderr } = await deploy('-e', 'Test').ended;
    const said = stdout.toString();
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^Deploy Web 1.0.0 to Test: task \w{26}\n$/)]);
    for (const target of ['web-1', 'web-2'])
      expect(said).toContain(`[Roll › ${target}] to ${target} with ********\n`);
    expect(said).toContain('[Report] reported\n');
    expect(said).toMatch(/^Deploy Web 1.0.0 to Test done after .*$/m);
    expect(said).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f]|hunter2/);
  }, 60_000);

  test('a failure ends it with 1, and its tree says where', async () => {
    const { code, stdout, stderr } = await deploy('-e', 'Test', '--variable', 'Mode:bad', '--skip', 'report')
      .ended;
    expect(code).toBe(1);
    expect(stdout.toString()).toContain('[Roll › web-1] it broke\n');
    const id = /task (\w{26})/.exec(stderr)?.[1] ?? '';
    const tree = (await stage.longshore(['task', 'tree', id])).stdout.toString().split('\n');
    expect(tree[0]).toMatch(/^✗ Deploy Web 1.0.0 to Test {2}failed, /);
    expect(tree[1]).toMatch(/^ {2}✗ Roll {2}failed, /);
    expect(tree[2]).toMatch(/^ {4}✗ web-1 {2}failed, .*3/);
    expect(tree.at(-2)).toMatch(/^ {2}- Report {2}skipped, skipped by choice/);
    const json = await stage.longshore(['task', 'tree', id, '-o', 'json']);
    expect(JSON.parse(json.stdout.toString())).toMatchObject({ task: { id, state: 'failed' }, tree: {} });
    const list = await stage.longshore(['deployment', 'list', '-p', 'Web', '-e', 'Test', '-n', '1']);
    expect(list.stdout.toString()).toMatch(new RegExp(`${id} +failed +Deploy Web 1.0.0 to Test`));
  }, 60_000);

  test('a question is answered from elsewhere, while the server is killed and comes back', async () => {
    writeFileSync(join(stage.folder, 'go'), '');
    const running = deploy('-e', 'Production', '--no-wait');
    const { stdout } = await running.ended;
    const id = stdout.toString().trim();
    const follows = stage.start(['task', 'tree', '-f', id]);
    const question = await questionOf(id);
    await until('it is told', () => follows.stdout().includes('[Approve] Is 1.0.0 good?'));
    await stage.server.kill();
    await stage.startServer();
    await until('it follows again', () => follows.stderr().includes('connected again'));
    const listed = await stage.longshore(['intervention', 'list']);
    expect(listed.stdout.toString()).toContain(question);
    const wrong = await stage.longshore(['intervention', 'answer', question, 'retry']);
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('one of proceed, abort')]);
    const answered = await stage.longshore([
      'intervention',
      'answer',
      question,
      'proceed',
      '--notes',
      'fine',
    ]);
    expect([answered.code, answered.stderr]).toEqual([0, '']);
    const { code, stdout: lines } = await follows.ended;
    expect(code).toBe(0);
    const said = lines.toString().split('\n');
    expect(said.filter((line) => line === '[Report] reported')).toHaveLength(1);
    expect(said.filter((line) => line.startsWith('[Roll › web-1] to web-1'))).toHaveLength(1);
  }, 90_000);

  test('in a terminal: a tree, an answer where it is asked, and the cursor is given back', async () => {
    const terminal = spawnTerminal(
      process.execPath,
      [...commandOf('cli'), 'deploy', '-p', 'Web', '--version', '1.0.0', '-e', 'Production'],
      {
        ...{ cols: 60, rows: 12 },
        env: {
          ...{ PATH: process.env['PATH'], HOME: stage.folder, TERM: 'xterm-256color' },
          ...{ LONGSHORE_SERVER: stage.url, LONGSHORE_API_KEY: stage.key },
        },
      },
    );
    let screen = '';
    terminal.onData((data) => (screen += data));
    const ended = new Promise<number>((resolve) => terminal.onExit(({ exitCode }) => resolve(exitCode)));
    await until('it asks', () => screen.includes('proceed / abort'), { timeoutMs: 15_000 });
    expect(screen).toMatch(/Is 1\.0\.0 good\?/);
    terminal.write('proceed\r');
    await until('it asks for notes', () => screen.includes('Notes'));
    terminal.write('looks good\r');
    expect(await ended).toBe(0);
    const end = screen.slice(screen.lastIndexOf('Deploy Web 1.0.0 to Production'));
    expect(end).toMatch(/done[\s\S]*✓[\s\S]*Roll[\s\S]*✓[\s\S]*Approve[\s\S]*✓[\s\S]*Report/);
    expect(screen.lastIndexOf('\u001b[?25h')).toBeGreaterThanOrEqual(screen.lastIndexOf('\u001b[?25l'));
    expect(screen).not.toContain('hunter2');
  }, 60_000);

  test('Ctrl-C asks for its end, which is 130; a time-out is 124', async () => {
    const running = stage.start(['deploy', '-p', 'Web', '--version', '1.0.0', '-e', 'Production']);
    await until('it waits for people', () => running.stdout().includes('[Approve] Is 1.0.0 good?'));
    running.child.kill('SIGINT');
    const { code, stderr } = await running.ended;
    expect([code, stderr]).toEqual([130, expect.stringContaining('asking for the end')]);
    const late = await deploy('-e', 'Production', '--timeout', '1s').ended;
    expect([late.code, late.stdout.toString()]).toEqual([124, expect.stringContaining('timed out')]);
  }, 60_000);

  test('a runbook on two environments; several runs are told apart', async () => {
    const { code, stdout } = await stage.longshore([
      ...['runbook', 'run', '-p', 'Web', '--name', 'Restart', '-e', 'Test', '-e', 'Production'],
    ]);
    expect(code).toBe(0);
    for (const environment of ['Test', 'Production'])
      expect(stdout.toString()).toContain(
        `[Run Restart of Web on ${environment} › Restart] restarted ${environment}\n`,
      );
    const list = await stage.longshore(['runbook', 'list', '-p', 'web']);
    expect(list.stdout.toString()).toMatch(/Restart +Web/);
  }, 60_000);

  test('releases: shown with where they may go, blocked, deleted', async () => {
    await stage.longshore(['release', 'create', '-p', 'Web', '--version', '2.0.0', '--release-notes', 'new']);
    const taken = await stage.longshore(['release', 'create', '-p', 'Web', '--version', '2.0.0']);
    expect(taken.code).toBe(5);
    const same = await stage.longshore([
      ...['release', 'create', '-p', 'Web', '--version', '2.0.0', '--ignore-existing'],
    ]);
    expect(same.code).toBe(0);
    const show = await stage.longshore(['release', 'show', '-p', 'Web', '--version', 'latest']);
    expect(show.stdout.toString()).toMatch(
      /version +2\.0\.0[\s\S]*Production +no +no: it must first succeed in "Test"/,
    );
    const early = await deploy('-e', 'Production').ended;
    expect([early.code, early.stderr]).toEqual([5, expect.stringContaining('must first succeed in "Test"')]);
    const of = ['-p', 'Web', '--version', '2.0.0'];
    expect((await stage.longshore(['release', 'block', ...of, '--reason', 'lost orders'])).code).toBe(0);
    const blocked = await deploy('-e', 'Test').ended;
    expect([blocked.code, blocked.stderr]).toEqual([5, expect.stringContaining('blocked: lost orders')]);
    expect((await stage.longshore(['release', 'unblock', ...of])).code).toBe(0);
    expect((await stage.longshore(['release', 'update-variables', ...of])).code).toBe(0);
    const deployed = await stage.longshore(['release', 'deploy', ...of, '-e', 'Test', '-q']);
    expect([deployed.code, deployed.stderr]).toEqual([0, '']);
    expect((await stage.longshore(['release', 'delete', ...of])).code).toBe(0);
    const list = await stage.longshore(['release', 'list', '-p', 'Web']);
    expect(list.stdout.toString()).toMatch(/^VERSION[^\n]*\n1\.0\.0 [^\n]*\n$/);
  }, 60_000);

  test('for tenants by tag, with the variables of now, waited for by id', async () => {
    const site = (greeting: string): string => `kind: Project
name: Site
lifecycle: Standard
tenanted: tenanted
variables:
  - { name: Greeting, value: ${greeting} }
steps:
  - name: Greet
    script: { pool: ${POOL}, body: 'echo "#{Greeting} #{Octopus.Deployment.Tenant.Name}"' }
`;
    const tenants = `---
kind: TagSet
name: Region
tags: [Europe, Asia]
---
kind: Tenant
name: Acme
tags: Region/Europe
projects: [{ project: Site, environments: Test }]
---
kind: Tenant
name: Bolt
tags: Region/Europe
projects: [{ project: Site, environments: [Test, Production] }]
---
kind: Tenant
name: Cold
tags: Region/Asia
projects: [{ project: Site, environments: Test }]
`;
    const apply = async (input: string): Promise<void> => {
      const { code, stderr } = await stage.longshore(['apply', '-f', '-'], { input });
      expect([code, stderr]).toEqual([0, '']);
    };
    await apply(site('hello') + tenants);
    await stage.longshore(['release', 'create', '-p', 'Site', '--version', '1.0.0']);
    await apply(site('welcome'));
    const of = ['deploy', '-p', 'Site', '--version', 'latest', '-e', 'Test', '--tenant-tag', 'Region/Europe'];
    const as = await stage.longshore([...of, '-q']);
    expect([as.code, as.stdout.toString().split('\n').sort()]).toEqual([
      ...[0, ['', expect.stringContaining('hello Acme'), expect.stringContaining('hello Bolt')]],
    ]);
    const started = await stage.longshore([...of, '--update-variables', '--no-wait']);
    const ids = started.stdout.toString().trim().split('\n');
    const waited = await stage.longshore(['task', 'wait', ...ids, '--poll-interval', '100ms', '--progress']);
    expect([waited.code, ids.length]).toEqual([0, 2]);
    expect(waited.stderr).toMatch(/^Deploy Site 1.0.0 to Test for Bolt \(task \w+\): success$/m);
    for (const id of ids) {
      expect(waited.stdout.toString()).toMatch(
        new RegExp(`^${id}  success  Deploy Site 1.0.0 to Test for `, 'm'),
      );
      const { stdout } = await stage.longshore(['task', 'log', '-q', id]);
      expect(stdout.toString()).toMatch(/^welcome (Acme|Bolt)$/m);
    }
    const nobody = await stage.longshore([...of.slice(0, -1), 'Region/Mars']);
    expect([nobody.code, nobody.stderr]).toEqual([3, expect.stringContaining('no tenant has "Region/Mars"')]);
  }, 60_000);

  test('a wait that is too long is left, and what it waited for asked to end', async () => {
    const { stdout } = await deploy('-e', 'Test', '--deploy-at', '1h', '--no-wait').ended;
    const id = stdout.toString().trim();
    const left = await stage.longshore(['task', 'wait', id, '--timeout', '300ms', '--cancel-on-timeout']);
    expect([left.code, left.stderr]).toEqual([
      124,
      `longshore: 1 of 1 had not ended by --timeout: ${id}; asked to end\n`,
    ]);
    const ended = await stage.longshore(['task', 'wait', id, '--timeout', '20s', '-o', 'json']);
    expect(ended.code).toBe(130);
    expect(JSON.parse(ended.stdout.toString())).toMatchObject({ items: [{ id, state: 'cancelled' }] });
    const wrong = await stage.longshore(['task', 'wait', id, '--cancel-on-timeout']);
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('there is no --timeout')]);
    expect((await stage.longshore(['task', 'wait', 'nothing'])).code).toBe(3);
  }, 60_000);

  test.each<[string[], RegExp]>([
    [['-e', 'Tset'], /no environment "Tset"; did you mean "Test"\?/],
    [['-e', 'Test', '--skip', 'nothing'], /no step "nothing" to skip/],
    [['-e', 'Test', '--variable', 'hunter2'], /^(?!.*hunter2).*--variable/],
    [['-e', 'Test', '--guided-failure', 'maybe'], /true, false, default/],
    [['-e', 'Test', '--deploy-at', 'soon'], /--deploy-at: "soon".*a time such as/],
    [['-e', 'Test', '--deployment-target', 'db-1'], /no deployment target "db-1"/],
    [[], /required option '-e, --environment/],
  ])('bad input is named, and nothing is started: %j', async (args, expected) => {
    const { code, stdout, stderr } = await deploy(...args).ended;
    expect(stderr).toMatch(expected);
    expect([stdout.toString(), [2, 3, 5].includes(code ?? 0)]).toEqual(['', true]);
  });

  test('a run that queues is moved to the top; one that does not is refused', async () => {
    const at = ['--deploy-at', '1h', '--no-wait'];
    const later = await deploy('-e', 'Test', ...at).ended;
    const id = later.stdout.toString().trim();
    expect((await stage.longshore(['task', 'move-to-top', id])).code).toBe(0);
    const tree = await stage.longshore(['task', 'tree', id]);
    expect(tree.stdout.toString()).toMatch(/queued, until .* when it is to start/);
    expect((await stage.longshore(['task', 'cancel', id])).code).toBe(0);
    await stage.rest.inState(id, ['cancelled']);
    expect((await stage.longshore(['task', 'move-to-top', id])).code).toBe(5);
  }, 60_000);
});
