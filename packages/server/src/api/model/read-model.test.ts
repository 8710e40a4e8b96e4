/** YAML to drafts: what is refused, in which words, and where it is said to stand. */
import { describe, expect, test } from '@jest/globals';
import { isCode } from '@longshore/base';

import { readModel } from './read-model.ts';

async function told(text: string, path = 'f.yaml'): Promise<string[]> {
  try {
    await readModel([{ path, text }]);
    return [];
  } catch (thrown) {
    if (!isCode(thrown, 'invalid')) throw thrown;
    return thrown.message.split('\n');
  }
}

const project = (rest: string): string => `kind: Project\nname: P\nlifecycle: L\n${rest}`;
const step = (rest: string): string => project(`steps:\n  - name: S\n${rest}`);

const REFUSED: [what: string, yaml: string, ...said: string[]][] = [
  [
    'a kind that is not there',
    'kind: Enviroment\nname: A',
    'f.yaml:1:7: kind: "Enviroment" is not right; expected one of WorkerPool, TagSet, Environment, Lifecycle, ProjectGroup, VariableSet, Project, Runbook, Tenant, DeploymentTarget; did you mean "Environment"?',
  ],
  [
    'no kind',
    'name: A',
    'f.yaml:1:1: kind: expected one of WorkerPool, TagSet, Environment, Lifecycle, ProjectGroup, VariableSet, Project, Runbook, Tenant, DeploymentTarget',
  ],
  ['a list', '- a', 'f.yaml:1:1: expected a map with kind and name'],
  ['a text', 'hello', 'f.yaml:1:1: expected a map with kind and name'],
  [
    'no name',
    'kind: Environment',
    'f.yaml:1:1: name: expected text (put numbers, true and false in quotes) (it is required)',
  ],
  [
    'a name with a slash',
    'kind: Environment\nname: a/b',
    'f.yaml:2:7: name: "a/b" is not right; expected a name without control characters and slashes',
  ],
  [
    'a name that is a number',
    'kind: Environment\nname: 7',
    'f.yaml:2:7: name: 7 is not right; expected text (put numbers, true and false in quotes)',
  ],
  [
    'an unknown key',
    'kind: Environment\nname: A\n\nsortOder: 3',
    'f.yaml:4:1: unknown key `sortOder`; did you mean `sortOrder`?',
  ],
  [
    'an unknown key, below',
    step('    script: { boby: x }'),
    'f.yaml:6:13: steps[0].script.body: expected the script: body, or file',
    'f.yaml:6:15: unknown key `boby`; did you mean `body`?',
  ],
  [
    'a name that is too long',
    `kind: Environment\nname: ${'x'.repeat(201)}`,
    'f.yaml:2:7: name: expected at most 200 characters',
  ],
  [
    'a number that is too large',
    'kind: Environment\nname: A\nsortOrder: 9999999',
    'f.yaml:3:12: sortOrder: 9999999 is not right; expected at most 1000000',
  ],
  [
    'a number that is not whole',
    'kind: Environment\nname: A\nsortOrder: 1.5',
    'f.yaml:3:12: sortOrder: 1.5 is not right; expected a whole number',
  ],
  [
    'a number as text',
    'kind: Environment\nname: A\nsortOrder: "3"',
    'f.yaml:3:12: sortOrder: "3" is not right; expected a number',
  ],
  ['a broken YAML', 'kind: [Environment\nname: hunter2', 'f.yaml:2:1: this is not YAML: bad indent'],
  ['a tag', 'kind: !secret hunter2\nname: A', 'f.yaml:1:7: this is not YAML: tag resolve failed'],
  ['a key twice', 'kind: Environment\nname: A\nname: B', 'f.yaml:3:1: the key `name` stands twice'],
  ['__proto__', 'kind: Environment\nname: A\n__proto__: { a: b }', 'f.yaml:3:1: expected a word as a key'],
  [
    'an alias that names nothing',
    'kind: Environment\nname: *a',
    'f.yaml:1:1: expected aliases that name something, and not too much',
  ],
  [
    'an alias bomb',
    `a: &a [x]\n${Array.from('bcdefghij')
      .map((c, i) => `${c}: &${c} [${`*${'abcdefghij'[i] ?? ''},`.repeat(9)}]`)
      .join('\n')}`,
    'f.yaml:1:1: expected aliases that name something, and not too much',
  ],
  [
    'brackets',
    `kind: Environment\nname: ${'['.repeat(40)}`,
    'f.yaml:1:1: expected at most 16 brackets within each other',
  ],
  [
    'no action',
    step('    notes: x'),
    'f.yaml:5:5: steps[0]: expected one of script, manual, deployRelease, runRunbook, healthCheck, webhook',
  ],
  [
    'two actions',
    step('    manual: {}\n    webhook: { url: a }'),
    'f.yaml:7:14: steps[0].webhook: expected one kind of action; there are manual and webhook',
  ],
  [
    'an action beside actions',
    step('    manual: {}\n    actions: [{ manual: {} }]'),
    'f.yaml:6:5: `manual` belongs into an entry of `actions`, for the step has a list of them',
  ],
  [
    'an option of an action beside actions',
    step('    timeout: 5m\n    actions: [{ manual: {} }]'),
    'f.yaml:6:5: `timeout` belongs into an entry of `actions`, for the step has a list of them',
  ],
  [
    'actions without names',
    step('    actions: [{ manual: {} }, { name: B, manual: {} }]'),
    'f.yaml:6:15: steps[0].actions[0].name: expected a name, for the step has several actions',
  ],
  [
    'a script without text',
    step('    script: {}'),
    'f.yaml:6:13: steps[0].script.body: expected the script: body, or file',
  ],
  [
    'a script in a file that is not there',
    step('    script:\n      file: ./x.sh'),
    'f.yaml:7:13: steps[0].script.file: "./x.sh" is not right; expected a script that was sent along with this file',
  ],
  [
    'a script twice',
    step('    script: { file: a.sh, body: b }'),
    'f.yaml:6:21: steps[0].script.file: expected either file or body',
  ],
  [
    'a duration',
    step('    timeout: 5 minutes\n    manual: {}'),
    'f.yaml:6:14: steps[0].timeout: "5 minutes" is not right; expected a duration such as 90s, 10m or 1h30m',
  ],
  [
    'too many retries',
    step('    retries: { times: 11 }\n    script: { body: x }'),
    'f.yaml:6:23: steps[0].retries.times: 11 is not right; expected at most 10',
  ],
  [
    'a window',
    step('    rollingWindow: 0\n    manual: {}'),
    'f.yaml:6:20: steps[0].rollingWindow: 0 is not right; expected at least 1',
  ],
  [
    'a condition',
    step('    condition: sucess\n    manual: {}'),
    'f.yaml:6:16: steps[0].condition: "sucess" is not right; expected one of success, failure, always, or a map; did you mean "success"?',
  ],
  [
    'a condition by a variable',
    step('    condition: { varable: a }\n    manual: {}'),
    'f.yaml:6:16: steps[0].condition.variable: expected text (put numbers, true and false in quotes) (it is required)',
    'f.yaml:6:18: unknown key `varable`; did you mean `variable`?',
  ],
  [
    'an interpreter',
    step('    script: { body: x, interpreter: pyton }'),
    'f.yaml:6:37: steps[0].script.interpreter: "pyton" is not right; expected one of bash, sh, python, node, powershell; did you mean "python"?',
  ],
  [
    'a pool',
    step('    script: { body: x, pool: { variabel: A } }'),
    'f.yaml:6:30: steps[0].script.pool.variable: expected text (put numbers, true and false in quotes) (it is required)',
    'f.yaml:6:32: unknown key `variabel`; did you mean `variable`?',
  ],
  [
    'a cron',
    project('triggers: [{ name: T, cron: "61 * * * *", deploy: { environment: E } }]'),
    'f.yaml:4:29: triggers[0].cron: "61 * * * *" is not right; expected five or six fields of cron, such as "0 3 * * 1-5"',
  ],
  [
    'a cron that never comes',
    project('triggers: [{ name: T, cron: "0 0 30 2 *", deploy: { environment: E } }]'),
    'f.yaml:4:29: triggers[0].cron: "0 0 30 2 *" is not right; expected five or six fields of cron, such as "0 3 * * 1-5"',
  ],
  [
    'a time zone',
    project(
      'triggers: [{ name: T, cron: "1 * * * *", timeZone: Europe/Berlim, deploy: { environment: E } }]',
    ),
    'f.yaml:4:52: triggers[0].timeZone: "Europe/Berlim" is not right; expected an IANA time zone, such as Europe/Berlin',
  ],
  [
    'a trigger that does nothing',
    project('triggers: [{ name: T, cron: "1 * * * *" }]'),
    'f.yaml:4:12: triggers[0]: expected one of deploy, runRunbook',
  ],
  [
    'a variable without a value',
    project('variables: [{ name: A }]'),
    'f.yaml:4:13: variables[0].value: expected a value (it may be left out of a sensitive one: then what is stored stays)',
  ],
  [
    'a variable that is a number',
    project('variables:\n  A: 5'),
    'f.yaml:5:6: variables.A: expected text (put numbers, true and false in quotes)',
  ],
  [
    'a secret that is no text',
    project('variables: [{ name: A, sensitive: true, value: { hunter2: hunter2 } }]'),
    'f.yaml:4:48: variables[0].value: expected text (put numbers, true and false in quotes)',
  ],
  [
    'a secret in the wrong place',
    project('variables: [{ name: A, sensitive: hunter2 }]'),
    'f.yaml:4:35: variables[0].sensitive: expected true or false',
  ],
  [
    'types that differ',
    project('variables: [{ name: A, type: text, sensitive: true, value: hunter2 }]'),
    'f.yaml:4:47: variables[0].sensitive: expected nothing beside type: text',
  ],
  [
    'a scope',
    project('variables: [{ name: A, value: hunter2, scope: { enviroments: E } }]'),
    'f.yaml:4:49: unknown key `enviroments`; did you mean `environments`?',
  ],
  [
    'a prompt',
    project('variables: [{ name: A, value: hunter2, prompt: { control: selct } }]'),
    'f.yaml:4:59: variables[0].prompt.control: "selct" is not right; expected one of text, multiline, select, checkbox; did you mean "select"?',
  ],
  [
    'a tag of a tenant',
    'kind: Tenant\nname: T\ntags: Europe',
    'f.yaml:3:7: tags: "Europe" is not right; expected a tag as Set/Tag',
  ],
  [
    'a target without a way',
    'kind: DeploymentTarget\nname: T\nroles: a\nenvironments: E',
    'f.yaml:1:1: expected one of agent, cloudRegion',
  ],
  [
    'a target without roles',
    'kind: DeploymentTarget\nname: T\nroles: []\nenvironments: E\ncloudRegion:',
    'f.yaml:3:8: roles: expected at least one role',
  ],
  [
    'a pool that is not the default',
    'kind: WorkerPool\nname: P\nisDefault: false',
    'f.yaml:3:12: isDefault: false is not right; expected true (of another pool, to make that the default)',
  ],
  [
    'environments of a runbook',
    'kind: Runbook\nname: R\nproject: P\nenvironments: al',
    'f.yaml:4:15: environments: "al" is not right; expected one of all, lifecycle, or a list; did you mean "all"?',
  ],
  ['no list', 'kind: Lifecycle\nname: L\nphases: { name: A }', 'f.yaml:3:9: phases: expected a list'],
];

