import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import type { Variable, VariableScope } from '../model/variable.ts';
import { explainVariable } from './explain.ts';
import { indexSnapshot, variablesOfRun } from './resolve.ts';
import { ANYWHERE, type VariableContext } from './scope.ts';
import { takeSnapshot } from './snapshot.ts';

const CONTEXT: VariableContext = {
  ...{ environmentId: 'prod', channel: null, tenantId: null, tenantTags: [], process: 'deployment' },
  ...{ stepNames: ['Web'], stepRoles: ['web'], target: { id: 'm1', roles: ['web'] } },
};

const variable = (
  value: string,
  scope: Partial<VariableScope>,
  type: Variable['type'] = 'text',
): Variable => ({
  ...{ name: 'X', type, value, description: '', prompt: null },
  scope: { ...ANYWHERE, ...scope },
});

const index = (project: Variable[], library: Variable[] = []) =>
  indexSnapshot(
    takeSnapshot({ id: 'p', name: 'Shop', body: { variables: project, templates: [] } }, [
      { id: 's', name: 'Common', body: { description: '', variables: library, templates: [] } },
    ]),
  );

test('who wins, and why each other value does not', () => {
  const explained = explainVariable(
    index(
      [
        variable('any', {}),
        variable('prod', { environments: ['prod'] }),
        variable('test', { environments: ['test'], channels: ['Beta'] }),
        variable('earlier', { environments: ['prod'], roles: ['web'] }),
        variable('hidden', { environments: ['prod'], roles: ['web'] }, 'sensitive'),
      ],
      [variable('library', { environments: ['prod'] })],
    ),
    'x',
    CONTEXT,
  );
  expect(explained?.ambiguous).toBe(true);
  expect(explained?.values.map(({ variable: { value }, because }) => [value, because])).toEqual([
    ['********', 'wins'],
    ['earlier', 'as specific as the winner, which is written later'],
    ['prod', 'less specific: the winner is scoped by a role that the step is for'],
    ['library', 'less specific: the winner is scoped by a role that the step is for'],
    ['any', 'less specific: the winner is scoped by a role that the step is for'],
    ['test', 'does not match: environment, channel'],
  ]);
});

test('what is asked for when a run starts', () => {
  const prompt: Variable['prompt'] = {
    ...{ label: '', description: '', required: false, options: [] },
    control: 'text',
  };
  const asked = { ...variable('offered', {}), prompt };
  const explained = explainVariable(index([asked], [variable('library', {})]), 'X', CONTEXT);
  expect(explained?.values.map((each) => each.asked)).toEqual([true, false]);
});

test('the project before a library set', () => {
  const explained = explainVariable(index([variable('p', {})], [variable('l', {})]), 'X', CONTEXT);
  expect(explained?.values[1]?.verdict).toEqual({ kind: 'lessSpecific', rule: 'project' });
});

test('nothing has that name', () => {
  expect(explainVariable(index([variable('p', {})]), 'Y', CONTEXT)).toBeUndefined();
});

const some = (names: string[]) => fc.subarray(names);

test('what it says wins is what a run resolves to', () => {
  const scope = fc.record({
    ...{ environments: some(['prod', 'test']), targets: some(['m1', 'm2']), roles: some(['web', 'db']) },
    ...{ steps: some(['web', 'other']), processes: some(['deployment', 'rb']) },
  });
  fc.assert(
    fc.property(fc.array(scope, { maxLength: 8 }), fc.array(scope, { maxLength: 4 }), (project, library) => {
      const indexed = index(
        project.map((each, i) => variable(`p${i}`, each)),
        library.map((each, i) => variable(`l${i}`, each)),
      );
      const resolved = variablesOfRun(indexed, CONTEXT).lookup('x', CONTEXT);
      const explained = explainVariable(indexed, 'x', CONTEXT);
      const winner = explained?.values.find(({ verdict }) => verdict.kind === 'wins');
      expect(winner?.variable.value).toBe(resolved?.value);
      expect(explained?.ambiguous ?? false).toBe(resolved?.ambiguous ?? false);
      expect(explained?.values ?? []).toHaveLength(project.length + library.length);
    }),
    { numRuns: 500 },
  );
});
