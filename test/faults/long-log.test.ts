/**
 * A log as long as a disk is slow: 10 GB (short: 100 MB) while the server's
 * disk takes less than the script prints, and the agent may keep only a part.
 * Memory is bounded at both ends, other scripts' output is seen within a
 * second, nothing is lost. And a log with a largest size: what was dropped is
 * said to the byte.
 */
import { statfsSync } from 'node:fs';

import { afterEach, describe, expect, test } from '@jest/globals';
import { decodeMarker, decodeRecords } from '@longshore/protocol/spool-record';

import { ENDED, type AttemptBody } from '../support/rest.ts';
import { faultNumbers } from '../support/faults.ts';
import { inEachMode } from '../support/matrix.ts';
import { peakResidentBytes } from '../support/proc.ts';
import { SHIM_MISSING } from '../support/shim/build.ts';
import { POOL, Stage } from '../support/stage.ts';
import { digestOfStored, download } from '../support/stored-log.ts';
import { until } from '../support/until.ts';

const { lines, diskBytesPerSecond, quotaBytes } = faultNumbers({
  short: { lines: 100_000, diskBytesPerSecond: 40_000_000, quotaBytes: 32 * 2 ** 20 },
  full: { lines: 10_000_000, diskBytesPerSecond: 60_000_000, quotaBytes: 2 ** 30 },
});
const LINE_BYTES = 1000;
const FILLER = 'abcdefghij'.repeat(99).slice(0, LINE_BYTES - 14);
const SEEN_WITHIN_MS = 1000;
const MIB = 2 ** 20;
const MOST = { agent: 150 * MIB, host: 150 * MIB, server: 400 * MIB };

if (SHIM_MISSING !== undefined) console.warn(`SKIPPED: logs on a slow disk: ${SHIM_MISSING}`);

let stage: Stage | undefined;
afterEach(async () => {
  await stage?.close();
  stage = undefined;
}, 120_000);

inEachMode('a long log on a slow disk', (mode) => {
  (SHIM_MISSING === undefined ? test : test.skip)(
    'is whole, in bounded memory, and holds nobody else up',
    async () => {
      stage = await Stage.open({ shim: true });
      const { rest } = stage;
      const agent = await stage.addAgent(mode);
      needRoom(stage);
      const { shim } = stage.servers[0]!;
      shim.throttle(diskBytesPerSecond);
      const begun = performance.now();
      const { id } = await rest.script(`seq -f '%012.0f ${FILLER}' 1 ${lines}`, {
        pool: POOL,
        script: { outputQuotaBytes: quotaBytes },
      });
      const beats = await follow(stage, id);
      const { task, attempt } = await rest.ended(id, { timeoutMs: 60_000 + lines });
      const seconds = (performance.now() - begun) / 1000;
      shim.throttle(0);
      expect(shim.attached).toBeGreaterThan(0);
      expect(task.state).toBe('success');
      const pids = { agent: agent.daemon.pid, host: agent.hostPid, server: stage.server.pid };
      const peaks = Object.entries(pids).map(([name, pid]) => [name, peakResidentBytes(pid)] as const);
      process.stderr.write(
        `long-log (${mode}): ${String(lines * LINE_BYTES)} bytes in ${seconds.toFixed(1)} s; peaks in MiB: ` +
          `${peaks.map(([name, bytes]) => `${name} ${String(Math.round(bytes / MIB))}`).join(', ')}; ` +
          `${String(beats.length)} beats of another script, the latest seen after ${String(Math.round(Math.max(...beats)))} ms\n`,
      );
      expect(beats.length).toBeGreaterThan(5);
      expect(Math.max(...beats)).toBeLessThan(SEEN_WITHIN_MS);
      const tooMuch = peaks.filter(([name, bytes]) => bytes >= MOST[name as keyof typeof MOST]);
      expect(tooMuch).toEqual([]);
      await mustBeWhole(stage, attempt);
      const words = await rest.get<{ items: { text: string }[] }>(`/tasks/${id}/log`);
      expect(words.items.filter(({ text }) => /missing|digest/.test(text))).toEqual([]);
    },
    300_000 + lines,
  );
});

/** The log, what the agent keeps of it, and the floors of both programs. */
function needRoom({ folder }: Stage): void {
  const { bavail, bsize } = statfsSync(folder);
  const needed = lines * LINE_BYTES * 1.1 + quotaBytes + 2 ** 30;
  if (bavail * bsize < needed)
    throw new Error(`${folder} has room for ${bavail * bsize} bytes; this test needs ${needed}`);
}

/** Runs a script that prints the time again and again while the other runs. @returns how long after it each was seen */
async function follow({ rest }: Stage, otherId: string): Promise<number[]> {
  const body = 'while :; do echo "$EPOCHREALTIME"; sleep 0.1; done';
  const { id } = await rest.script(body, { pool: POOL });
  const late: number[] = [];
  const answer = await rest.call('GET', `/tasks/${id}/stream`);
  const ended = until(
    'the long one has ended',
    async () => ENDED.includes((await rest.task(otherId)).state),
    {
      timeoutMs: 60_000 + lines,
    },
  ).finally(() => rest.post(`/tasks/${id}/cancel`));
  let text = '';
  const decoder = new TextDecoder();
  for await (const part of answer.body!) {
    const now = Date.now();
    text += decoder.decode(part as Uint8Array, { stream: true });
    const events = text.split('\n\n');
    text = events.pop() ?? '';
    for (const printed of events.flatMap(printedIn)) late.push(now - printed);
  }
  await ended;
  return late;
}

