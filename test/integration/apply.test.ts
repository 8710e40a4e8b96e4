/** Configuration as code over REST, on SQLite and PostgreSQL: plan, apply, export, prune, conflicts. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { MODEL_FILES, SECRET } from '../support/model-files.ts';
import { DIALECTS } from '../support/store.ts';
import { openApiStage, SPACE, type ApiStage } from './api-stage.ts';

const POSTGRES_START_MS = 60_000;

interface Change {
  kind: string;
  name: string;
  change: string;
  fields: string[];
}
interface Applied {
  changes: Change[];
  planToken: string;
  applied: boolean;
  error: { code: string; message: string; detail: Record<string, unknown> };
}
interface File {
  path: string;
  text: string;
}

describe.each(DIALECTS)('configuration as code on %s', (dialect) => {
  let stage: ApiStage;
  beforeAll(async () => {
    stage = await openApiStage(dialect);
  }, POSTGRES_START_MS);
  afterAll(() => stage.close());

  const apply = (files: File[], more: object = {}) =>
    stage.call<Applied>('POST', '/apply', { files, ...more });
  const yaml = (text: string): File[] => [{ path: 'a.yaml', text }];
  const exported = async (query = ''): Promise<string> => {
    const answer = await fetch(`${stage.url}${SPACE}/export${query}`, {
      headers: { authorization: `Bearer ${stage.key}` },
    });
    const text = await answer.text();
    expect([answer.headers.get('content-type'), text]).toEqual([
      expect.stringMatching(/^application\/yaml/),
      expect.stringMatching(/^kind: /),
    ]);
    return text;
  };
  const changed = ({ changes }: Applied): string[] =>
    changes
      .filter(({ change }) => change !== 'unchanged')
      .map(({ kind, name, change }) => `${change} ${kind} ${name}`);

  beforeEach(async () => {
    const { status, body } = await apply(MODEL_FILES);
    expect([status, body.error]).toEqual([200, undefined]);
  });

  test('a plan shows what an apply would do, and does nothing', async () => {
    const file = yaml('kind: Environment\nname: Staging\n---\nkind: Environment\nname: test\nsortOrder: 3\n');
    const { body } = await apply(file, { dryRun: true });
    expect(body.applied).toBe(false);
    expect(body.changes.map(({ name, change, fields }) => [name, change, fields])).toEqual([
      ['Staging', 'create', []],
      ['test', 'update', ['name', 'sortOrder']],
    ]);
    expect((await stage.call('GET', '/resources/environment/Staging')).status).toBe(404);
  });

  test('what is applied again changes nothing, and writes nothing', async () => {
    const before = await stage.store.read((tx) => tx.resources.all('default'));
    const audit = await stage.store.read((tx) => tx.audit.list('default', 1000));
    const { body } = await apply(MODEL_FILES);
    expect(changed(body)).toEqual([]);
    expect(await stage.store.read((tx) => tx.resources.all('default'))).toEqual(before);
    expect(await stage.store.read((tx) => tx.audit.list('default', 1000))).toEqual(audit);
  });

  test('what is exported applies to no change, and shows no secret', async () => {
    const text = await exported();
    expect(text).not.toMatch(SECRET);
    expect(text).toContain('body: |\n');
    const { body } = await apply(yaml(text), { prune: true, dryRun: true });
    expect(body.error).toBeUndefined();
    expect(changed(body)).toEqual([]);
    expect(await exported('?kind=environment&name=test')).toBe('kind: Environment\nname: Test\n');
  });

  test('secrets are sealed in the store, masked in answers, kept out of the audit, and kept when left out', async () => {
    const get = await stage.call('GET', '/resources/project/web');
    expect(JSON.stringify(get.body)).toContain('********');
    const stored = await stage.store.read(async (tx) => [
      await tx.resources.all('default'),
      await tx.audit.list('default', 1000),
    ]);
    expect(JSON.stringify([get.body, stored])).not.toMatch(SECRET);
    const renewed = MODEL_FILES.map(({ path, text }) => ({ path, text: text.replace('hunter3', 'hunter9') }));
    const { body } = await apply(renewed);
    expect(changed(body)).toEqual(['update project Web']);
    expect(body.changes.find(({ name }) => name === 'Web')?.fields).toEqual(['variables[PASSWORD].value']);
    const without = await apply(
      yaml('kind: VariableSet\nname: New\nvariables: [{ name: A, sensitive: true }]'),
    );
    expect([without.status, without.body.error.message]).toEqual([
      400,
      'a.yaml:3:13: variables[0]: expected a value: none is stored yet that could be kept',
    ]);
  });

  test('pruning deletes what is not written, of the kinds that are; what is in use bars it all', async () => {
    await apply(yaml('kind: Environment\nname: Old\n---\nkind: ProjectGroup\nname: Old'));
    const one = MODEL_FILES.filter(({ path }) => path === 'space/base.yaml').map(({ path, text }) => ({
      path,
      text: text.replaceAll(/kind: (TagSet|WorkerPool)[^]*?---\n/g, ''),
    }));
    const { body } = await apply(one, { prune: true });
    expect(changed(body)).toEqual(['delete environment Old', 'delete projectGroup Old']);
    const used = await apply(yaml('kind: Lifecycle\nname: Another'), { prune: true });
    expect([used.status, used.body.error.message]).toEqual([
      409,
      'Lifecycle "Standard" is in use by project "Web" (lifecycle)',
    ]);
    expect((await stage.call('GET', '/resources/lifecycle/Another')).status).toBe(404);
  });

  test('a pool that steps, variables and cloud regions name is not deleted, and the refusal lists each', async () => {
    const { status, body } = await stage.call<Applied>('DELETE', '/pools/linux');
    expect([status, body.error.message]).toEqual([
      409,
      'Worker pool "linux" is in use by project "Web", runbook "Restart", deployment target "eu-cloud"',
    ]);
    expect(body.error.detail['usedBy']).toMatchObject([
      { kind: 'project', fields: ['variables[POOL].value'] },
      { kind: 'runbook', fields: ['steps[Restart].script.pool'] },
      { kind: 'target', fields: ['cloudRegion.pool'] },
    ]);
    const pruned = await apply(yaml('kind: WorkerPool\nname: Default Worker Pool'), { prune: true });
    expect([pruned.status, pruned.body.error.message]).toEqual([409, body.error.message]);
  });

  test('a plan that is no longer true is not carried out', async () => {
    const file = yaml('kind: Environment\nname: Test\ndescription: "1"');
    const { body: plan } = await apply(file, { dryRun: true });
    expect((await apply(yaml('kind: Environment\nname: Test\nsortOrder: 7'))).status).toBe(200);
    const late = await apply(file, { planToken: plan.planToken });
    expect([late.status, late.body.error.code]).toEqual([409, 'conflict']);
    const { body: again } = await apply(file, { dryRun: true });
    expect((await apply(file, { planToken: again.planToken })).body.applied).toBe(true);
  });

  test('many who apply at once leave one of their states, whole', async () => {
    const state = (n: number) =>
      yaml(
        [`kind: Environment\nname: A\nsortOrder: ${n}`, `kind: Environment\nname: B\nsortOrder: ${n}`].join(
          '\n---\n',
        ),
      );
    const answers = await Promise.all(Array.from({ length: 6 }, (_, n) => apply(state(n))));
    for (const { status } of answers) expect([200, 409]).toContain(status);
    expect(answers.some(({ status }) => status === 200)).toBe(true);
    const orders = await stage.store.read(async (tx) => [
      (await tx.resources.byName('default', 'environment', 'A'))?.body.sortOrder,
      (await tx.resources.byName('default', 'environment', 'B'))?.body.sortOrder,
    ]);
    expect(orders[0]).toBe(orders[1]);
  });

  test('a project goes with its runbooks, and not while a tenant names it', async () => {
    await apply(
      yaml('kind: Project\nname: Small\nlifecycle: Standard\n---\nkind: Runbook\nname: R\nproject: Small'),
    );
    const used = await stage.call<Applied>('DELETE', '/resources/project/Web');
    expect([used.status, used.body.error.message]).toEqual([
      409,
      'Project "Web" is in use by tenant "Acme" (projects[0].project, …)',
    ]);
    expect((await stage.call('DELETE', '/resources/project/Small')).status).toBe(204);
    expect((await stage.call('GET', '/resources/runbook/Small%2FR')).status).toBe(404);
  });

  test('all that is wrong in all files is told at once, with where it stands', async () => {
    const { status, body } = await apply([
      { path: 'a.yaml', text: 'kind: Environment\nname: A\nsortOrdr: 3\n---\nkind: Projct\nname: x' },
      { path: 'b.yml', text: 'kind: Lifecycle\nname: L\nphases:\n  - { name: 7 }\n' },
    ]);
    expect([status, body.error.message.split('\n')]).toEqual([
      400,
      [
        'a.yaml:3:1: unknown key `sortOrdr`; did you mean `sortOrder`?',
        expect.stringMatching(
          /^a.yaml:5:7: kind: "Projct" is not right; expected one of .*; did you mean "Project"\?$/,
        ),
        'b.yml:4:13: phases[0].name: 7 is not right; expected text (put numbers, true and false in quotes)',
      ],
    ]);
  });
});
