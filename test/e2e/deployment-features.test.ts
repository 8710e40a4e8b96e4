/** What steps can do, on real agents: what the other stories of deployments do not show. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { inEachMode } from '../support/matrix.ts';
import { ENDED, type TaskBody } from '../support/rest.ts';
import { POOL, Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

interface Tree {
  activities: { key: string; name: string; state: string; message: string; tries: number }[];
  interruptions: { id: string; title: string; options: string[]; endedAt: number | null }[];
}

inEachMode('a deployment', (mode) => {
  let stage: Stage;
  let n = 0;
  beforeAll(async () => {
    stage = await Stage.open();
    await stage.addAgent(mode, { name: 'one' });
    await stage.addAgent(mode, { name: 'two' });
    const text = 'kind: Environment\nname: Test\n---\nkind: Lifecycle\nname: All\n';
    await stage.rest.post('/apply', { files: [{ path: 'base.yaml', text }] });
  }, 60_000);
  afterAll(() => stage.close(), 60_000);

  /** A project of its own, deployed. */
  async function deploy(project: string): Promise<string> {
    n += 1;
    const name = `P${n}`;
    const text = `kind: Project\nname: ${name}\nlifecycle: All\n${project}`;
    await stage.rest.post('/apply', { files: [{ path: 'project.yaml', text }] });
    await stage.rest.post('/releases', { project: name, version: '1.0.0' });
    const task = await stage.rest.post<TaskBody>('/deployments', {
      ...{ project: name, version: '1.0.0', environment: 'Test' },
    });
    return task.id;
  }
  const ended = (id: string): Promise<TaskBody> => stage.rest.inState(id, ENDED, { timeoutMs: 60_000 });
  const tree = (id: string): Promise<Tree> => stage.rest.get<Tree>(`/tasks/${id}/tree`);
  async function asked(id: string): Promise<Tree['interruptions'][number]> {
    return until('people are asked', async () =>
      (await tree(id)).interruptions.find(({ endedAt }) => endedAt === null),
    );
  }

  test('guided failure: tried again once its cause is mended', async () => {
    const file = join(stage.folder, `mended-${mode}`);
    const id = await deploy(`guidedFailure: 'on'
steps:
  - name: fragile
    script: { pool: ${POOL}, body: 'test -e ${file} || fail_step "there is no file"' }
`);
    const question = await asked(id);
    expect(question).toMatchObject({ title: '"fragile" failed', options: ['fail', 'retry', 'ignore'] });
    writeFileSync(file, '');
    await stage.rest.post(`/interruptions/${question.id}/answer`, { answer: 'retry', notes: 'mended' });
    expect(await ended(id)).toMatchObject({ state: 'success' });
    const { activities } = await tree(id);
    expect(activities.find(({ key }) => key === '0.0')).toMatchObject({ tries: 2, state: 'success' });
  }, 60_000);

  test('a step that takes too long is ended on its machine, and the run fails', async () => {
    const id = await deploy(`steps:
  - name: endless
    timeout: 1s
    script: { pool: ${POOL}, body: 'sleep 1000' }
`);
    const task = await ended(id);
    expect(task.state).toBe('failed');
    expect(task.message).toMatch(/^step "endless" failed: timed out on (one|two)/);
  }, 60_000);

  test('a pinned worker serves all steps, also of a pool that takes turns', async () => {
    await stage.rest.patch(`/pools/${POOL}`, { strategy: 'round-robin' });
    const file = join(stage.folder, `pinned-${mode}`);
    const step = (name: string): string =>
      `  - name: ${name}\n    script: { pool: ${POOL}, body: 'echo "\${PWD%%/data/*}" >> ${file}' }\n`;
    const id = await deploy(`pinWorker: true\nsteps:\n${['a', 'b', 'c', 'd'].map(step).join('')}`);
    expect((await ended(id)).state).toBe('success');
    const where = readFileSync(file, 'utf8').trim().split('\n');
    expect(where).toHaveLength(4);
    expect(new Set(where)).toEqual(new Set([where[0]]));
    await stage.rest.patch(`/pools/${POOL}`, { strategy: 'fewest-leases' });
  }, 60_000);

  test('a tool that no worker has: the step fails, and says so for each of them', async () => {
    const id = await deploy(`steps:
  - name: needs
    script: { pool: ${POOL}, tools: [no-such-tool], body: 'true' }
`);
    const task = await ended(id);
    expect(task.state).toBe('failed');
    expect(task.message).toContain('one: has no no-such-tool; two: has no no-such-tool');
  }, 60_000);

  test('an exclusive lease has its worker alone, and its clean-up knows how it went', async () => {
    const file = join(stage.folder, `clean-${mode}`);
    const id = await deploy(`steps:
  - name: alone
    script:
      pool: ${POOL}
      leaseMode: exclusive
      body: 'exit 7'
      cleanUp: { body: 'echo cleaned > ${file}' }
  - name: after
    condition: failure
    script: { pool: ${POOL}, body: 'echo "#{Octopus.Step[alone].Status.Code}" >> ${file}' }
`);
    expect((await ended(id)).state).toBe('failed');
    expect(readFileSync(file, 'utf8')).toBe('cleaned\nFailed\n');
  }, 60_000);

  test('output and artifacts of its steps are read as of any attempt', async () => {
    const id = await deploy(`steps:
  - name: make
    script: { pool: ${POOL}, body: 'echo made > out.txt; new_artifact out.txt; set_variable Word hello; echo "line of make"' }
  - name: use
    script: { pool: ${POOL}, body: 'echo "got #{Octopus.Action[make].Output.Word}"' }
`);
    expect((await ended(id)).state).toBe('success');
    const log = await stage.longshore(['task', 'log', id]);
    expect(log.stdout.toString()).toMatch(/line of make[\s\S]*got hello/);
    const artifacts = await stage.longshore(['task', 'artifacts', id]);
    expect(artifacts.stdout.toString()).toContain('out.txt');
  }, 60_000);
});