test.each(REFUSED)('%s is refused, and said where', async (_what, yaml, ...said) => {
  const lines = await told(yaml);
  expect(lines).toEqual(said);
  expect(lines.join('\n')).not.toContain('hunter2');
});

describe('all files', () => {
  const wrong = (n: number) => Array.from({ length: n }, () => 'kind: A\nname: x').join('\n---\n');

  test('are told about at once, and no more than anybody reads', async () => {
    const lines = await told(wrong(500));
    expect(lines).toHaveLength(101);
    expect(lines.at(-1)).toBe('and 400 more');
  });

  test('may be in any order, with scripts that they name from where they stand', async () => {
    const drafts = await readModel([
      { path: 'a/x.yaml', text: step('    script: { file: ../s/run.py }') },
      { path: 'a/empty.yml', text: '# nothing\n---\n' },
      { path: 's/run.py', text: 'print(1)\n' },
    ]);
    expect(drafts).toHaveLength(1);
    expect(drafts[0]?.body).toMatchObject({
      process: {
        steps: [
          { actions: [{ name: 'S', does: { script: { interpreter: 'python', body: 'print(1)\n' } } }] },
        ],
      },
    });
  });

  test('of one kind with 12,000 keys are read in a moment', async () => {
    const began = performance.now();
    const keys = Array.from({ length: 12_000 }, (_, n) => `k${n}: v`).join('\n');
    expect(await told(`kind: Environment\nname: A\n${keys}`)).toHaveLength(101);
    expect(performance.now() - began).toBeLessThan(10_000);
  });
});
