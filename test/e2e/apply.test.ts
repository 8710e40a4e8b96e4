/** Configuration as code with the command: a folder is planned, applied, changed, exported, pruned. */
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { MODEL_FILES, SECRET } from '../support/model-files.ts';
import { Stage } from '../support/stage.ts';

let stage: Stage;
let space: string;
beforeAll(async () => {
  stage = await Stage.open();
  space = join(stage.folder, 'space');
  for (const { path, text } of MODEL_FILES) put(path, text);
}, 60_000);
afterAll(() => stage.close(), 60_000);

function put(path: string, text: string): string {
  const file = join(stage.folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

const longshore = async (args: string[], input = '') => {
  const { code, stdout, stderr } = await stage.longshore(args, { input });
  return { code, out: stdout.toString(), err: stderr };
};

test('a folder is planned, then applied with the scripts that it names, then there is nothing to do', async () => {
  const plan = await longshore(['apply', '-f', space, '--dry-run']);
  expect([plan.code, plan.err]).toEqual([0, '']);
  expect(plan.out).toContain('+ environment Production\n');
  expect(plan.out).toContain('+ runbook Web/Restart\n');
  expect(plan.out).toMatch(/\n11 to create, 0 to change, 0 to delete, 0 unchanged\.\n$/);
  expect((await longshore(['environment', 'list'])).err).toContain('There is no environment.');

  const done = await longshore(['apply', '-f', space]);
  expect([done.code, done.err]).toEqual([0, '']);
  expect(done.out).toMatch(/\n11 created, 0 changed, 0 deleted, 0 unchanged\.\n$/);
  const again = await longshore(['apply', '-f', space]);
  expect(again).toEqual({ code: 0, out: '0 to create, 0 to change, 0 to delete, 11 unchanged.\n', err: '' });
  const shown = await longshore(['export', 'project', 'Web']);
  expect(shown.out).toContain('      body: |\n        #!/bin/bash\n        echo "to #{DB}"\n');
});

test('lists show what is there, with names', async () => {
  expect((await longshore(['environment', 'list'])).out).toMatch(
    /^NAME +ORDER.*\nProduction +10 +yes\nTest +0 +no\n$/,
  );
  expect((await longshore(['project', 'ls'])).out).toMatch(/\nWeb +Shop +Standard +Stable, Beta +no\n$/);
  expect((await longshore(['tenant', 'list'])).out).toMatch(/\nAcme +Region\/Europe +Web\n$/);
  expect((await longshore(['target', 'list'])).out).toMatch(
    /\neu-cloud +Test, Production +cloud +Acme +cloud region, by pool linux +ready\s*\n$/,
  );
});

test('a change names its fields; a deletion needs --yes where nobody can be asked', async () => {
  const file = put('one.yaml', 'kind: Environment\nname: Test\nsortOrder: 5\ndescription: new\n');
  const changed = await longshore(['apply', '-f', file]);
  expect(changed.out).toBe(
    '~ environment Test: description, sortOrder\n0 created, 1 changed, 0 deleted, 0 unchanged.\n',
  );
  await longshore(['apply', '-f', '-'], 'kind: TagSet\nname: Old\n');
  const base = join(space, 'base.yaml');
  const asked = await longshore(
    ['apply', '-f', '-', '--prune'],
    'kind: TagSet\nname: Region\ntags: [Europe, Asia]\n',
  );
  expect([asked.code, asked.out]).toEqual([2, '~ tag set Region: tags[Asia].description\n- tag set Old\n']);
  expect(asked.err).toContain('--yes');
  const pruned = await longshore(['apply', '-f', base, '--prune', '--yes']);
  expect([pruned.code, pruned.err]).toEqual([
    5,
    expect.stringContaining('"Default Worker Pool" is the default pool'),
  ]);
});

test('what is wrong is told by file, line and column; nothing outside of the folder is read', async () => {
  const file = put('bad/a.yaml', 'kind: Environment\nname: A\nenviroment: x\n');
  put('bad/b/c.yml', 'kind: Lifecycle\nname: L\nphases: [{ name: P, environments: Tst }]\n');
  const bad = await longshore(['apply', '-f', dirname(file)]);
  expect([bad.code, bad.out]).toEqual([2, '']);
  expect(bad.err).toBe(
    `${file}:3:1: unknown key \`enviroment\`; there are kind, name, description, sortOrder, guidedFailure\n`,
  );
  put('bad/a.yaml', 'kind: Environment\nname: A\n');
  const dangling = await longshore(['apply', '-f', dirname(file)]);
  expect(dangling.err).toBe(
    `${join(stage.folder, 'bad/b/c.yml')}:3:35: phases[0].environments: "Tst" is not right; expected the name of an environment; did you mean "Test"?\n`,
  );
  put('secret', 'hunter2');
  const project =
    'kind: Project\nname: P\nlifecycle: Standard\nsteps: [{ name: S, script: { file: ../secret } }]\n';
  const outside = put('out/a.yaml', project);
  const refused = await longshore(['apply', '-f', outside]);
  expect([refused.code, refused.err]).toEqual([2, expect.stringContaining('a file within')]);
  expect(refused.err).toContain(`${outside}:4:36: file`);
  put('out/a.yaml', project.replace('../secret', 'link'));
  symlinkSync('../secret', join(stage.folder, 'out/link'));
  expect((await longshore(['apply', '-f', outside])).err).toContain('a file within');
  expect((await longshore(['apply', '-f', join(stage.folder, 'nothing')])).code).toBe(2);
});

test('an export is a folder that applies to no change, without secrets', async () => {
  const to = `${join(stage.folder, 'export')}/`;
  expect((await longshore(['export', '--to', to])).code).toBe(0);
  expect(readdirSync(to).toSorted()).toContain('WorkerPool');
  expect((await longshore(['export'])).out).not.toMatch(SECRET);
  const again = await longshore(['apply', '-f', to, '--prune', '--dry-run']);
  expect(again).toEqual({
    code: 0,
    out: expect.stringMatching(/^0 to create, 0 to change, 0 to delete, \d+ unchanged\.\n$/),
    err: '',
  });
  expect((await longshore(['export', 'Nothing'])).code).toBe(2);
  expect((await longshore(['export', 'Project', 'Nothing'])).code).toBe(3);
  const used = await longshore(['environment', 'delete', 'Test']);
  expect([used.code, used.err]).toEqual([5, expect.stringContaining('is in use by')]);
});
