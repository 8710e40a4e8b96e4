import { describe, expect, test } from '@jest/globals';

import type { Phase } from '../model/lifecycle.ts';
import type { Tenanted } from '../model/project.ts';
import type { Progress } from './progression.ts';
import { promotedFor, promotionsOf, type Promoted } from './promotion.ts';

const ENVIRONMENTS = ['dev', 'qa', 'perf', 'prod'].map((id) => ({ id, name: id }));
const phase = (automatic: string[], change: Partial<Phase> = {}): Phase => ({
  ...{ name: automatic.join(), environments: [], automatic, minimum: 0, optional: false, priority: false },
  ...change,
});
const progress = (phases: Phase[], ...succeeded: string[]): Progress => ({
  phases,
  environments: ENVIRONMENTS,
  succeeded: new Set(succeeded),
});
const CHAIN = [phase(['dev']), phase(['qa', 'perf']), phase(['prod'])];

describe('where a release goes by itself', () => {
  test.each<[string, Phase[], string[], string[], string[] | null, string[]]>([
    ['the first phase, when it is new', CHAIN, [], [], null, ['dev']],
    ['not again while it is under way', CHAIN, [], ['dev'], null, []],
    ['the next phase, both of it', CHAIN, ['dev'], ['dev'], null, ['qa', 'perf']],
    ['the other one, when one was started by a person', CHAIN, ['dev'], ['dev', 'qa'], null, ['perf']],
    ['not on while one of a phase is missing', CHAIN, ['dev', 'qa'], ['dev', 'qa', 'perf'], null, []],
    ['on when all are there', CHAIN, ['dev', 'qa', 'perf'], ['dev', 'qa', 'perf'], null, ['prod']],
    ['not to where it failed before', CHAIN, ['dev'], ['dev', 'qa', 'perf'], null, []],
    [
      'beyond an optional phase at once',
      [phase([], { environments: ['dev'], optional: true }), phase(['qa'])],
      [],
      [],
      null,
      ['qa'],
    ],
    [
      'as soon as the minimum is reached',
      [phase(['dev', 'qa'], { minimum: 1 }), phase(['prod'])],
      ['dev'],
      ['dev', 'qa'],
      null,
      ['prod'],
    ],
    ['only where the tenant is', CHAIN, ['dev'], ['dev'], ['dev', 'perf'], ['perf']],
    ['once where two phases name it', [phase(['dev']), phase(['qa', 'dev'])], [], [], null, ['dev']],
    ['nowhere without phases', [], [], [], null, []],
  ])('%s', (_, phases, succeeded, started, open, wanted) => {
    expect(promotionsOf(progress(phases, ...succeeded), new Set(started), open)).toEqual(wanted);
  });
});

describe('for whom', () => {
  const tenant = (id: string, environments: string[], tags: string[] = []): Promoted => ({
    id,
    body: { tags, projects: environments.length === 0 ? [] : [{ project: 'p', environments }] },
  });
  const tenants = [
    tenant('acme', ['dev'], ['Region/Europe']),
    tenant('bolt', ['dev'], ['Region/Asia']),
    tenant('cold', []),
  ];
  test.each<[Tenanted, string[], (string | null)[]]>([
    ['untenanted', [], [null]],
    ['tenanted', [], ['acme', 'bolt']],
    ['either', [], [null, 'acme', 'bolt']],
    ['tenanted', ['Region/Europe'], ['acme']],
    ['either', ['region/asia', 'Region/Europe'], [null, 'acme', 'bolt']],
  ])('%s %j', (tenanted, tenantTags, wanted) => {
    const found = promotedFor({ id: 'p', body: { tenanted } }, { tenantTags }, tenants);
    expect(found.map((one) => one?.id ?? null)).toEqual(wanted);
  });
});