/** The times that an `output` event holds, in milliseconds since the epoch. */
function printedIn(event: string): number[] {
  const [, data] = /^event: output\ndata: (.*)$/m.exec(event) ?? [];
  if (data === undefined) return [];
  const { records } = JSON.parse(data) as { records: { base64: string }[] };
  const printed = Buffer.concat(records.map(({ base64 }) => Buffer.from(base64, 'base64'))).toString();
  return [...printed.matchAll(/^(\d+)[.,](\d{3})/gm)].map(([, s, ms]) => Number(s) * 1000 + Number(ms));
}

/** Line by line, without ever holding it. */
async function mustBeWhole({ rest }: Stage, attempt: AttemptBody): Promise<void> {
  let next = 1;
  let left = Buffer.alloc(0);
  for await (const part of download(rest, `/attempts/${attempt.id}/output?stream=stdout`)) {
    const bytes = Buffer.concat([left, part]);
    const whole = bytes.length - (bytes.length % LINE_BYTES);
    for (let at = 0; at < whole; at += LINE_BYTES, next += 1) {
      if (bytes.toString('latin1', at, at + LINE_BYTES) !== `${String(next).padStart(12, '0')} ${FILLER}\n`)
        throw new Error(`line ${next} is ${JSON.stringify(bytes.toString('latin1', at, at + 60))}`);
    }
    left = bytes.subarray(whole);
  }
  expect([next - 1, left.length]).toEqual([lines, 0]);
  expect((await digestOfStored(rest, attempt.id)).digest).toBe(attempt.digest);
}

describe('a log with a largest size', () => {
  const SCRIPT =
    'head -c 3000000 /dev/zero; head -c 500000 /dev/zero >&2; head -c 7 /dev/zero; echo "last words" >&2';
  const PRINTED = { stdout: 3_000_007, stderr: 500_011 };
  const LARGEST = 1_000_000;

  async function dropped(attempt: AttemptBody): Promise<{ stdout: number; stderr: number }> {
    const spool = await stage!.rest.bytes(`/attempts/${attempt.id}/spool`);
    const records = decodeRecords(spool);
    const last = records.at(-1)!;
    expect(records.filter(({ stream }) => stream === 'marker')).toEqual([last]);
    expect(last.start).toBeLessThanOrEqual(LARGEST);
    expect(last.start).toBeGreaterThan(LARGEST * 0.99);
    const marker = decodeMarker(last.payload, last.start);
    if (!('dropped' in marker)) throw new Error(`it is another marker: ${JSON.stringify(marker)}`);
    for (const stream of ['stdout', 'stderr'] as const) {
      const stored = await stage!.rest.bytes(`/attempts/${attempt.id}/output?stream=${stream}`);
      expect(stored.length + marker.dropped[stream]).toBe(PRINTED[stream]);
    }
    return marker.dropped;
  }

  test('says to the byte what it dropped: by the task, by the server’s default, and in the command', async () => {
    stage = await Stage.open({ env: { LONGSHORE_LARGEST_LOG: '1MB' } });
    const { rest } = stage;
    await stage.addAgent('polling');
    const byDefault = await rest.script(SCRIPT, { pool: POOL });
    const { task, attempt } = await rest.ended(byDefault.id);
    expect(task.state).toBe('success');
    const { stdout, stderr } = await dropped(attempt);
    const words = (await rest.get<{ items: { text: string; level: string }[] }>(`/tasks/${task.id}/log`))
      .items;
    expect(words.filter(({ level }) => level === 'warning').map(({ text }) => text)).toEqual([
      expect.stringContaining('has reached its largest size (1000000 bytes)'),
      `The log is not whole: ${stdout} bytes of standard output and ${stderr} bytes of standard error were dropped at its end.`,
    ]);

    const unbounded = await rest.script(SCRIPT, { pool: POOL, script: { largestLogBytes: 0 } });
    const whole = (await rest.ended(unbounded.id)).attempt;
    expect((await rest.bytes(`/attempts/${whole.id}/output?stream=stdout`)).length).toBe(PRINTED.stdout);

    const ran = await stage.longshore(['run', '--pool', POOL, '--largest-log', '500kB', '--script', SCRIPT]);
    expect(ran.code).toBe(0);
    expect(ran.stdout.length).toBeLessThan(500_000);
    const said =
      /longshore: the log has reached its largest size: (\d+) bytes of standard output and (\d+) /.exec(
        ran.stderr,
      );
    expect(Number(said?.[1]) + ran.stdout.length).toBe(PRINTED.stdout);
    expect(Number(said?.[2])).toBe(PRINTED.stderr);
  }, 120_000);
});
