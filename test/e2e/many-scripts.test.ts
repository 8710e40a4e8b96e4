/** 200 scripts on each of two agents, 16 at a time, from 4 clients: every exit code and every byte is right. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { sha256 } from '../support/digest.ts';
import { Stage } from '../support/stage.ts';

const SCRIPTS_EACH = 200;
const CLIENTS = 4;
const AT_ONCE = 16;

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open({ env: { LONGSHORE_TASK_CAP: '64' } });
  await stage.addAgent('polling', { name: 'polling' });
  await stage.addAgent('listening', { name: 'listening' });
}, 60_000);
afterAll(() => stage.close(), 60_000);

/** Emits random bytes on stdout in uneven parts, says their digest on stderr, and ends with a code of its own. */
const SCRIPT = `
head -c $((RANDOM * 4)) /dev/urandom > emitted
head -c 100 emitted; tail -c +101 emitted
sha256sum < emitted | cut -d' ' -f1 >&2
exit "$1"
`;

test(
  'every exit code and every byte is right',
  async () => {
    const wanted = Array.from({ length: SCRIPTS_EACH * 2 }, (_, n) => ({
      worker: n % 2 === 0 ? 'polling' : 'listening',
      code: n % 200,
    }));
    const wrong: string[] = [];
    const one = async ({ worker, code }: { worker: string; code: number }): Promise<void> => {
      const ran = await stage.longshore(['run', '--worker', worker, '--script', SCRIPT, '--', String(code)]);
      if (ran.code !== code)
        wrong.push(`${worker}: ended with ${String(ran.code)}, not ${code}: ${ran.stderr}`);
      if (sha256(ran.stdout) !== ran.stderr.trim())
        wrong.push(`${worker}: ${ran.stdout.length} bytes came, and their digest is not ${ran.stderr}`);
    };
    const client = async (): Promise<void> => {
      const lane = async (): Promise<void> => {
        for (let next = wanted.pop(); next !== undefined; next = wanted.pop()) await one(next);
      };
      await Promise.all(Array.from({ length: AT_ONCE / CLIENTS }, lane));
    };
    await Promise.all(Array.from({ length: CLIENTS }, client));
    expect(wrong).toEqual([]);

    const tasks = await stage.rest.get<{ items: { id: string; kind: string }[] }>('/tasks?limit=500');
    const scripts = tasks.items.filter(({ kind }) => kind === 'script');
    expect(scripts).toHaveLength(SCRIPTS_EACH * 2);
    // What is stored is what was emitted, too.
    for (const { id } of scripts) {
      const { attempt } = await stage.rest.ended(id);
      const [out, err] = await Promise.all([
        stage.rest.bytes(`/attempts/${attempt.id}/output?stream=stdout`),
        stage.rest.bytes(`/attempts/${attempt.id}/output?stream=stderr`),
      ]);
      expect(sha256(out)).toBe(err.toString().trim());
    }
    expect((await stage.rest.get<{ items: unknown[] }>('/leases')).items).toEqual([]);
  },
  15 * 60_000,
);
