/** What starts by itself, by the command of a user: a trigger each second, over a server that is killed; a release that goes along. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const MODEL = `
kind: Environment
name: Dev
---
kind: Environment
name: Test
sortOrder: 1
---
kind: Lifecycle
name: All
phases:
  - { name: Dev, automatic: [Dev] }
  - { name: Test, automatic: [Test] }
---
kind: Project
name: Shop
lifecycle: All
steps:
  - { name: Say, script: { body: echo deployed } }
triggers:
  - { name: Tick, cron: '* * * * * *', runRunbook: { runbook: Beat, environments: [Dev] } }
---
kind: Runbook
name: Beat
project: Shop
steps:
  - { name: Beat, script: { body: 'echo by #{Octopus.Deployment.Trigger.Name}' } }
`;

interface Run {
  taskId: string;
  runbookId: string;
  succeeded: boolean;
}
interface Status {
  name: string;
  nextDueAt: number | null;
  lastRun: { dueAt: number; taskIds: string[] } | null;
  lastFailure: object | null;
}

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
}, 60_000);
afterAll(() => stage.close(), 60_000);

const runs = async (): Promise<Run[]> => (await stage.rest.get<{ items: Run[] }>('/runs?limit=500')).items;
const beats = async (): Promise<Run[]> =>
  (await runs()).filter(({ runbookId, succeeded }) => runbookId !== '' && succeeded);
const status = async (): Promise<Status | undefined> =>
  (await stage.rest.get<{ items: Status[] }>('/projects/Shop/triggers')).items[0];

test('a trigger starts runs, goes on after its server was killed, and is listed', async () => {
  await stage.addAgent('polling', { pool: 'Default Worker Pool' });
  const file = join(stage.folder, 'model.yaml');
  writeFileSync(file, MODEL);
  const applied = await stage.longshore(['apply', '-f', file]);
  expect([applied.code, applied.stderr]).toEqual([0, '']);
  await until('two runs succeeded', async () => (await beats()).length >= 2);
  const [first] = await beats();
  await stage.rest.outputHas(first!.taskId, 'by Tick');
  const before = (await status())?.lastRun?.dueAt ?? 0;
  await stage.server.kill();
  await stage.startServer();
  const seen = (await beats()).length;
  await until('it goes on', async () => (await beats()).length >= seen + 2);
  const now = await status();
  expect(now).toMatchObject({ name: 'Tick', lastFailure: null });
  expect(now?.lastRun?.dueAt).toBeGreaterThan(before);
  const listed = await stage.longshore(['trigger', 'list', '--project', 'shop'], { env: { NO_COLOR: '1' } });
  expect([listed.code, listed.stderr]).toEqual([0, '']);
  expect(listed.stdout.toString()).toMatch(/\nTick +run runbook +\* \* \* \* \* \* \(UTC\) +20\d\d-.* 01\w+/);
  const none = await stage.longshore(['trigger', 'list', '--project', 'Shup']);
  expect([none.code, none.stderr]).toEqual([3, expect.stringContaining('did you mean "Shop"?')]);
});

test('a release that is made is deployed to all automatic environments', async () => {
  await stage.rest.post('/releases', { project: 'Shop', version: '1.0.0' });
  await until('it is in both', async () => {
    const all = (await runs()).filter(({ runbookId }) => runbookId === '');
    return all.length === 2 && all.every(({ succeeded }) => succeeded);
  });
});
