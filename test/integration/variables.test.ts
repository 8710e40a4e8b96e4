/** What variables are in a place, and why, over REST on both stores. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { createIds } from '@longshore/base';
import { createSealer } from '@longshore/server/store/sealer';

import { applyDrafts, applyModel, BY, draft, project, sensitive, variable } from '../support/sealed-model.ts';
import { DIALECTS } from '../support/store.ts';
import { openApiStage, type Answer, type ApiStage } from './api-stage.ts';

interface Seen {
  text: string;
  sensitive: boolean;
  missing: string[];
  problems: string[];
}
interface Explanation {
  name: string;
  value: Seen | null;
  values: {
    value: string;
    verdict: string;
    because: string;
    scope: Record<string, string[]>;
    misses: string[];
    rule: string;
    source: { kind: string; name: string };
  }[];
  ambiguous: boolean;
  warnings: string[];
}
interface Failure {
  error: { code: string; message: string; fields: { field: string }[] };
}
interface Listed {
  items: { name: string; seen: Seen; ambiguous: boolean }[];
}

/** Nothing that is in clear in the model's sensitive values. */
const SECRETS = /pw (anywhere|in production)|pin offered|library token|(shared|asked) (default|of acme)/;

const EXPLAINED = project({
  variables: [
    variable('Port', '80'),
    variable('Port', '8080', { scope: { environments: ['Production'] } }),
    variable('Port', '8443', { scope: { environments: ['Production'], roles: ['web'] } }),
    variable('Port', '9090', { scope: { steps: ['Build'] } }),
    variable('Port', '7070', { scope: { processes: ['Nightly'] } }),
    variable('Twice', 'a', { scope: { environments: ['Production', 'Test'] } }),
    variable('Twice', 'b', { scope: { environments: ['Production'] } }),
    variable('A', 'x#{B}'),
    variable('B', '#{C}'),
    variable('C', '#{A}'),
    variable('Url', 'https://#{Octopus.Environment.Name | ToLower}:#{Port}/#{Octopus.Deployment.Id}'),
    variable('Only if', '#{if Hidden}yes#{/if}'),
    variable('Hidden', 'pw anywhere', sensitive),
    variable('Octopus.Project.Name', 'mine'),
    variable('Odd/name & more?', 'odd'),
    variable('Nowhere', 'n', { scope: { tenants: ['Acme'] } }),
  ],
});

