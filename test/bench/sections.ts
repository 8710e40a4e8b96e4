/** What is measured, each against the machine's own limit in the same run where there is one. */
import { createHash } from 'node:crypto';

import { connectAgents, enrolAgents } from './simulated-agents.ts';
import type { Figure } from './figures.ts';
import type { SpawnBaseline } from './spawn-baseline.ts';
import { median, quantile, timeAll, timeEach } from './stats.ts';
import { cpuMs, rssMb, until, type Stage, type StageAgent } from './stage.ts';

export interface BenchContext {
  stage: Stage;
  agent: StageAgent;
  baseline: SpawnBaseline;
  /** What the baseline spawns too. */
  scriptBody: string;
}

const MB = 1_000_000;
/** More than the server's REST_AFTER_MS: what is measured as idle is idle. */
const IDLE_MS = 14_000;

function task(body: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return { script: { interpreter: 'bash', body, ...more } };
}

async function runTrue({ stage, scriptBody }: BenchContext): Promise<void> {
  const end = await stage.client.run(task(scriptBody));
  const state = (end['task'] as { state?: string } | undefined)?.state;
  if (state !== 'success') throw new Error(`the task ended ${String(state)}: ${JSON.stringify(end)}`);
}

/** Both sides, for what follows: the first scripts of a fresh server take half as long again. */
export async function warmUp(context: BenchContext): Promise<void> {
  await timeAll(800, 4, () => runTrue(context));
  await context.baseline.each(100);
}

/** One after another; blocks alternate with the baseline's, so that a drifting machine hits both. */
export async function latency(context: BenchContext): Promise<Figure[]> {
  const blocks = {
    p50: [] as number[],
    p95: [] as number[],
    limit50: [] as number[],
    limit95: [] as number[],
  };
  for (let block = 0; block < 5; block += 1) {
    const limit = await context.baseline.each(60);
    const ours = await timeEach(60, () => runTrue(context));
    blocks.p50.push(median(ours));
    blocks.p95.push(quantile(ours, 0.95));
    blocks.limit50.push(median(limit));
    blocks.limit95.push(quantile(limit, 0.95));
  }
  const figure = (name: string, ours: number[], limit: number[], bar: number, aim: number): Figure => ({
    name,
    value: median(ours),
    unit: 'ms',
    limit: median(limit),
    ratio: median(ours.map((value, i) => value / (limit[i] ?? Number.NaN))),
    bar,
    aim,
    better: 'lower',
  });
  return [
    figure('one after another, p50', blocks.p50, blocks.limit50, 2.2, 1.5),
    figure('one after another, p95', blocks.p95, blocks.limit95, 3, 2.5),
  ];
}

export async function throughput(context: BenchContext): Promise<Figure[]> {
  const figures: Figure[] = [];
  const { stage, agent } = context;
  const processes = { server: stage.serverPid, 'agent link': agent.pid, 'script host': agent.hostPid };
  const before = Object.entries(processes).map(([name, pid]) => ({ name, pid, ms: cpuMs(pid) }));
  let scripts = 0;
  for (const [width, bar, aim] of [
    [1, 0.5, 0.75],
    [8, 0.7, 1.0],
    [32, 0.75, 1.25],
  ] as const) {
    const [ours, limits]: [number[], number[]] = [[], []];
    for (let block = 0; block < 5; block += 1) {
      const count = width === 1 ? 80 : 240;
      limits.push(await context.baseline.rate(count, width));
      scripts += count;
      ours.push(count / (await timeAll(count, width, () => runTrue(context))));
    }
    figures.push({
      name: `scripts a second, ${width} at once`,
      value: median(ours),
      unit: '/s',
      limit: median(limits),
      ratio: median(ours.map((value, i) => value / (limits[i] ?? Number.NaN))),
      bar,
      aim,
      better: 'higher',
    });
  }
  for (const { name, pid, ms } of before) {
    figures.push({
      name: `processor time of the ${name}, a script`,
      value: (cpuMs(pid) - ms) / scripts,
      unit: 'ms',
      better: 'lower',
    });
  }
  return figures;
}

/** 1,000,000 lines, 100 MB, with a secret in force, until stored and readable; every byte compared. */
export async function bulk({ stage, agent }: BenchContext): Promise<Figure[]> {
  const line = 'x'.repeat(99);
  const expected = createHash('sha256');
  for (let i = 0; i < 1000; i += 1) expected.update(`${line}\n`.repeat(1000));
  const digest = expected.digest('hex');
  const before = { server: rssMb(stage.serverPid), agent: rssMb(agent.pid), host: rssMb(agent.hostPid) };
  const most = { ...before };
  const watch = setInterval(() => {
    most.server = Math.max(most.server, rssMb(stage.serverPid));
    most.agent = Math.max(most.agent, rssMb(agent.pid));
    most.host = Math.max(most.host, rssMb(agent.hostPid));
  }, 20);
  const seconds: number[] = [];
  for (let run = 0; run < 3; run += 1) {
    const begin = performance.now();
    const created = await stage.client.json(
      'POST',
      '/tasks',
      task(`yes ${line} | head -n 1000000`, {
        variables: [{ name: 'password', value: 'correct horse battery staple', sensitive: true }],
      }),
    );
    const id = String(created['id']);
    await until(
      'the task ends',
      async () => (await stage.client.json('GET', `/tasks/${id}`))['state'] === 'success',
      60,
    );
    seconds.push((performance.now() - begin) / 1000);
    const attempts = (await stage.client.json('GET', `/tasks/${id}/attempts`))['items'] as { id: string }[];
    const stored = createHash('sha256');
    await stage.client.bytes(`/attempts/${attempts[0]?.id ?? ''}/output?stream=stdout`, (bytes) =>
      stored.update(bytes),
    );
    if (stored.digest('hex') !== digest) throw new Error('the stored log differs from what was printed');
  }
  clearInterval(watch);
  const best = median(seconds);
  const growth = (name: 'server' | 'agent' | 'host'): Figure => ({
    name: `${name} grows by, at 100 MB`,
    value: most[name] - before[name],
    unit: 'MB',
    bar: 64,
    aim: 32,
    better: 'lower',
  });
  return [
    {
      name: '100 MB stored, masked, byte-exact',
      value: best,
      unit: 's',
      bar: 1.2,
      aim: 0.8,
      better: 'lower',
    },
    { name: 'log throughput', value: 100 / best, unit: 'MB/s', better: 'higher' },
    { name: 'log lines', value: MB / best, unit: '/s', better: 'higher' },
    growth('server'),
    growth('agent'),
    growth('host'),
  ];
}

