import { expect, test } from '@jest/globals';

import type { Tenanted } from './project.ts';
import { claimed, tenantedBy, type TargetClaim } from './target-claim.ts';

const NONE = { tenants: [], tenantTags: [] };
const ONE = { tenants: ['t1'], tenantTags: [] };
const TAG = { tenants: [], tenantTags: ['Region/EU'] };

type Case = [
  named: typeof NONE | typeof ONE | typeof TAG,
  said: Tenanted | undefined,
  before: Tenanted,
  is: Tenanted,
];
const cases: Case[] = [
  [NONE, undefined, 'untenanted', 'untenanted'],
  [ONE, undefined, 'untenanted', 'tenanted'],
  [TAG, undefined, 'untenanted', 'tenanted'],
  [ONE, undefined, 'either', 'either'],
  [NONE, undefined, 'either', 'either'],
  [NONE, undefined, 'tenanted', 'untenanted'],
  [ONE, 'untenanted', 'tenanted', 'untenanted'],
  [NONE, 'tenanted', 'untenanted', 'tenanted'],
];
test.each(cases)('of %j, said %s, before %s: %s', (named, said, before, is) => {
  expect(tenantedBy(named, said, before)).toBe(is);
});

test('a claim becomes a target of the machine, enabled', () => {
  const claim: TargetClaim = {
    description: 'd',
    environments: ['e'],
    roles: ['r'],
    tenanted: 'either',
    ...ONE,
  };
  expect(claimed(claim, 'm')).toEqual({
    ...claim,
    disabled: false,
    reachedBy: { kind: 'agent', machine: 'm' },
  });
});
