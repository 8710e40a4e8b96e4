/**
 * Who reaches the REST port and means harm: without an API key, and with one.
 * Each costs a bounded number of connections, bytes and seconds, is counted,
 * and people who have a key work on meanwhile.
 */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';

import { faultNumbers } from '../support/faults.ts';
import { MetricsProbe } from '../support/metrics.ts';
import { RawHttp, requestText } from '../support/raw-http.ts';
import { Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

/** Growth is what the server may hold more after each: garbage not collected yet included; with it, it stays below 400 MB. */
const NUMBERS = faultNumbers({
  short: {
    silent: 2_300,
    slow: 100,
    wrongKeys: 300,
    pipelines: 20,
    followers: 250,
    downloads: 100,
    bombs: 2,
    untilCut: false,
    growthBytes: 250e6,
  },
  full: {
    silent: 8_000,
    slow: 1_500,
    wrongKeys: 10_000,
    pipelines: 200,
    followers: 2_500,
    downloads: 600,
    bombs: 30,
    untilCut: true,
    growthBytes: 300e6,
  },
});
/** Of the server (limits.ts), with some time for a machine that is busy. */
const HEAD_MS = 15_000;
const STRANGERS = 2_000;
const UNREAD_MS = 60_000;
const STREAMS_OF_A_KEY = 2_000;
const DOWNLOADS_OF_A_KEY = 16;
const PATIENCE = { timeoutMs: 4 * HEAD_MS };
/** Someone waits for it, so it is prompt; on a machine that is busy with the flood itself. */
const PROMPT_MS = 5_000;

const V1 = '/api/v1';
const TASKS = `${V1}/spaces/default/tasks`;

let stage: Stage;
let port: number;
let probe: MetricsProbe;
let attemptId: string;
let taskId: string;
let opened: RawHttp[] = [];

beforeAll(async () => {
  stage = await Stage.open();
  await stage.addAgent('polling', { name: 'honest' });
  port = Number(new URL(stage.url).port);
  probe = new MetricsProbe(stage.url, stage.key);
  // Some megabytes to be followed and downloaded.
  ({ id: taskId } = await stage.rest.script('head -c 8000000 /dev/zero | tr "\\0" x', { pool: 'stage' }));
  ({ id: attemptId } = (await stage.rest.ended(taskId)).attempt);
}, 60_000);

afterEach(() => {
  for (const raw of opened) raw.close();
  opened = [];
});

afterAll(async () => {
  for (const raw of neverSpeak) raw.close();
  await stage.close();
}, 60_000);

const memory = (): Promise<number> => probe.value('process_resident_memory_bytes');
const refused = (reason: string): Promise<number> =>
  probe.value('connections_refused_total', `port="http",reason="${reason}"`);

async function open(count: number): Promise<RawHttp[]> {
  const some = await RawHttp.openMany(port, count);
  opened.push(...some);
  return some;
}

async function one(): Promise<RawHttp> {
  const [raw] = await open(1);
  if (raw === undefined) throw new Error('no connection');
  return raw;
}

/** Head and body of who has a key. */
function keyed(method: string, path: string, options: Parameters<typeof requestText>[2] = {}): string {
  const headers = {
    authorization: `Bearer ${stage.key}`,
    ...(method === 'GET' ? {} : { 'content-type': 'application/json' }),
    ...options.headers,
  };
  return requestText(method, path, { ...options, headers });
}

/** A person's script runs, on a connection of its own, and the answers are prompt. */
async function worksStill(): Promise<void> {
  const began = performance.now();
  const submitted = await fetch(`${stage.url}${TASKS}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${stage.key}`,
      'content-type': 'application/json',
      connection: 'close',
    },
    body: JSON.stringify({ pool: 'stage', script: { body: 'echo fine' } }),
  });
  expect(submitted.status).toBe(201);
  expect(performance.now() - began).toBeLessThan(PROMPT_MS);
  const { id } = (await submitted.json()) as { id: string };
  expect((await stage.rest.ended(id)).task.state).toBe('success');
}

async function withoutGrowth(attack: () => Promise<void>): Promise<void> {
  const before = await memory();
  await attack();
  let grown = 0;
  const look = async (): Promise<boolean> => (grown = (await memory()) - before) < NUMBERS.growthBytes;
  // Not oftener: a server that is asked again and again has no rest in which it collects its garbage.
  await until('the memory is given back', look, { pauseMs: 1_000 }).catch((thrown: unknown) => {
    throw new Error(`the server has ${grown} bytes more than before`, { cause: thrown });
  });
}

