/**
 * Output on a data connection that flips bytes and breaks every 1 to 50
 * frames: what the server has in the end is what the script host wrote, and a
 * fault costs no more than its segment. Below TLS, which would end the
 * connection at the first flipped byte (data-damage-link.test.ts).
 */
import { afterEach, describe, expect, test } from '@jest/globals';
import type { AgentDataFrame } from '@longshore/protocol/gen/longshore/link/v1/link';
import { SEGMENT_LIMIT_BYTES, SegmentHasher } from '@longshore/protocol/segments';
import type { Attempt } from '@longshore/server/domain/attempt';

import { SPACE } from '../support/core-stage.ts';
import { DamageRig } from '../support/damage-rig.ts';
import { faultNumbers, schedule, type Schedule } from '../support/faults.ts';
import { DIALECTS } from '../support/store.ts';
import { until } from '../support/until.ts';

const { seconds, frames } = faultNumbers({
  short: { seconds: 3, frames: 12 },
  full: { seconds: 600, frames: 50 },
});
const BYTES_PER_SECOND = 5 * 1024 * 1024;
const BEAT_MS = 10;
const random = schedule('data-damage');

/** Every 1 to 50 frames: a byte of a record, a byte of a segment's digest, or the connection. */
function everyFewFrames(source: Schedule): DamageRig['damage'] & { count: () => number } {
  let wait = source.between(1, frames);
  let count = 0;
  const damage = (frame: AgentDataFrame): 'none' | 'changed' | 'cut' => {
    if (frame.kind?.$case !== 'output') return 'none';
    wait -= 1;
    if (wait > 0) return 'none';
    wait = source.between(1, frames);
    count += 1;
    const { records, segmentDigest } = frame.kind.value;
    if (source.chance(0.5)) return 'cut';
    const target = segmentDigest.length > 0 && source.chance(0.5) ? segmentDigest : records;
    if (target.length === 0) return 'cut';
    const at = source.between(0, target.length - 1);
    target.writeUInt8(target.readUInt8(at) ^ (1 << source.between(0, 7)), at);
    return 'changed';
  };
  return Object.assign(damage, { count: () => count });
}

describe.each(DIALECTS)('a damaged data connection (%s)', (dialect) => {
  let rig: DamageRig | undefined;
  afterEach(() => rig?.[Symbol.asyncDispose](), 60_000);

  test(
    'the digests of segments and of their list are equal at both ends',
    async () => {
      rig = await DamageRig.open(dialect);
      const { node, agent } = rig;
      const { taskId, attemptId } = await rig.started();
      const damage = everyFewFrames(random);
      rig.damage = damage;
      await write(rig, attemptId);
      const told = agent.host.end(attemptId, { kind: 'exited', code: 0 });
      const attempt = await complete(rig, attemptId);

      const segments = told!.segmentDigests;
      const bytes = await rig.stored(attemptId);
      const hasher = new SegmentHasher();
      hasher.add(bytes);
      const own = hasher.finish();
      expect(own.segmentDigests.map((digest) => digest.toString('hex'))).toEqual(segments);
      expect(own.digest.toString('hex')).toBe(told!.digest);
      expect(attempt.report?.digest).toBe(own.digest.toString('hex'));
      // The last one is closed by the end of the attempt, and stands in its report alone.
      expect(attempt.segmentDigests).toEqual(segments.slice(0, attempt.segmentDigests.length));
      expect(segments.length - attempt.segmentDigests.length).toBeLessThanOrEqual(1);

      expect(damage.count()).toBeGreaterThan(seconds / 2);
      const words = await rig.words(taskId);
      expect(words.filter((text) => /digest|missing/.test(text))).toEqual([]);
      expect(rig.carriedBytes - bytes.length).toBeLessThan(damage.count() * SEGMENT_LIMIT_BYTES * 1.5);
      expect((await node.core.tasks.get(SPACE, taskId)).state).toBe('success');
      process.stderr.write(
        `data-damage (${dialect}): ${String(bytes.length)} bytes, ${String(damage.count())} faults, ` +
          `${String(rig.dataConnections)} connections, ${String(rig.carriedBytes)} bytes carried\n`,
      );
    },
    seconds * 2000 + 120_000,
  );
});

/** Output at 5 MB/s, in pieces of many sizes. */
async function write({ agent }: DamageRig, attemptId: string): Promise<void> {
  const begun = performance.now();
  for (let written = 0; written < seconds * BYTES_PER_SECOND;) {
    const due = ((performance.now() - begun) / 1000) * BYTES_PER_SECOND;
    while (written < due) {
      const piece = Buffer.alloc(random.between(1, 90_000), `${String(written)} `);
      agent.host.write(attemptId, piece);
      written += piece.length;
    }
    agent.host.tell(attemptId);
    await new Promise((resolve) => setTimeout(resolve, BEAT_MS));
  }
}

async function complete({ node }: DamageRig, attemptId: string): Promise<Attempt> {
  return until(
    'the attempt is complete',
    async () => {
      const attempt = await node.core.tasks.attempt(SPACE, attemptId);
      return attempt.complete ? attempt : undefined;
    },
    { timeoutMs: 60_000 },
  );
}
