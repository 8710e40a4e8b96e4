/** The data lane's deadlines on a clock moved by hand: idle, no progress, no join, degraded and back. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { ManualClock, silentLogger } from '@longshore/base';
import type { AgentDataFrame, ServerDataFrame } from '@longshore/protocol/gen/longshore/link/v1/link';
import { memoryLine, type MemoryLine } from '@longshore/protocol/memory-duplex';

import {
  DATA_FAILURES_TO_DEGRADED,
  DATA_IDLE_MS,
  DATA_JOIN_MS,
  DATA_PROGRESS_MS,
  DATA_RETRY_LONGEST_MS,
} from '../limits.ts';
import { DataLane } from './data-lane.ts';

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
const FRAME: AgentDataFrame = {
  kind: {
    $case: 'output',
    value: {
      attemptId: 'a',
      offset: 0,
      records: Buffer.from('x'),
      segmentDigest: Buffer.alloc(0),
      missingBytes: 0,
    },
  },
};

describe('the data lane', () => {
  let clock: ManualClock;
  let lines: MemoryLine<AgentDataFrame, ServerDataFrame>[];
  let told: string[];
  let waiting: AgentDataFrame[];
  let underWay: boolean;
  let lane: DataLane;

  beforeEach(() => {
    clock = new ManualClock();
    lines = [];
    told = [];
    waiting = [];
    underWay = false;
    lane = new DataLane({
      source: {
        kind: 'dial',
        open: () => {
          const line = memoryLine<AgentDataFrame, ServerDataFrame>();
          lines.push(line);
          return line.left;
        },
      },
      nonce: Buffer.from('nonce'),
      peer: 'node-1',
      clock,
      logger: silentLogger,
      ask: () => told.push('asked'),
      pull: () => waiting.shift(),
      underWay: () => underWay,
      opened: () => told.push('opened'),
      lost: () => told.push('lost'),
      degraded: (degraded) => told.push(degraded ? 'degraded' : 'whole'),
    });
  });

  /** The other side answers with its own DataOpen. */
  async function join(): Promise<string[]> {
    const { right } = lines.at(-1)!;
    const got: string[] = [];
    right.receive(({ kind }) => void got.push(kind?.$case ?? ''));
    await right.send({ kind: { $case: 'open', value: { nonce: Buffer.from('nonce') } } });
    await settle();
    return got;
  }

  async function fail(): Promise<void> {
    lane.want();
    clock.advance(DATA_JOIN_MS);
    await settle();
    clock.advance(DATA_RETRY_LONGEST_MS);
  }

  test('opens on demand, sends what waits, and closes when nothing was sent for a while', async () => {
    waiting.push(FRAME);
    lane.want();
    expect(lane.open).toBe(false);
    const got = await join();
    expect(lane.open).toBe(true);
    expect(got).toEqual(['open', 'output']);
    clock.advance(DATA_IDLE_MS - 1);
    expect(lane.open).toBe(true);
    clock.advance(DATA_IDLE_MS);
    expect(lane.open).toBe(false);
    // What came this moment goes another way; it was no failure.
    expect(told).toEqual(['opened', 'lost']);
    lane.want();
    expect(lines.length).toBe(2);
    expect(lane.degraded).toBe(false);
  });

  test('acknowledged bytes keep it open, for as long as they come', async () => {
    lane.want();
    await join();
    underWay = true;
    for (let i = 0; i < 20; i += 1) {
      clock.advance(DATA_PROGRESS_MS / 2);
      lane.progressed();
    }
    expect(lane.open).toBe(true);
  });

  test('bytes under way of which none is acknowledged end it within the deadline, and are sent again', async () => {
    lane.want();
    await join();
    underWay = true;
    clock.advance(DATA_PROGRESS_MS - DATA_IDLE_MS / 2);
    expect(lane.open).toBe(true);
    clock.advance(DATA_IDLE_MS / 2);
    expect(lane.open).toBe(false);
    expect(told).toEqual(['opened', 'lost']);
    // It rests before it is tried again.
    lane.want();
    expect(lines.length).toBe(1);
    clock.advance(DATA_RETRY_LONGEST_MS);
    lane.want();
    expect(lines.length).toBe(2);
  });

  test('is degraded after failures in a row, and whole again with the first byte that is acknowledged', async () => {
    for (let i = 1; i <= DATA_FAILURES_TO_DEGRADED; i += 1) {
      await fail();
      expect(lane.degraded).toBe(i === DATA_FAILURES_TO_DEGRADED);
    }
    expect(told.filter((word) => word === 'degraded')).toEqual(['degraded']);
    // A connection alone proves nothing.
    lane.want();
    await join();
    expect(lane.degraded).toBe(true);
    lane.progressed();
    expect(lane.degraded).toBe(false);
    expect(told.at(-1)).toBe('whole');
    await fail();
    expect(lane.degraded).toBe(false);
  });

  test('one that is cut counts as a failure', async () => {
    lane.want();
    await join();
    lines[0]!.cut();
    await settle();
    expect(lane.open).toBe(false);
    expect(told).toEqual(['opened', 'lost']);
  });

  test('nothing is left of it when its session ends, whatever it was about', async () => {
    lane.want();
    lane.shut();
    expect(clock.pending).toBe(0);
    lane.want();
    expect(lines.length).toBe(1);
  });
});
