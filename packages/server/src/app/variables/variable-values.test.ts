import { expect, test } from '@jest/globals';

import type { ResolvedVariable } from '../../domain/variables/candidate.ts';
import { ANYWHERE } from '../../domain/variables/scope.ts';
import { SeenValues } from './variable-values.ts';

const variable = (name: string, value: string, sensitive = false): ResolvedVariable => ({
  ...{ name, value, sensitive, scope: ANYWHERE, ambiguous: false },
  type: sensitive ? 'sensitive' : 'text',
  source: { kind: 'project', id: 'p', name: 'Shop', place: '' },
});

const seen = new SeenValues(
  [
    variable('Secret', 'v1.sealed', true),
    variable('Names', 'Secret'),
    variable('Plain', 'x'),
    variable('Joined', '#{Plain}-#{Plain | ToUpper}'),
    variable('Beside', '#{Joined}#{secret}'),
    variable('Decided', '#{if Beside}a#{else}b#{/if}'),
    variable('Indexed', '#{Of[#{Secret}]}'),
    variable('Part', 'a#{Nobody}b#{Octopus.Task.Id}'),
    variable('A', '#{B}'),
    variable('B', '#{a}'),
    variable('To a circle', '#{A}'),
    variable('Filtered', '#{Plain | NoSuchFilter}'),
  ],
  () => 0,
);

test.each([
  ['plain', 'x'],
  ['Joined', 'x-X'],
  ['Names', 'Secret'],
])('%s comes to %s', (name, text) => {
  expect(seen.of(name)).toEqual({ text, sensitive: false, missing: [], problems: [] });
});

test.each(['Secret', 'Beside', 'Decided', 'Indexed'])(
  '%s is masked, with all that could tell of it',
  (name) => {
    expect(seen.of(name)).toEqual({ text: '********', sensitive: true, missing: [], problems: [] });
  },
);

test('what gives nothing is left out, and told', () => {
  expect(seen.of('Part')).toMatchObject({ text: 'ab', missing: ['#{Nobody}', '#{Octopus.Task.Id}'] });
});

test('a circle is told with its names, and has no value', () => {
  expect(seen.of('A')).toMatchObject({ text: '', problems: [expect.stringContaining('A → B → A')] });
  expect(seen.of('To a circle')?.problems[0]).toContain('A → B → A');
  expect(seen.of('Filtered')?.problems[0]).toContain('NoSuchFilter');
  expect(seen.of('Nobody')).toBeUndefined();
});
