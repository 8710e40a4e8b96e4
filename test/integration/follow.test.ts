/** Following a task at the moments that a real connection meets seldom. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { beginning } from '@longshore/server/api/cursor';
import { TaskFollower } from '@longshore/server/api/follow';
import { createKnownNames } from '@longshore/server/app/machines/known-names';
import type { TaskChange } from '@longshore/server/app/ports/core-api';
import { DEFAULT_SPACE } from '@longshore/server/app/machines/bootstrap';

import { until } from '../support/until.ts';
import { openApiStage, type ApiStage } from './api-stage.ts';

let stage: ApiStage;
beforeAll(async () => {
  stage = await openApiStage();
}, 60_000);
afterAll(() => stage.close());

test('a task that ends while its follower catches up, and goes on being spoken of: no output is left out', async () => {
  const { core, logs, store } = stage;
  const agent = await stage.addAgent('w-follow');
  const mayEnd = Promise.withResolvers<void>();
  const pieces = Array.from({ length: 30 }, (_, n) => Buffer.alloc(50_000, `${n} `));
  agent.plays.set('long', {
    output: pieces.map((bytes) => ({ stream: 'stdout' as const, bytes })),
    until: mayEnd.promise,
  });
  const { body } = await stage.call<{ id: string }>('POST', '/tasks', {
    workers: ['w-follow'],
    script: { body: 'long' },
  });
  const changes: TaskChange[] = [];
  core.tasks.watch(DEFAULT_SPACE, body.id, (change) => changes.push(change));
  await until('all of it is stored', async () => {
    const [attempt] = await core.tasks.attempts(DEFAULT_SPACE, body.id);
    return attempt !== undefined && (await logs.length(attempt.id)) > 30 * 50_000;
  });
  const running = await core.tasks.attempts(DEFAULT_SPACE, body.id);
  expect(running[0]).toMatchObject({ outputLength: 0, endedAt: null });
  mayEnd.resolve();
  await core.tasks.ended(DEFAULT_SPACE, body.id);
  await until('its end was told', () =>
    changes.some((change) => change.kind === 'task' && change.task.state === 'success'),
  );

  const names = createKnownNames(store);
  let told = '';
  let heard: (change: TaskChange) => void = () => undefined;
  const follower = new TaskFollower(
    {
      names,
      core: {
        ...core,
        tasks: {
          ...{ log: core.tasks.log.bind(core.tasks), events: core.tasks.events.bind(core.tasks) },
          get: core.tasks.get.bind(core.tasks),
          sinceBirth: () => undefined,
          watch(_space: string, _id: string, listener: (change: TaskChange) => void) {
            heard = listener;
            return () => undefined;
          },
          // Its rows are read just before the end, and the end is heard by the time that they arrive.
          async attempts() {
            for (const change of changes) heard(change);
            return running;
          },
        } as unknown as typeof core.tasks,
      },
      logs: {
        read: logs.read.bind(logs),
        follow: () => () => undefined,
        length: () => new Promise<number>(() => undefined),
      },
    },
    { task: await core.tasks.get(DEFAULT_SPACE, body.id), place: beginning() },
    {
      write: (text) => void (told += text),
      cut: () => undefined,
      // Another node speaks of it again, each time that something was sent.
      async room() {
        const last = changes.at(-1);
        const sent = told.split('event: output').length - 1;
        if (last !== undefined && sent > 0 && sent < 4) heard(last);
      },
    },
  );
  await follower.run();
  const events = told.split('\n\n').map((event) => /event: (\w+)\ndata: (.*)$/m.exec(event));
  const output = events.flatMap((event) => {
    if (event?.[1] !== 'output') return [];
    const { records } = JSON.parse(event[2] ?? '') as { records: { base64: string }[] };
    return records.map(({ base64 }) => Buffer.from(base64, 'base64'));
  });
  expect(events.filter((event) => event !== null).at(-1)?.[1]).toBe('end');
  expect(Buffer.concat(output).equals(Buffer.concat(pieces))).toBe(true);
  names.close();
}, 60_000);