/** They stay to the last test: all others go on beside them. */
const neverSpeak: RawHttp[] = [];

test('thousands of connections that never speak, or never end their heads', async () => {
  await withoutGrowth(async () => {
    neverSpeak.push(...(await RawHttp.openMany(port, NUMBERS.silent)));
    const slow = await RawHttp.openMany(port, NUMBERS.slow);
    for (const raw of slow) raw.trickle('GET /livez HTTP/1.1\r\nx-slow: '.padEnd(2_000, 'x'), 250);
    neverSpeak.push(...slow);
    // What the first ones held is the newcomers'.
    await until('no more than the allowed ones are left', () => left(neverSpeak) <= STRANGERS);
    expect(await refused('tooManyStrangers')).toBeGreaterThan(0);
    // On a machine that is busy the first ones' time may have passed by now.
    expect((await refused('tooManyStrangers')) + (await refused('tooSlow'))).toBeGreaterThanOrEqual(
      neverSpeak.length - STRANGERS,
    );
    await worksStill();
  });
}, 120_000);

function left(some: readonly RawHttp[]): number {
  return some.filter(({ closed }) => !closed).length;
}

test('without a key: bodies that never end, pipelines, upgrades, garbage', async () => {
  await withoutGrowth(async () => {
    const endless = await open(NUMBERS.pipelines);
    const piece = 'x'.repeat(65_536);
    for (const raw of endless) {
      raw.send(requestText('POST', TASKS, { headers: { 'transfer-encoding': 'chunked' } }));
      pour(raw, `10000\r\n${piece}\r\n`);
    }
    const pipelines = await open(NUMBERS.pipelines);
    for (const raw of pipelines) pour(raw.deaf(), requestText('GET', '/livez').repeat(2_000));
    const garbage = await open(NUMBERS.pipelines);
    for (const raw of garbage) raw.send(Buffer.alloc(1_000, 0xff));
    const upgrade = await one();
    upgrade.send(requestText('GET', TASKS, { headers: { upgrade: 'websocket', connection: 'upgrade' } }));
    expect([401, 429]).toContain(await upgrade.status());
    const tunnel = await one();
    tunnel.send(requestText('CONNECT', 'example.org:443'));
    await until('a CONNECT is closed', () => tunnel.closed);
    await worksStill();
    await until('all were cut', () => left([...endless, ...pipelines, ...garbage]) === 0, PATIENCE);
    for (const reason of ['strangerTooMuch', 'pipelined', 'malformed'])
      expect([reason, await refused(reason)]).toEqual([reason, expect.any(Number)]);
    expect(await refused('strangerTooMuch')).toBeGreaterThanOrEqual(NUMBERS.pipelines);
    expect(await refused('pipelined')).toBeGreaterThanOrEqual(NUMBERS.pipelines);
    expect(await refused('malformed')).toBeGreaterThanOrEqual(NUMBERS.pipelines);
    await worksStill();
  });
}, 120_000);

/** As much as it takes, until it is closed. */
function pour(raw: RawHttp, text: string): void {
  const more = (): void => {
    while (!raw.closed) if (!raw.socket.write(text)) return void raw.socket.once('drain', more);
  };
  more();
}

test('floods of wrong keys bar nobody who has one, also not one that this server has not seen yet', async () => {
  const { key } = await stage.rest.post<{ key: string }>('/api-keys', { name: 'newcomer' });
  const guess = async (n: number): Promise<number> => {
    const authorization = `Bearer lsk_01ARZ3NDEKTSV4RRFFQ69G5FAV_${String(n).padStart(43, 'x')}`;
    const answer = await fetch(`${stage.url}${V1}/whoami`, { headers: { authorization } });
    await answer.arrayBuffer();
    return answer.status;
  };
  const before = await probe.value('http_keys_refused_total');
  for (let n = 0; n < NUMBERS.wrongKeys; n += 50) {
    const statuses = await Promise.all(Array.from({ length: 50 }, (_, i) => guess(n + i)));
    for (const status of statuses) expect([401, 429]).toContain(status);
  }
  expect(await guess(-1)).toBe(429);
  const newcomer = await fetch(`${stage.url}${V1}/whoami`, { headers: { authorization: `Bearer ${key}` } });
  expect(newcomer.status).toBe(200);
  expect((await probe.value('http_keys_refused_total')) - before).toBeGreaterThanOrEqual(NUMBERS.wrongKeys);
  await worksStill();
}, 120_000);

