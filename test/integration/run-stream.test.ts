/** The stream of a deployment: its plan, its tree, its questions, and the output of many attempts at once. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { DIALECTS } from '../support/store.ts';
import { until } from '../support/until.ts';
import { readEvents, openApiStage, outputOf, SPACE, type ApiStage, type StreamEvent } from './api-stage.ts';

const POSTGRES_START_MS = 60_000;
const TARGETS = 40;

const MODEL = `kind: Environment
name: Test
---
kind: Lifecycle
name: All
---
kind: Project
name: Web
lifecycle: All
steps:
  - name: Deploy
    roles: web
    maxParallelism: 10
    script: { runsOn: workerForEachTarget, body: deploy }
  - name: Approve
    manual: { instructions: "Is #{Octopus.Release.Number} good?", responsible: ops }
  - name: Report
    script: { body: report }
${Array.from(
  { length: TARGETS },
  (_, n) => `---
kind: DeploymentTarget
name: web-${String(n)}
environments: Test
roles: web
cloudRegion: {}
`,
).join('')}`;

interface Activity {
  key: string;
  name: string;
  state: string;
  tries: number;
}

describe.each(DIALECTS)('the stream of a deployment on %s', (dialect) => {
  let stage: ApiStage;
  beforeAll(async () => {
    stage = await openApiStage(dialect);
    const agent = await stage.addAgent('w', {
      poolIds: (await stage.call<{ items: { id: string }[] }>('GET', '/pools')).body.items.map(
        ({ id }) => id,
      ),
    });
    const bytes = Buffer.from('to a target\n');
    agent.plays.set('deploy', { output: [{ stream: 'stdout', bytes }] });
    const applied = await stage.call<{ error?: object }>('POST', '/apply', {
      files: [{ path: 'model.yaml', text: MODEL }],
    });
    expect([applied.status, applied.body.error]).toEqual([200, undefined]);
    const { status } = await stage.call('POST', '/releases', { project: 'Web', version: '1.0.0' });
    expect(status).toBe(201);
  }, POSTGRES_START_MS);
  afterAll(() => stage.close());

  const deploy = async (): Promise<string> => {
    const { status, body } = await stage.call<{ id: string }>('POST', '/deployments', {
      ...{ project: 'Web', version: '1.0.0', environment: 'Test' },
    });
    expect([status, body]).toEqual([201, expect.objectContaining({ kind: 'deployment' })]);
    return body.id;
  };
  const stream = (task: string, cursor = ''): Promise<Response> =>
    fetch(`${stage.url}${SPACE}/tasks/${task}/stream`, {
      headers: {
        authorization: `Bearer ${stage.key}`,
        ...(cursor === '' ? {} : { 'last-event-id': cursor }),
      },
    });
  const answer = async (task: string): Promise<void> => {
    let id = '';
    await until('a question is asked', async () => {
      const { body } = await stage.call<{ items: { id: string; taskId: string }[] }>('GET', '/interruptions');
      id = body.items.find(({ taskId }) => taskId === task)?.id ?? '';
      return id !== '';
    });
    const { status } = await stage.call('POST', `/interruptions/${id}/answer`, { answer: 'proceed' });
    expect(status).toBe(200);
  };
  const lastOf = (events: readonly StreamEvent[]): Map<string, Activity> =>
    new Map(
      events
        .filter(({ event }) => event === 'activity')
        .map(({ data }) => [data['key'] as string, data as unknown as Activity]),
    );

  test('plan first, then each activity as it changes, questions, and all output', async () => {
    const task = await deploy();
    const reading = readEvents(await stream(task));
    await answer(task);
    const events = await reading;
    const kinds = events.map(({ event }) => event);
    expect(kinds.filter((kind) => kind === 'plan')).toHaveLength(1);
    expect(kinds.indexOf('plan')).toBeLessThan(kinds.indexOf('activity'));
    const plan = events.find(({ event }) => event === 'plan')?.data as { steps: { name: string }[] };
    expect(plan.steps.map(({ name }) => name)).toEqual(['Deploy', 'Approve', 'Report']);
    const last = lastOf(events);
    expect([...last.values()].map(({ state }) => state)).toEqual(
      Array.from({ length: TARGETS + 5 }, () => 'success'),
    );
    const questions = events.filter(({ event }) => event === 'interruption').map(({ data }) => data);
    expect(questions.at(-1)).toMatchObject({
      kind: 'manual',
      instructions: 'Is 1.0.0 good?',
      answer: 'proceed',
    });
    const actions = new Set(
      events.filter(({ event }) => event === 'attempt').map(({ data }) => data['action']),
    );
    expect([...actions].filter((key) => !last.has(String(key)))).toEqual([]);
    expect(actions.size).toBe(TARGETS + 1);
    expect(outputOf(events, 'stdout').toString()).toBe('to a target\n'.repeat(TARGETS));
    const notes = events
      .filter(({ event }) => event === 'log')
      .flatMap(({ data }) => data['entries'] as { activity: string; text: string }[]);
    expect(notes.find(({ text }) => text.includes('Waits for ops'))?.activity).toBe('1.0');
    expect(events.at(-1)?.event).toBe('end');
    // Attempts that are over are not named in each cursor.
    expect(events.at(-1)?.id.length).toBeLessThan(100);
  }, 60_000);

  test('after a cut the tree is told anew, and output goes on', async () => {
    const task = await deploy();
    const before = await readEvents(
      await stream(task),
      ({ event, data }) => event === 'interruption' && data['answer'] === '',
    );
    const seen = await readEvents(
      await stream(task, before.at(-1)?.id),
      ({ event }) => event === 'interruption',
    );
    expect(seen.map(({ event }) => event).slice(0, 2)).toEqual(['task', 'plan']);
    expect(lastOf(seen).size).toBe(TARGETS + 3);
    await answer(task);
    const after = await readEvents(await stream(task, before.at(-1)?.id));
    expect(lastOf(after).get('2.0')?.state).toBe('success');
    expect(outputOf([...before, ...after], 'stdout').toString()).toBe('to a target\n'.repeat(TARGETS));
  }, 60_000);

  test('another node tells of it too', async () => {
    const { Watching } = await import('@longshore/server/app/kernel/watching');
    const task = await deploy();
    const watching = new Watching(stage.store);
    const heard: string[] = [];
    watching.watch('default', task, (change) => {
      if (change.kind === 'activity') heard.push(`${change.activity.key} ${change.activity.state}`);
      if (change.kind === 'interruption')
        heard.push(`question ${change.interruption.answer === '' ? 'open' : change.interruption.answer}`);
      if (change.kind === 'task') heard.push(change.task.state);
    });
    await until('it waits', async () => {
      await watching.reread(task);
      return heard.includes('question open');
    });
    await answer(task);
    await until('it has ended', async () => {
      await watching.reread(task);
      return heard.includes('success');
    });
    expect(heard).toEqual(
      expect.arrayContaining(['0 success', '1.0 success', 'question proceed', '2.0 success']),
    );
    expect(heard.at(-1)).toBe('success');
  }, 60_000);
});