/** From the print of a line, which carries its own time, to the line at a follower; 100 lines a second. */
export async function lineDelay({ stage }: BenchContext): Promise<Figure[]> {
  const delays: number[] = [];
  // A pause by `read` forks nothing: a `sleep` would, and take a processor just when the line is on its way.
  const body =
    'exec 9<> <(:); for i in $(seq 500); do printf "%s\\n" "$EPOCHREALTIME"; read -rt 0.01 -u 9; done';
  await stage.client.run(task(body), ({ event, data }) => {
    if (event !== 'output') return;
    const now = performance.timeOrigin + performance.now();
    for (const record of data['records'] as { base64: string }[]) {
      for (const line of Buffer.from(record.base64, 'base64').toString().trim().split('\n')) {
        delays.push(now - Number(line) * 1000);
      }
    }
  });
  if (delays.length !== 500) throw new Error(`${delays.length} of 500 lines came`);
  return [
    {
      name: 'a line at the follower, p50',
      value: median(delays),
      unit: 'ms',
      bar: 1,
      aim: 1,
      better: 'lower',
    },
    {
      name: 'a line at the follower, p99',
      value: quantile(delays, 0.99),
      unit: 'ms',
      bar: 4,
      aim: 4,
      better: 'lower',
    },
  ];
}

export function idleMemory({ stage, agent }: BenchContext): Figure[] {
  const figure = (name: string, pid: number, bar: number, aim: number): Figure => ({
    name: `${name}, idle, resident`,
    value: rssMb(pid),
    unit: 'MB',
    bar,
    aim,
    better: 'lower',
  });
  return [
    figure('server', stage.serverPid, 80, 75),
    figure('agent link', agent.pid, 65, 55),
    figure('script host', agent.hostPid, 50, 50),
  ];
}

export async function startToReady({ agent }: BenchContext): Promise<Figure[]> {
  const samples: number[] = [];
  for (let i = 0; i < 5; i += 1) samples.push(await agent.restart());
  return [
    { name: 'agent start to ready', value: median(samples), unit: 'ms', bar: 120, aim: 95, better: 'lower' },
  ];
}

/** Tasks accepted durably, while none can start: the one slot of their pool's worker is taken. */
export async function submissions({ stage }: BenchContext): Promise<Figure[]> {
  const pool = String((await stage.client.json('POST', '/pools', { name: 'full' }))['id']);
  const agent = await stage.startAgent('bench-full', { slots: 1, pool: 'full' });
  const holder = await stage.client.json('POST', '/tasks', {
    pool,
    script: { interpreter: 'bash', body: 'sleep 120' },
  });
  const running = async (): Promise<boolean> =>
    (await stage.client.json('GET', `/tasks/${String(holder['id'])}`))['state'] === 'executing';
  await until('the slot is taken', running);
  const count = 4000;
  const seconds = await timeAll(count, 32, async () => {
    await stage.client.json('POST', '/tasks', { pool, script: { interpreter: 'bash', body: 'true' } });
  });
  await stage.client.json('POST', `/tasks/${String(holder['id'])}/cancel`);
  await agent.stop();
  return [
    {
      name: 'durable submissions',
      value: count / seconds,
      unit: '/s',
      bar: 2000,
      aim: 2000,
      better: 'higher',
    },
  ];
}

/** What it holds once it had time to give back what was only passing. */
async function idleRssMb(pid: number): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  return rssMb(pid);
}

export async function manyAgents({ stage }: BenchContext): Promise<Figure[]> {
  const count = 500;
  const identities = await enrolAgents(stage, count);
  const before = await idleRssMb(stage.serverPid);
  const agents = await connectAgents(stage, identities);
  const after = await idleRssMb(stage.serverPid);
  await agents.close();
  return [
    {
      name: 'agents held over TLS',
      value: agents.connected,
      unit: '',
      bar: count,
      aim: count,
      better: 'higher',
    },
    {
      name: 'server memory for an agent',
      value: ((after - before) * 1024) / count,
      unit: 'KB',
      bar: 130,
      aim: 130,
      better: 'lower',
    },
  ];
}
