/**
 * The data connections of a real link, cut and damaged every 1 to 50 frames
 * at 5 MB/s. A flipped byte ends a TLS connection (an alert); what counts is
 * that the log is whole, its digest the script host's, and that the session
 * lives on.
 */
import { afterEach, describe, expect, test } from '@jest/globals';

import { faultNumbers, schedule } from '../support/faults.ts';
import type { FaultProxy } from '../support/fault-proxy.ts';
import { numberedLines } from '../support/log-oracle.ts';
import { ENDED } from '../support/rest.ts';
import type { AgentMode } from '../support/stage-agent.ts';
import { POOL, Stage } from '../support/stage.ts';
import type { Dialect } from '../support/store.ts';
import { checkStored, digestOfStored } from '../support/stored-log.ts';
import { until } from '../support/until.ts';

type Place = [AgentMode, Dialect];

const { seconds, frames, places } = faultNumbers<{ seconds: number; frames: number; places: Place[] }>({
  short: {
    seconds: 4,
    frames: 12,
    places: [
      ['polling', 'sqlite'],
      ['listening', 'postgres'],
    ],
  },
  full: {
    seconds: 600,
    frames: 50,
    places: [
      ['polling', 'sqlite'],
      ['polling', 'postgres'],
      ['listening', 'sqlite'],
      ['listening', 'postgres'],
    ],
  },
});
/** Two streams make 5 MB/s. */
const LINE_BYTES = 1000;
const LINES_PER_SECOND = 2500;
/** About what a frame at this rate holds; below TLS frames can't be told apart. */
const FRAME_BYTES = 64 * 1024;
const random = schedule('data-damage-link');

/** From now on data connections are cut, or a byte on them is flipped. @returns how often, so far */
function damageData(proxy: FaultProxy, mode: AgentMode): { faults: () => number; flips: () => number } {
  // The connections that there are carry control; bytes of output go the agent's way.
  const control = proxy.accepted;
  const direction = mode === 'polling' ? 'toListener' : 'toDialler';
  const next = (): number => random.between(1, frames) * FRAME_BYTES;
  let left = next();
  let faults = 0;
  let flips = 0;
  void proxy.cutWhen((passing) => {
    if (passing.connection <= control || passing.direction !== direction) return undefined;
    left -= passing.bytes.length;
    if (left > 0) return undefined;
    left = next();
    faults += 1;
    if (random.chance(0.5)) {
      flips += 1;
      const at = random.between(0, passing.bytes.length - 1);
      passing.bytes.writeUInt8(passing.bytes.readUInt8(at) ^ (1 << random.between(0, 7)), at);
    } else {
      const how = random.pick(['rst', 'fin'] as const);
      setImmediate(() => proxy.cut(how, { only: passing.connection }));
    }
    return undefined;
  });
  return { faults: () => faults, flips: () => flips };
}

describe.each(places)('data connections that break (%s, %s)', (mode, database) => {
  let stage: Stage | undefined;
  afterEach(() => stage?.close(), 60_000);

  test(
    'the log is whole, its digest is the host’s, and the session lives on',
    async () => {
      stage = await Stage.open({ database, proxied: true });
      const { rest } = stage;
      const agent = await stage.addAgent(mode);
      const proxy = stage.proxyOf(agent);
      const damage = damageData(proxy, mode);
      const sessions = endedSessions(stage);
      const wanted = {
        lines: seconds * LINES_PER_SECOND,
        lineBytes: LINE_BYTES,
        linesPerSecond: LINES_PER_SECOND,
      };
      const { id } = await rest.script(numberedLines(wanted), { pool: POOL });
      await until('its script has ended', () => proxy.accepted > 0 && hasEnded(stage!, id), {
        timeoutMs: seconds * 3000 + 60_000,
      });
      proxy.restore();
      const { task, attempt } = await rest.ended(id, { timeoutMs: 120_000 });

      expect(task.state).toBe('success');
      await checkStored(rest, attempt.id, wanted);
      const stored = await digestOfStored(rest, attempt.id);
      expect(stored.digest).toBe(attempt.digest);
      const words = await rest.get<{ items: { text: string }[] }>(`/tasks/${id}/log`);
      expect(words.items.filter(({ text }) => /digest|missing|reach/.test(text))).toEqual([]);
      expect(endedSessions(stage)).toBe(sessions);
      expect(damage.faults()).toBeGreaterThan(seconds / 2);
      expect(damage.flips()).toBeGreaterThan(0);
      process.stderr.write(
        `data-damage-link (${mode}, ${database}): ${String(stored.length)} bytes, ` +
          `${String(damage.faults())} faults (${String(damage.flips())} flips), ${String(proxy.accepted)} connections\n`,
      );
    },
    seconds * 4000 + 180_000,
  );
});

async function hasEnded({ rest }: Stage, id: string): Promise<boolean> {
  if (ENDED.includes((await rest.task(id)).state)) return true;
  return (await rest.attempts(id)).some(({ outcome }) => outcome !== null);
}

/** How many sessions have ended, as the server's log says. */
function endedSessions({ server }: Stage): number {
  return server.log().split('a session ended').length;
}
