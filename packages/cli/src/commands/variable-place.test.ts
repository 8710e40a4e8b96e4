import { expect, test } from '@jest/globals';

import { shownScope, shownSource, shownValue } from './variable-place.ts';

const plain = { sensitive: false, missing: [], problems: [] };

test('a value with what is to be known of it', () => {
  expect(shownValue({ ...plain, text: 'x' })).toBe('x');
  expect(shownValue({ ...plain, text: '' })).toBe('');
  expect(shownValue({ ...plain, text: 'x', missing: ['#{A}', '#{B}'] })).toBe(
    'x (not known here: #{A}, #{B})',
  );
  expect(shownValue({ ...plain, text: '', problems: ['A leads back to itself'] })).toBe(
    '(A leads back to itself)',
  );
});

test('where it stands, and where it holds', () => {
  const source = { kind: 'library', id: 'i', name: 'Common', place: '/variables/0/value' } as const;
  expect(shownSource({ source })).toBe('library set Common');
  expect(shownSource({ source: { ...source, place: '/templates/0/default' } })).toContain(
    'default of a template',
  );
  expect(shownScope({ scope: { roles: ['web', 'db'], processes: ['Nightly'] } })).toBe(
    'role: web, db; process: Nightly',
  );
  expect(shownScope({ scope: {} })).toBe('');
});
