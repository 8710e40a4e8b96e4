/** What scripts give back: output variables, artifacts, messages, progress. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { sha256 } from '../support/digest.ts';
import { inEachModeOnEachStore } from '../support/matrix.ts';
import { POOL, Stage } from '../support/stage.ts';

interface Artifact {
  id: string;
  name: string;
  length: number;
  digest: string;
  error: string;
}

inEachModeOnEachStore('what scripts give back', (mode, database) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open({ database });
    await stage.addAgent(mode);
  }, 60_000);
  afterAll(() => stage.close(), 60_000);

  async function run(
    body: string,
    script: object = {},
  ): Promise<{ id: string; attemptId: string; state: string; message: string }> {
    const { id } = await stage.rest.script(body, { pool: POOL, script });
    const { task, attempt } = await stage.rest.ended(id, { timeoutMs: 60_000 });
    return { id, attemptId: attempt.id, state: task.state, message: task.message };
  }

  test.each([
    ['bash', "set_variable Plain 'a value'; set_octopusvariable Old $'two\\nlines'; echo done"],
    ['sh', "set_variable Plain 'a value'; set_octopusvariable Old 'two\nlines'; echo done"],
    ['python', 'set_variable("Plain", "a value"); set_octopusvariable("Old", "two\\nlines"); print("done")'],
  ])('output variables from %s, and no trace of them in the log', async (interpreter, body) => {
    const { id, attemptId } = await run(body, { interpreter });
    const { items } = await stage.rest.get<{ items: { name: string; value: string; sensitive: boolean }[] }>(
      `/tasks/${id}/variables`,
    );
    expect(
      items
        .map(({ name, value, sensitive }) => ({ name, value, sensitive }))
        .toSorted((a, b) => a.name.localeCompare(b.name)),
    ).toEqual([
      { name: 'Old', value: 'two\nlines', sensitive: false },
      { name: 'Plain', value: 'a value', sensitive: false },
    ]);
    expect((await stage.rest.bytes(`/attempts/${attemptId}/output`)).toString()).toBe('done\n');
  });

  test('an artifact by REST and by the command is what the script wrote', async () => {
    const { id } = await run(
      'head -c 5000000 /dev/urandom > big.bin; sha256sum < big.bin > big.sum; new_artifact big.bin; new_octopusartifact big.sum "the sum.txt"',
    );
    const { items } = await stage.rest.get<{ items: Artifact[] }>(`/tasks/${id}/artifacts`);
    expect(items.map(({ name, error }) => [name, error])).toEqual([
      ['big.bin', ''],
      ['the sum.txt', ''],
    ]);
    const content = await stage.rest.bytes(`/artifacts/${items[0]!.id}/content`);
    const sum = (await stage.rest.bytes(`/artifacts/${items[1]!.id}/content`)).toString();
    expect([content.length, sha256(content)]).toEqual([5_000_000, items[0]!.digest]);
    expect(sum).toContain(items[0]!.digest);

    const to = join(stage.folder, 'fetched');
    const ran = await stage.longshore(['artifact', 'download', '--task', id, 'big.bin', '--to', to]);
    expect([ran.code, ran.stderr]).toEqual([0, '']);
    expect(readFileSync(to).equals(content)).toBe(true);
  }, 60_000);

  test('fail_step says what is wrong', async () => {
    const { state, message } = await run('fail_step "the disk is upside down"');
    expect(state).toBe('failed');
    expect(message).toContain('the disk is upside down');
  });

  test("the log keeps the server's lines and the script's bytes apart", async () => {
    const { id } = await run('echo out; echo err >&2');
    const ran = await stage.longshore(['task', 'log', '-q', id]);
    expect({ out: ran.stdout.toString(), err: ran.stderr }).toEqual({ out: 'out\n', err: 'err\n' });
    const followed = await stage.longshore(['task', 'log', '-q', '-f', id]);
    expect({ out: followed.stdout.toString(), err: followed.stderr }).toEqual({ out: 'out\n', err: 'err\n' });
  });
});