const DEEP = '{"script":{"body":"x"},"name":';

/** Bodies of few bytes that would be gigabytes, or minutes, for who takes them as they are. */
const BOMBS: Record<string, { body: () => string | Buffer; status: number }> = {
  'millions of wrong values': {
    body: () => `{"script":{"body":"x","arguments":[${'1,'.repeat(15_000_000)}1]}}`,
    status: 413,
  },
  'millions of empty objects': { body: () => `[${'{},'.repeat(10_000_000)}{}]`, status: 413 },
  'unknown names, as many as may be': {
    body: () => `{"script":{"body":"x"},${Array.from({ length: 40_000 }, (_, i) => `"k${i}":1`).join(',')}}`,
    status: 400,
  },
  'a name of thirty megabytes': {
    body: () => `{"script":{"body":"x"},"${'k'.repeat(30_000_000)}":1}`,
    status: 400,
  },
  'lists a million deep': {
    body: () => `${DEEP}${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}`,
    status: 413,
  },
  'a body that is too large': {
    body: () => `{"script":{"body":"${'x'.repeat(33 * 1024 * 1024)}"}}`,
    status: 413,
  },
  ['__proto__']: { body: () => `{"script":{"body":"x"},"__proto__":{"caller":{"keyId":"x"}}}`, status: 400 },
  'constructor.prototype': {
    body: () => `{"script":{"body":"x"},"constructor":{"prototype":{"open":true}}}`,
    status: 400,
  },
  'bytes that are no UTF-8': {
    body: () =>
      Buffer.concat([
        Buffer.from('{"pool":"stage","script":{"body":"echo '),
        Buffer.from([0xff, 0xfe]),
        Buffer.from('"}}'),
      ]),
    status: 400,
  },
};

test.each(Object.keys(BOMBS))(
  'with a key: %s',
  async (name) => {
    const { body, status } = BOMBS[name] ?? { body: () => '', status: 0 };
    await withoutGrowth(async () => {
      for (let n = 0; n < NUMBERS.bombs; n += 1) {
        const raw = await one();
        const bytes = Buffer.from(body());
        const headers = { 'content-length': String(bytes.length) };
        raw.send(keyed('POST', TASKS, { headers })).send(bytes);
        expect(await raw.status()).toBe(status);
        // What is wrong is said in few words.
        expect(raw.heard.length).toBeLessThan(100_000);
        raw.close();
      }
      await worksStill();
    });
    expect(await probe.value('event_loop_lag_max_seconds')).toBeLessThan(5);
  },
  120_000,
);

const ODD: Record<string, { text: () => string; status: number }> = {
  'an id with ../': { text: () => keyed('GET', `${TASKS}/..%2f..%2f..%2fetc%2fpasswd`), status: 404 },
  'a path with ../': { text: () => keyed('GET', `${V1}/spaces/default/../../../etc/passwd`), status: 404 },
  'an id with %2e%2e%2f': {
    text: () => keyed('GET', `${V1}/spaces/default/artifacts/%2e%2e%2fx/content`),
    status: 404,
  },
  'an id with %00': { text: () => keyed('GET', `${V1}/spaces/default/attempts/%00/output`), status: 404 },
  'a path that is no UTF-8': { text: () => keyed('GET', `${TASKS}/%ff%fe`), status: 400 },
  'a very long id': { text: () => keyed('GET', `${TASKS}/${'x'.repeat(5_000)}`), status: 400 },
  'an id of another kind': {
    text: () => keyed('GET', `${V1}/spaces/default/attempts/${taskId}`),
    status: 404,
  },
  'another space': { text: () => keyed('GET', `${V1}/spaces/__proto__/tasks`), status: 404 },
  'a name given twice in the query': { text: () => keyed('GET', `${TASKS}?limit=1&limit=2`), status: 400 },
  '__proto__ in the query': { text: () => keyed('GET', `${TASKS}?__proto__[x]=1`), status: 400 },
  'another type of content': {
    text: () =>
      keyed('POST', TASKS, { headers: { 'content-type': 'text/plain' }, body: '{"script":{"body":"x"}}' }),
    status: 400,
  },
  'no JSON': { text: () => keyed('POST', TASKS, { body: 'script=x' }), status: 400 },
  'a length and chunks': {
    text: () =>
      keyed('POST', TASKS, {
        headers: { 'content-length': '5', 'transfer-encoding': 'chunked' },
        body: '0\r\n\r\n',
      }),
    status: 400,
  },
  'two lengths': {
    text: () =>
      keyed('POST', TASKS, { headers: { 'content-length': '5', 'Content-Length': '6' }, body: '{"a":1' }),
    status: 400,
  },
  'chunks that are none': {
    text: () => `${keyed('POST', TASKS, { headers: { 'transfer-encoding': 'chunked' } })}zz\r\n{}\r\n`,
    status: 400,
  },
  'a head that is too large': {
    text: () => keyed('GET', TASKS, { headers: { 'x-large': 'x'.repeat(100_000) } }),
    status: 431,
  },
  'a package that is none': {
    text: () =>
      keyed('POST', `${V1}/spaces/default/agent-packages`, {
        headers: { 'content-type': 'application/octet-stream' },
        body: 'x'.repeat(1_000),
      }),
    status: 400,
  },
};