describe.each(DIALECTS)('variables on %s', (dialect) => {
  let stage: ApiStage;
  const answers: string[] = [];
  beforeAll(async () => {
    stage = await openApiStage(dialect);
    const parts = { store: stage.store, sealer: createSealer(Buffer.alloc(32, 3)), ids: createIds() };
    await applyModel(parts);
    const { description, tenanted, guidedFailure, connectivity, process } = project();
    await applyDrafts(parts, [
      draft('project', 'Explained', EXPLAINED),
      draft(
        'runbook',
        'Nightly',
        {
          ...{ description, tenanted, guidedFailure, connectivity, process },
          ...{ environments: 'all', project: 'Explained' },
        },
        'Explained',
      ),
    ]);
    await stage.core.releases.create(BY, { project: 'Explained', version: '1.0.0' });
    const later = { ...EXPLAINED, variables: [...EXPLAINED.variables, variable('New', 'since 1.0.0')] };
    await applyDrafts(parts, [draft('project', 'Explained', later)]);
  }, 60_000);
  afterAll(async () => {
    await stage.close();
    expect(answers.length).toBeGreaterThan(0);
    expect(answers.filter((answer) => SECRETS.test(answer))).toEqual([]);
  });

  const get = <T>(path: string): Promise<Answer<T>> => told(stage.call<T>('GET', path));
  async function told<T>(call: Promise<Answer<T>>): Promise<Answer<T>> {
    const answer = await call;
    answers.push(JSON.stringify(answer.body));
    return answer;
  }
  async function explain(name: string, query = '', of = 'Explained'): Promise<Explanation> {
    const path = `/projects/${of}/variables/${encodeURIComponent(name)}/explain`;
    const { status, body } = await get<Explanation>(`${path}?environment=production${query}`);
    expect([status, body]).toEqual([200, expect.anything()]);
    return body;
  }
  const why = ({ values }: Explanation) => values.map(({ value, because }) => [value, because]);

  test('all values in order, the winner, and why each other is none', async () => {
    const found = await explain('port', '&role=web');
    expect(found).toMatchObject({ name: 'Port', ambiguous: false, warnings: [] });
    expect(found.value).toEqual({ text: '8443', sensitive: false, missing: [], problems: [] });
    expect(why(found)).toEqual([
      ['8443', 'wins'],
      ['8080', 'less specific: the winner is scoped by a role that the step is for'],
      ['80', 'less specific: the winner is scoped by a role that the step is for'],
      ['9090', 'does not match: step'],
      ['7070', 'does not match: process'],
    ]);
    expect(found.values[0]?.scope).toEqual({ environments: ['Production'], roles: ['web'] });
    expect(found.values[4]).toMatchObject({
      ...{ scope: { processes: ['Nightly'] }, misses: ['process'], verdict: 'doesNotMatch' },
      source: { kind: 'project', name: 'Explained' },
    });
  });

  test('by step, role, runbook and release', async () => {
    expect((await explain('Port', '&step=build')).value?.text).toBe('9090');
    expect((await explain('Port', '&step=Web')).value?.text).toBe('8080');
    expect((await explain('Port', '&role=web&role=db')).value?.text).toBe('8443');
    expect((await explain('Port', '&runbook=nightly')).value?.text).toBe('8080');
    expect((await explain('New')).value?.text).toBe('since 1.0.0');
    const { status, body } = await get<Failure>(
      '/projects/Explained/variables/New/explain?environment=Production&release=1.0.0',
    );
    expect([status, body.error.code]).toEqual([404, 'notFound']);
    expect(body.error.message).toContain('in release 1.0.0');
  });

  test('ambiguous, circular, and what only a run knows', async () => {
    const twice = await explain('Twice');
    expect(twice).toMatchObject({ ambiguous: true, value: { text: 'b' } });
    expect(twice.warnings[0]).toContain('the same right');
    expect((await explain('A')).value?.problems[0]).toContain('A → B → C → A');
    expect((await explain('Url')).value).toMatchObject({
      ...{ text: 'https://production:8080/', missing: ['#{Octopus.Deployment.Id}'] },
    });
    expect((await explain('Octopus.Project.Name')).warnings[0]).toContain('system variable');
    expect((await explain('Octopus.Environment.Name')).value?.text).toBe('Production');
    expect((await explain('Odd/name & more?')).value?.text).toBe('odd');
    expect((await explain('Nowhere')).value).toBeNull();
    expect((await explain('Nowhere', '&tenant=acme')).value?.text).toBe('n');
  });

  test('sensitive values, and what was made with them, are masked', async () => {
    expect((await explain('Only if')).value).toMatchObject({ text: '********', sensitive: true });
    const password = await explain('Password', '', 'Shop');
    expect(password.value).toMatchObject({ text: '********', sensitive: true });
    expect(why(password)).toEqual([
      ['********', 'wins'],
      ['********', 'less specific: the winner is scoped by the environment'],
      ['pw of the library', 'less specific: the winner is scoped by the environment'],
    ]);
    expect((await explain('Connection', '', 'Shop')).value?.text).toBe('********');
    expect((await explain('Pin', '', 'Shop')).warnings[0]).toContain('asked for');
    const asked = await explain('Shared', '&tenant=Acme', 'Shop');
    expect(asked.values.map(({ source }) => source.name)).toEqual(['Acme', 'Common']);
  });

  test('a list of all, for a place', async () => {
    const { body } = await get<Listed>('/projects/Shop/variables?environment=Production&tenant=Acme');
    expect(body.items.map(({ name, seen }) => [name, seen.text])).toEqual([
      ...[
        ['Asked', '********'],
        ['Connection', '********'],
      ],
      ...[
        ['Host', 'db.production.example'],
        ['Later', 'later of acme'],
        ['Looks sealed', 'v1.plain'],
      ],
      ...['PASSWORD', 'Pin', 'Shared', 'Token', 'Unset'].map((name) => [name, '********']),
    ]);
    const anywhere = await get<Listed>('/projects/explained/variables');
    expect(anywhere.body.items.find(({ name }) => name === 'Port')?.seen.text).toBe('80');
    expect(anywhere.body.items.some(({ name }) => name === 'Twice')).toBe(false);
  });

  test.each([
    ['Explained/variables/Prot/explain?environment=Production', 404, 'did you mean "Port"'],
    ['Explaned/variables/Port/explain?environment=Production', 404, 'did you mean "Explained"'],
    ['Explained/variables/Port/explain?environment=Prod', 404, 'There is no environment "Prod"'],
    ['Explained/variables/Port/explain', 400, 'environment'],
    ['Explained/variables/Port/explain?environment=Test&step=Biuld', 404, 'did you mean "Build"'],
    ['Explained/variables/Port/explain?environment=Test&channel=Beta', 400, 'Stable'],
    ['Explained/variables/Port/explain?environment=Test&runbook=Nightly&release=1.0.0', 400, 'release'],
    ['Explained/variables/Port/explain?environment=Test&release=1.0.0&channel=Beta', 400, 'Stable'],
    ['Explained/variables/Port/explain?environment=Test&release=9', 404, 'its newest are 1.0.0'],
    ['Shop/variables/Pin/explain?environment=Test&runbook=Nightly', 404, 'runbook "Nightly"'],
  ])('%s is %i', async (path, status, text) => {
    const answer = await get<Failure>(`/projects/${path}`);
    expect([answer.status, answer.body.error.message]).toEqual([status, expect.stringContaining(text)]);
  });
});
