/** A question to people is read by whoever may see the task: no sensitive value stands in it. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { openApiStage, type ApiStage } from './api-stage.ts';
import { until } from '../support/until.ts';

const MODEL = `kind: Environment
name: Test
---
kind: Lifecycle
name: All
---
kind: Project
name: Web
lifecycle: All
variables:
  - { name: Token, sensitive: true, value: hunter2 }
steps:
  - name: Approve
    manual: { instructions: "Is #{Token} right?", responsible: ops }
`;

let stage: ApiStage;
beforeAll(async () => {
  stage = await openApiStage();
  await stage.call('POST', '/apply', { files: [{ path: 'model.yaml', text: MODEL }] });
  await stage.call('POST', '/releases', { project: 'Web', version: '1.0.0' });
}, 60_000);
afterAll(() => stage.close());

// Fails until the instructions of a manual step are masked where they are made (app/course/units.ts, askPeople).
test('the instructions of a manual step', async () => {
  await stage.call('POST', '/deployments', { project: 'Web', version: '1.0.0', environment: 'Test' });
  const text = await until('it asks', async () => {
    const { body } = await stage.call<{ items: { instructions: string }[] }>('GET', '/interruptions');
    return body.items[0]?.instructions;
  });
  expect(text).toBe('Is ******** right?');
});