test('what is no request of ours is answered by a word, and nothing is done', async () => {
  // A health check may come due meanwhile.
  const asked = async (): Promise<object[]> => {
    const { items } = await stage.rest.get<{ items: { createdBy: string }[] }>('/tasks?limit=1000');
    return items.filter(({ createdBy }) => createdBy !== 'schedule');
  };
  const before = await asked();
  for (const [name, { text, status }] of Object.entries(ODD)) {
    const raw = await one();
    raw.send(text());
    expect([name, await raw.status()]).toEqual([name, status]);
    raw.close();
  }
  expect(await asked()).toHaveLength(before.length);
}, 60_000);

test('with a key: large bodies and uploads that stall hold up nobody else', async () => {
  const { key } = await stage.rest.post<{ key: string }>('/api-keys', { name: 'slow' });
  await withoutGrowth(async () => {
    const headers = { authorization: `Bearer ${key}` };
    const large = { ...headers, 'content-length': '30000000', 'content-type': 'application/json' };
    for (const raw of await open(NUMBERS.slow))
      raw.send(requestText('POST', TASKS, { headers: large })).send('{"'.padEnd(60_000));
    const chunked = {
      ...headers,
      'transfer-encoding': 'chunked',
      'content-type': 'application/octet-stream',
    };
    for (const raw of await open(5))
      raw
        .send(requestText('POST', `${V1}/spaces/default/agent-packages`, { headers: chunked }))
        .trickle('1\r\nx\r\n', 100);
    await worksStill();
    // Also what is as large.
    const { id } = await stage.rest.script(`echo fine #${'x'.repeat(2_000_000)}`, { pool: 'stage' });
    expect((await stage.rest.ended(id)).task.state).toBe('success');
  });
}, 120_000);

test('with a key: followers and downloads that never read', async () => {
  await withoutGrowth(async () => {
    const followers = await open(NUMBERS.followers);
    for (const raw of followers) raw.deaf().send(keyed('GET', `${TASKS}/${taskId}/stream`));
    const downloads = await open(NUMBERS.downloads);
    for (const raw of downloads)
      raw.deaf().send(keyed('GET', `${V1}/spaces/default/attempts/${attemptId}/output`));
    await until('those that were too many were cut', async () => (await refused('notReading')) > 0, PATIENCE);
    await worksStill();
    // Whoever reads gets it whole, with another key: this one's downloads are all taken.
    const { key } = await stage.rest.post<{ key: string }>('/api-keys', { name: 'reader' });
    const answer = await fetch(`${stage.url}${V1}/spaces/default/attempts/${attemptId}/output`, {
      headers: { authorization: `Bearer ${key}` },
    });
    expect((await answer.arrayBuffer()).byteLength).toBe(8_000_000);
    if (!NUMBERS.untilCut) return;
    // Those that were let in, and the downloads that had their turn.
    const all = STREAMS_OF_A_KEY + DOWNLOADS_OF_A_KEY;
    await until('all were cut', async () => (await refused('notReading')) >= all, {
      timeoutMs: 3 * UNREAD_MS,
      pauseMs: 1_000,
    });
  });
}, 400_000);

test('at last, those that never spoke were all sent away', async () => {
  // The word finds those out that the server never had, for its queue was full.
  for (const raw of neverSpeak) raw.send('x');
  await until('all were closed', () => left(neverSpeak) === 0, PATIENCE);
  expect(await refused('tooSlow')).toBeGreaterThan(0);
  await worksStill();
}, 120_000);
