/** REST and event streams over the real core and store: what people and programs get to see, also when they are wrong. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { RECORD_HEADER_BYTES } from '@longshore/protocol/spool-record';

import { DIALECTS } from '../support/store.ts';
import { until } from '../support/until.ts';
import { openApiStage, outputOf, readEvents, SPACE, type ApiStage, type PlayedAgent } from './api-stage.ts';

interface Named {
  id: string;
  name: string;
  isDefault: boolean;
  state: string;
}
interface Failure {
  error: {
    code: string;
    message: string;
    fields: { field: string; expected: string }[];
    detail: Record<string, unknown>;
  };
}

describe.each(DIALECTS)('on %s', (dialect) => {
  let stage: ApiStage;
  let agent: PlayedAgent;
  beforeAll(async () => {
    stage = await openApiStage(dialect);
    const { body: pool } = await stage.call<Named>('POST', '/pools', { name: 'linux' });
    agent = await stage.addAgent('w1', { poolIds: [pool.id] });
  }, 60_000);
  afterAll(() => stage.close());

  const call = <T = Failure>(method: string, path: string, body?: unknown) =>
    stage.call<T>(method, path, body);

  describe('who may call', () => {
    const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
      fetch(`${stage.url}${path}`, { headers });

    test('every call needs a key, but livez and readyz', async () => {
      expect((await get('/livez')).status).toBe(200);
      expect((await get('/readyz')).status).toBe(200);
      const closed = [
        '/metrics',
        '/api/v1/openapi.json',
        '/api/v1/whoami',
        `${SPACE}/pools`,
        '/no-such-path',
      ];
      for (const path of closed) expect([path, (await get(path)).status]).toEqual([path, 401]);
    });

    test.each([
      ['a bearer token', (key: string) => ({ authorization: `Bearer ${key}` }), 200],
      ['a header of its own', (key: string) => ({ 'x-longshore-api-key': key }), 200],
      ['a wrong secret', (key: string) => ({ authorization: `Bearer ${key.slice(0, -2)}xx` }), 401],
      ['a wrong id', (key: string) => ({ authorization: `Bearer ${key.replace(/^lsk_../, 'lsk_ZZ')}` }), 401],
      ['another scheme', (key: string) => ({ authorization: `Basic ${key}` }), 401],
    ])('%s', async (_name, headers, status) => {
      expect((await get('/api/v1/whoami', headers(stage.key))).status).toBe(status);
    });

    test('a key works until it is revoked, and not a moment longer', async () => {
      const { body } = await call<{ id: string; key: string }>('POST', '/api-keys', { name: 'ci' });
      const headers = { authorization: `Bearer ${body.key}` };
      const shown = async (): Promise<{ lastUsedAt: number | null } | undefined> => {
        const { body: keys } = await call<{ items: { id: string; lastUsedAt: number | null }[] }>(
          'GET',
          '/api-keys',
        );
        return keys.items.find(({ id }) => id === body.id);
      };
      expect((await shown())?.lastUsedAt).toBeNull();
      const before = Date.now();
      expect((await get('/api/v1/whoami', headers)).status).toBe(200);
      await until('its use is shown', async () => ((await shown())?.lastUsedAt ?? 0) >= before);
      expect((await call('DELETE', `/api-keys/${body.id}`)).status).toBe(204);
      expect((await get('/api/v1/whoami', headers)).status).toBe(401);
      const { body: keys } = await call<{ items: Record<string, unknown>[] }>('GET', '/api-keys');
      expect(JSON.stringify(keys)).not.toContain(body.key.slice(`lsk_${body.id}_`.length));
    });

    test('the last key that works can not be revoked', async () => {
      const { body } = await call<{ apiKey: Named }>('GET', '/api/v1/whoami');
      expect((await call('DELETE', `/api-keys/${body.apiKey.id}`)).status).toBe(409);
    });

    test('another space is not there', async () => {
      expect((await call('GET', '/api/v1/spaces/other/pools')).status).toBe(404);
    });
  });

  describe('worker pools', () => {
    test('made, found by name in any case, renamed, made the default, deleted', async () => {
      expect((await call('POST', '/pools', { name: 'Blue', description: 'b' })).status).toBe(201);
      expect((await call<Named>('GET', '/pools/bLUE')).body.name).toBe('Blue');
      const { body } = await call<Named>('PATCH', '/pools/blue', { name: 'Green', strategy: 'round-robin' });
      expect(body).toMatchObject({ name: 'Green', strategy: 'round-robin', description: 'b', workers: 0 });
      const { body: before } = await call<{ items: Named[] }>('GET', '/pools');
      const former = before.items.find((pool) => pool.isDefault);
      expect((await call<Named>('POST', '/pools/green/default')).body.isDefault).toBe(true);
      const { body: after } = await call<{ items: Named[] }>('GET', '/pools');
      expect(after.items.filter((pool) => pool.isDefault).map(({ name }) => name)).toEqual(['Green']);
      expect((await call('DELETE', '/pools/green')).status).toBe(409);
      await call('POST', `/pools/${former!.id}/default`);
      expect((await call('DELETE', '/pools/green')).status).toBe(204);
      expect((await call('GET', '/pools/green')).status).toBe(404);
    });

    test('a name that is taken, whatever its case', async () => {
      const { status, body } = await call('POST', '/pools', { name: 'LINUX' });
      expect(status).toBe(409);
      expect(body.error.fields[0]?.field).toBe('name');
    });

    test('a pool in use is not deleted, and the error lists what uses it', async () => {
      const queued = await call<Named>('POST', '/tasks', {
        pool: 'linux',
        tools: ['no-such-tool'],
        script: { body: 'x' },
      });
      expect(queued.status).toBe(201);
      const { status, body } = await call('DELETE', '/pools/linux');
      expect(status).toBe(409);
      expect(body.error.message).toContain('worker "w1"');
      expect(body.error.detail['usedBy']).toContainEqual({ kind: 'worker', id: agent.agentId, name: 'w1' });
    });
  });

  describe('what is wrong is told by field', () => {
    test.each([
      ['POST', '/pools', {}, 'name', /required/],
      ['POST', '/pools', { nmae: 'x' }, 'nmae', /did you mean "name"/],
      ['POST', '/tokens', { pools: ['nowhere'] }, 'pools[0]', /there are: .*linux/],
      ['POST', '/tasks', { script: { body: 'x' }, pool: 'linux', workers: ['w1'] }, 'workers', /not both/],
      ['GET', '/tasks?limit=0', undefined, 'limit', /at least 1/],
      ['GET', '/tasks?stat=queued', undefined, 'stat', /"state"/],
      ['PATCH', '/workers/w1', { slots: -1 }, 'slots', /at least 1/],
      [
        'PATCH',
        '/policies/default',
        { healthCheckIntervalMs: 5 },
        'healthCheckIntervalMs',
        /0 \(never\) or at least/,
      ],
    ])('%s %s %j', async (method, path, input, field, expected) => {
      const { status, body } = await call(method, path, input);
      expect(status).toBe(400);
      const problem = body.error.fields.find((candidate) => candidate.field === field);
      expect(problem?.expected).toMatch(expected);
    });

    test('a path that can not be read, and a body that would change what objects inherit', async () => {
      const said = async (method: string, path: string, payload?: string): Promise<unknown> => {
        const headers = { authorization: `Bearer ${stage.key}`, 'content-type': 'application/json' };
        const answer = await stage.api.inject({
          method: method as 'GET',
          url: `${SPACE}${path}`,
          headers,
          payload: payload ?? '',
        });
        return [
          answer.statusCode,
          (JSON.parse(answer.payload) as { error: { code: string; message: string } }).error,
        ];
      };
      const refused = (message: RegExp): unknown => [
        400,
        expect.objectContaining({ code: 'invalid', message: expect.stringMatching(message) }),
      ];
      expect(await said('GET', '/artifacts/%2n/content')).toEqual(
        refused(/path of the request can not be read/),
      );
      expect(await said('GET', `/pools/${'x'.repeat(400)}`)).toEqual(refused(/or is too long/));
      expect(await said('POST', '/pools', '{"name":"p","__proto__":{"a":1}}')).toEqual(
        refused(/`__proto__`/),
      );
      expect(await said('POST', '/pools', '{"name":{"length":{"toString":1}}}')).toEqual(
        refused(/name: expected text/),
      );
    });

    test('a body that is not JSON, or too large', async () => {
      const headers = { authorization: `Bearer ${stage.key}`, 'content-type': 'application/json' };
      const post = (body: string): Promise<Response> =>
        fetch(`${stage.url}${SPACE}/pools`, { method: 'POST', headers, body });
      expect((await post('{"name": secret}')).status).toBe(400);
      expect(await (await post('{"name": secret}')).text()).not.toContain('secret');
      expect((await post(`{"name":"${'x'.repeat(33 * 1024 * 1024)}"}`)).status).toBe(413);
    });
  });

  describe('tasks', () => {
    interface Task extends Named {
      place: number | null;
      target: { poolName: string };
      script: { variables: { name: string; value: string }[] };
    }
    const follow = (path: string, init: RequestInit = {}): Promise<Response> =>
      fetch(`${stage.url}${SPACE}${path}`, {
        ...init,
        headers: {
          authorization: `Bearer ${stage.key}`,
          accept: 'text/event-stream',
          'content-type': 'application/json',
        },
      });

    test('one request submits and follows: state, log, attempts, output and events, to the end', async () => {
      agent.plays.set('speak', {
        output: [
          { stream: 'stdout', bytes: Buffer.from('out\n') },
          { stream: 'stderr', bytes: Buffer.from([0, 255, 10]) },
        ],
        events: [
          { n: 1, atOffset: 0, time: 1, kind: 'setVariable', name: 'v', value: '1', sensitive: false },
        ],
        outcome: { kind: 'exited', code: 3 },
      });
      const response = await follow('/tasks', {
        method: 'POST',
        body: JSON.stringify({ pool: 'linux', name: 'speaks', script: { body: 'speak' } }),
      });
      expect(response.status).toBe(201);
      const events = await readEvents(response);
      expect(events[0]?.event).toBe('task');
      expect(outputOf(events, 'stdout')).toEqual(Buffer.from('out\n'));
      expect(outputOf(events, 'stderr')).toEqual(Buffer.from([0, 255, 10]));
      expect(events.find(({ event }) => event === 'event')?.data).toMatchObject({
        kind: 'setVariable',
        name: 'v',
      });
      const numbers = events
        .filter(({ event }) => event === 'log')
        .flatMap(({ data }) => (data['entries'] as { n: number }[]).map(({ n }) => n));
      expect(numbers).toEqual(numbers.map((_, i) => i + 1));
      const end = events.at(-1)!;
      expect(end.event).toBe('end');
      expect(end.data['task']).toMatchObject({ name: 'speaks', state: 'failed' });
      expect(end.data['attempts']).toMatchObject([
        { workerName: 'w1', outcome: { kind: 'exited', code: 3 }, complete: true },
      ]);
    });

    test('a follower goes on at its cursor: each byte once', async () => {
      const bytes = Buffer.from(Array.from({ length: 20 }, (_, i) => `line ${i}\n`).join(''));
      const go = Promise.withResolvers<void>();
      const chunks = Array.from({ length: 20 }, (_, i) => ({
        stream: 'stdout' as const,
        bytes: Buffer.from(`line ${i}\n`),
      }));
      agent.plays.set('lines', { output: chunks, until: go.promise });
      const { body: task } = await call<Task>('POST', '/tasks', { pool: 'linux', script: { body: 'lines' } });
      const first = await readEvents(
        await follow(`/tasks/${task.id}/stream`),
        ({ event }) => event === 'output',
      );
      go.resolve();
      const cursor = first.at(-1)!.id;
      const second = await readEvents(
        await follow(`/tasks/${task.id}/stream?cursor=${encodeURIComponent(cursor)}`),
      );
      expect(outputOf([...first, ...second], 'stdout')).toEqual(bytes);
      expect(second.at(-1)?.event).toBe('end');
      const again = await readEvents(await follow(`/tasks/${task.id}/stream`));
      expect(outputOf(again, 'stdout')).toEqual(bytes);
      const wrong = await follow(`/tasks/${task.id}/stream?cursor=nonsense`);
      expect(wrong.status).toBe(400);
    });

    test('output as bytes: all of it, one stream, a range of records', async () => {
      const out = Buffer.alloc(300_000, 'o');
      agent.plays.set('bytes', {
        output: [
          { stream: 'stdout', bytes: out },
          { stream: 'stderr', bytes: Buffer.from('err') },
          { stream: 'stdout', bytes: Buffer.from('last') },
        ],
      });
      const { body: task } = await call<Task>('POST', '/tasks', { pool: 'linux', script: { body: 'bytes' } });
      await stage.core.tasks.ended('default', task.id);
      const { body: attempts } = await call<{ items: { id: string; outputLength: number }[] }>(
        'GET',
        `/tasks/${task.id}/attempts`,
      );
      const [attempt] = attempts.items;
      const read = async (query: string): Promise<Buffer> => {
        const response = await follow(`/attempts/${attempt!.id}/${query}`);
        expect(response.headers.get('content-type')).toBe('application/octet-stream');
        return Buffer.from(await response.arrayBuffer());
      };
      expect((await read('output?stream=stdout')).equals(Buffer.concat([out, Buffer.from('last')]))).toBe(
        true,
      );
      expect((await read('output?stream=stderr')).toString()).toBe('err');
      const tail = attempt!.outputLength - 4 - RECORD_HEADER_BYTES;
      expect((await read(`output?from=${tail}`)).toString()).toBe('last');
      expect((await read(`output?from=${tail - 3 - RECORD_HEADER_BYTES}&to=${tail}`)).toString()).toBe('err');
      expect(await read('spool')).toHaveLength(attempt!.outputLength);
    });

    test('what is sensitive is masked, and no caller gets the value back', async () => {
      const variables = [
        { name: 'p', value: 'hunter2', sensitive: true },
        { name: 'q', value: 'plain' },
      ];
      const { body: task } = await call<Task>('POST', '/tasks', {
        pool: 'linux',
        script: { body: 'x', variables },
      });
      const { body: shown } = await call<Task>('GET', `/tasks/${task.id}`);
      expect(shown.script.variables).toMatchObject([{ value: '********' }, { value: 'plain' }]);
      expect(JSON.stringify(shown)).not.toContain('hunter2');
      expect(shown.target.poolName).toBe('linux');
    });

    test('cancel, leases while it runs and their history, and a worker that is leased', async () => {
      const never = new Promise<void>(() => undefined);
      agent.plays.set('for ever', { until: never });
      const { body: task } = await call<Task>('POST', '/tasks', {
        workers: ['W1'],
        script: { body: 'for ever' },
      });
      await until(
        'it runs',
        async () => (await call<Task>('GET', `/tasks/${task.id}`)).body.state === 'executing',
      );
      const held = await until('it holds a lease', async () => {
        const { body } = await call<{ items: { id: string; taskId: string; resource: Named }[] }>(
          'GET',
          '/leases',
        );
        return body.items.find((lease) => lease.taskId === task.id);
      });
      expect(held.resource.name).toBe('w1');
      const { status, body } = await call('DELETE', '/workers/w1');
      expect([status, body.error.code]).toEqual([409, 'conflict']);
      expect(body.error.message).toContain(task.id);
      expect((await call('POST', `/tasks/${task.id}/cancel`)).status).toBe(200);
      expect((await stage.core.tasks.ended('default', task.id)).state).toBe('cancelled');
      const { body: past } = await call<{ items: { id: string; releaseReason: string }[] }>(
        'GET',
        `/leases/history?task=${task.id}`,
      );
      expect(past.items.map(({ id }) => id)).toEqual([held.id]);
    });

    test('what is not there', async () => {
      for (const path of [
        '/tasks/none',
        '/tasks/none/log',
        '/tasks/none/stream',
        '/attempts/none/output',
        '/artifacts/none/content',
      ]) {
        expect([path, (await call('GET', path)).status]).toEqual([path, 404]);
      }
      expect((await call('POST', '/tasks', { pool: 'nowhere', script: { body: 'x' } })).status).toBe(404);
    });
  });

  describe('workers', () => {
    interface Worker extends Named {
      connected: boolean;
      health: string;
      healthReason: string;
      leases: number;
      idleSince: number | null;
      slots: number;
      enabled: boolean;
      pools: Named[];
    }

    test('shown with what matters, changed, listed by pool', async () => {
      const { body: worker } = await call<Worker>('GET', '/workers/w1');
      expect(worker).toMatchObject({ connected: true, health: 'healthy', pools: [{ name: 'linux' }] });
      const { body: changed } = await call<Worker>('PATCH', '/workers/w1', { slots: 7, labels: { a: 'b' } });
      expect(changed).toMatchObject({ slots: 7, labels: { a: 'b' }, enabled: true });
      const { body: of } = await call<{ items: Worker[] }>('GET', '/workers?pool=LINUX');
      expect(of.items.map(({ name }) => name)).toEqual(['w1']);
    });

    test('deleted by force: what runs on it is cancelled first', async () => {
      const other = await stage.addAgent('w2', { poolIds: [] });
      other.plays.set('busy', { until: new Promise<void>(() => undefined) });
      const { body: task } = await call<Named>('POST', '/tasks', {
        workers: ['w2'],
        script: { body: 'busy' },
      });
      await until(
        'it runs',
        async () => (await call<Named>('GET', `/tasks/${task.id}`)).body.state === 'executing',
      );
      expect((await call('DELETE', '/workers/w2?force=true')).status).toBe(204);
      expect((await stage.core.tasks.ended('default', task.id)).state).toBe('cancelled');
      expect(other.cancelled).toHaveLength(1);
      expect((await call('GET', '/workers/w2')).status).toBe(404);
      await until('its session is closed', () => other.closedWhy !== '');
    });

    test('a health check runs the policy script, and standard error is a warning', async () => {
      await call('PATCH', '/policies/default', { healthCheckScript: 'look' });
      agent.plays.set('look', { output: [{ stream: 'stderr', bytes: Buffer.from('disk is slow\n') }] });
      const { status, body: task } = await call<Named>('POST', '/workers/w1/health-check');
      expect(status).toBe(201);
      await until(
        'it has warnings',
        async () => (await call<Worker>('GET', '/workers/w1')).body.health === 'hasWarnings',
      );
      const { body } = await call<{ items: { taskId: string; reason: string }[] }>(
        'GET',
        '/workers/w1/health',
      );
      expect(body.items[0]).toMatchObject({ taskId: task.id, reason: 'disk is slow' });
      agent.plays.set('look', { outcome: { kind: 'exited', code: 1 } });
      await call('POST', '/workers/w1/health-check');
      await until(
        'it is unhealthy',
        async () => (await call<Worker>('GET', '/workers/w1')).body.health === 'unhealthy',
      );
      agent.plays.delete('look');
      await call('POST', '/workers/w1/health-check');
      await until(
        'it is healthy',
        async () => (await call<Worker>('GET', '/workers/w1')).body.health === 'healthy',
      );
    });
  });

  describe('tokens and the audit trail', () => {
    test('a token is shown once, and what was done is on record', async () => {
      const { status, body } = await call<{ id: string; token: string }>('POST', '/tokens', {
        pools: ['linux'],
      });
      expect([status, body.token]).toEqual([201, `lst_${body.id}`]);
      const { body: tokens } = await call<{ items: { id: string; pools: Named[] }[] }>('GET', '/tokens');
      expect(tokens.items.find(({ id }) => id === body.id)?.pools[0]?.name).toBe('linux');
      expect((await call('DELETE', `/tokens/${body.id}`)).status).toBe(204);
      expect((await call('DELETE', `/tokens/${body.id}`)).status).toBe(404);
      const { body: audit } = await call<{ items: { action: string; subject: string; actor: string }[] }>(
        'GET',
        '/audit',
      );
      expect(audit.items[0]).toMatchObject({ action: 'token.deleted', subject: body.id, actor: 'admin' });
    });
  });

  test('the document describes every route with its schemas', async () => {
    const { body } = await call<{
      openapi: string;
      paths: Record<string, object>;
      components: { schemas: object };
    }>('GET', '/api/v1/openapi.json');
    expect(body.openapi).toBe('3.1.0');
    expect(Object.keys(body.paths)).toContain(`/api/v1/spaces/{space}/tasks/{task}/stream`);
    expect(Object.keys(body.components.schemas)).toEqual(
      expect.arrayContaining(['Task', 'Worker', 'CreateTask', 'Error']),
    );
  });

  test('guesses at keys are answered ever more coldly, and do not bar who has one', async () => {
    const guess = (): Promise<Response> =>
      fetch(`${stage.url}/api/v1/whoami`, { headers: { authorization: 'Bearer lsk_x_y' } });
    const barred = await until('guessing is barred', async () => {
      const answer = await guess();
      return answer.status === 429 ? answer : undefined;
    });
    expect(Number(barred.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await call('GET', '/api/v1/whoami')).status).toBe(200);
  });
});
