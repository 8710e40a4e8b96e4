/**
 * Whoever reaches a port of ours and is nobody: connections that never speak,
 * handshakes that never end, floods of HTTP/2. Each costs a bounded number of
 * connections, bytes and seconds, is counted, and disturbs nobody.
 */
import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { faultNumbers } from '../support/faults.ts';
import { flood, FLOODS, tcpTo, tlsTo } from '../support/http2-flood.ts';
import { MetricsProbe } from '../support/metrics.ts';
import { Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const NUMBERS = faultNumbers({
  short: { silent: 300, floods: 2, floodBytes: 2_000_000 },
  full: { silent: 3_000, floods: 15, floodBytes: 100_000_000 },
});
/** Of the agent port (link-limits.ts). */
const HANDSHAKE_TIMEOUT_MS = 5_000;
const UNVERIFIED_PER_ADDRESS = 20;
/** What the server may hold more after all that: garbage not collected yet included. */
const GROWTH_BYTES = 120e6;

let stage: Stage;
let port: number;
let probe: MetricsProbe;

beforeAll(async () => {
  stage = await Stage.open();
  await stage.addAgent('polling', { name: 'honest' });
  port = Number(stage.servers[0]?.agentAddress.split(':').at(-1));
  probe = new MetricsProbe(stage.url, stage.key);
}, 60_000);

afterAll(async () => {
  await stage.close();
});

test('thousands of connections that never speak are sent away, and an agent comes in meanwhile', async () => {
  const silent = await Promise.all(Array.from({ length: NUMBERS.silent }, () => tcpTo(port)));
  // One that only begins: the first bytes of a ClientHello, then nothing.
  for (const socket of silent.slice(0, 50)) socket.write(Buffer.from('16030102000100', 'hex'));
  await worksStill();
  await until('all silent connections were closed', () => silent.every((socket) => socket.closed), {
    timeoutMs: 10 * HANDSHAKE_TIMEOUT_MS,
  });
  expect(await probe.value('connections_refused_total')).toBeGreaterThan(0);
}, 120_000);

test('so many without a certificate from one address, and the others are counted away', async () => {
  const nobody = await Promise.all(Array.from({ length: 3 * UNVERIFIED_PER_ADDRESS }, () => tlsTo(port)));
  await until(
    'only the allowed ones are left',
    () => nobody.filter((socket) => !socket.closed).length <= UNVERIFIED_PER_ADDRESS,
  );
  expect(nobody.filter((socket) => !socket.closed)).toHaveLength(UNVERIFIED_PER_ADDRESS);
  expect(await probe.value('connections_refused_total', 'reason="tooManyUnverified"')).toBe(
    2 * UNVERIFIED_PER_ADDRESS,
  );
  for (const socket of nobody) socket.destroy();
  await worksStill();
}, 60_000);

test.each(FLOODS)(
  'an HTTP/2 flood of %s is cut',
  async (name) => {
    const before = await probe.value('process_resident_memory_bytes');
    const floods = Array.from({ length: NUMBERS.floods }, async () =>
      flood(await tlsTo(port), name, NUMBERS.floodBytes),
    );
    await Promise.all(floods);
    await worksStill();
    const after = await probe.value('process_resident_memory_bytes');
    expect(after - before).toBeLessThan(GROWTH_BYTES);
  },
  120_000,
);

test('headers that are too large are refused, one request only', async () => {
  const session = await http2();
  const outcome = await new Promise<string>((resolve) => {
    const request = session.request({ ':method': 'POST', ':path': '/x', 'x-large': 'x'.repeat(200_000) });
    request.on('error', (error: Error) => resolve(error.message)).on('response', () => resolve('answered'));
    session.on('goaway', () => resolve('goaway')).on('close', () => resolve('closed'));
  });
  expect(outcome).not.toBe('answered');
  session.destroy();
  await worksStill();
}, 60_000);

/** An honest agent's script runs while all that goes on. */
async function worksStill(): Promise<void> {
  const { id } = await stage.rest.script('echo fine', { pool: 'stage' });
  const { task } = await stage.rest.ended(id, { timeoutMs: 20_000 });
  expect(task.state).toBe('success');
}

async function http2(): Promise<ClientHttp2Session> {
  const socket = await tlsTo(port);
  const session = connectHttp2(`https://127.0.0.1:${port}`, { createConnection: () => socket });
  session.on('error', () => undefined);
  return session;
}
