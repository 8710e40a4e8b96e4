import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { SEALED_PLACES } from './sealed-places.ts';

/** Who seals, and the tables that it is kept in. */
const SEALERS: Record<string, string[]> = {
  'app/agents/attempts.ts': ['attempt_events'],
  // Snapshots are copies of what resources hold.
  'app/model/model-secrets.ts': ['resources', 'snapshots'],
  'app/steps/starting.ts': ['tasks', 'attempt_scripts'],
  'links/authority.ts': ['authority'],
};

test('what is sealed anywhere in the server is in the list: whoever seals says where it is kept', () => {
  const root = join(import.meta.dirname, '..');
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !file.startsWith('store/'))
    .filter((file) => /[sS]ealer\.seal\(/.test(readFileSync(join(root, file), 'utf8')));
  expect(files.sort()).toEqual(Object.keys(SEALERS).sort());
  const kept = SEALED_PLACES.map(({ table }) => table);
  expect([...kept].sort()).toEqual(Object.values(SEALERS).flat().sort());
});
