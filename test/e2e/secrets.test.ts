/** A secret stands in clear nowhere: not in spool, log, store, argv, a daemon's environment, or any of our logs. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { inEachMode } from '../support/matrix.ts';
import { environmentOf, processesIn } from '../support/proc.ts';
import { POOL, Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const MASK = '********';

inEachMode('secrets', (mode) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open();
    await stage.addAgent(mode);
  }, 60_000);
  afterAll(() => stage.close(), 60_000);

  /** Files below the stage that hold one of the texts. */
  function filesWith(texts: string[]): string[] {
    return readdirSync(stage.folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((file) => {
        const content = readFileSync(file);
        return texts.some((text) => content.includes(text));
      });
  }

  describe('in the output', () => {
    const secret = 'S3cr3t/pä+ss "word"\\42';
    test.each<[string, string, string]>([
      ['as it is', 'print(secret)', `${MASK}\n`],
      [
        'split across writes',
        'for c in secret.encode():\n  sys.stdout.buffer.write(bytes([c])); sys.stdout.flush(); time.sleep(0.005)\nprint()',
        `${MASK}\n`,
      ],
      ['on stderr', 'print(secret, file=sys.stderr)', ''],
      ['in base64', 'print(base64.b64encode(secret.encode()).decode())', `${MASK}\n`],
      ['in a URL', 'print("https://x/?p=" + urllib.parse.quote(secret, safe=""))', `https://x/?p=${MASK}\n`],
      ['in JSON', 'print(json.dumps({"p": secret}, ensure_ascii=False))', `{"p": "${MASK}"}\n`],
    ])(
      '%s',
      async (_, python, expected) => {
        const body = `import sys, time, base64, json, urllib.parse, os\nsecret = get_variable("Password")\n${python}`;
        const { id } = await stage.rest.script(body, {
          pool: POOL,
          script: {
            interpreter: 'python',
            variables: [{ name: 'Password', value: secret, sensitive: true }],
          },
        });
        const { task, attempt } = await stage.rest.ended(id);
        const output = await stage.rest.bytes(`/attempts/${attempt.id}/output?stream=all`);
        expect([task.state, output.includes(secret)]).toEqual(['success', false]);
        // The padding of base64 holds nothing of the secret, and stays.
        expect(output.toString().replace(`${MASK}=`, MASK)).toBe(expected === '' ? `${MASK}\n` : expected);
      },
      30_000,
    );
  });

  test('nowhere while the script runs, but in its own variables file; nowhere at all afterwards', async () => {
    const secret = `clear-${mode}-0123456789abcdef`;
    const running = stage.start(
      [
        'run',
        '--pool',
        POOL,
        '--secret',
        'Password',
        '--script',
        'get_variable Password > kept; [ -s kept ] && echo ready; rm kept; sleep 600',
      ],
      { env: { Password: secret } },
    );
    await until('it runs', () => running.stdout().toString() === 'ready\n');

    const daemons = processesIn(stage.folder).filter(({ pid }) => pid !== running.child.pid);
    expect(daemons.length).toBeGreaterThanOrEqual(3);
    for (const { pid, command } of daemons) {
      expect([command, command.includes(secret)]).toEqual([command, false]);
      expect([command, environmentOf(pid).includes(secret)]).toEqual([command, false]);
    }
    const forms = [
      secret,
      Buffer.from(secret).toString('base64').replace(/=+$/, ''),
      JSON.stringify(secret).slice(1, -1),
      Buffer.from(secret).toString('hex'),
    ];
    // The script's own variables file stands in the runtime folder (tmpfs), or here where there is none.
    expect(filesWith(forms).filter((file) => !/variables|runtime|\/run\//.test(file))).toEqual([]);

    running.child.kill('SIGINT');
    await running.ended;
    await until('nothing of it is left', () => filesWith(forms).length === 0);
  }, 60_000);

  test('a value that the script itself made sensitive', async () => {
    const { id } = await stage.rest.script(
      'set_variable Made "made-by-the-script-77" -sensitive; echo "made-by-the-script-77"; echo "made-by-the-script-77" >&2',
      { pool: POOL },
    );
    const { attempt } = await stage.rest.ended(id);
    const output = await stage.rest.bytes(`/attempts/${attempt.id}/output?stream=all`);
    expect(output.toString()).toBe(`${MASK}\n${MASK}\n`);
    const variables = await stage.rest.get<{ items: object[] }>(`/tasks/${id}/variables`);
    expect(variables.items).toEqual([
      expect.objectContaining({ name: 'Made', value: MASK, sensitive: true }),
    ]);
    // The script's own text names it: what we made of it must not.
    expect(filesWith(['made-by-the-script-77']).filter((file) => /spool|\.log$|\/logs\//.test(file))).toEqual(
      [],
    );
  }, 30_000);

  test('API key, token and pairing string are in no log, no file and no command line of ours', () => {
    expect(filesWith([stage.key]).filter((file) => !file.endsWith('server.log'))).toEqual([]);
    expect(stage.server.log().split(stage.key)).toHaveLength(2); // printed once, at the first start
    const agentLogs = stage.agents.map(({ daemon }) => daemon.log()).join('');
    expect(agentLogs).not.toMatch(/lst_[A-Za-z0-9_-]{20}|BEGIN (EC )?PRIVATE KEY/);
    expect(
      processesIn(stage.folder)
        .map(({ command }) => command)
        .join('\n'),
    ).not.toMatch(/lsk_|lst_|lsp_/);
  });
});
