import { expect, test } from '@jest/globals';

import type { Resource } from '../../domain/model/resource.ts';
import type { ResolvedVariable } from '../../domain/variables/candidate.ts';
import { ANYWHERE } from '../../domain/variables/scope.ts';
import { openerOf } from './sealed-values.ts';

const tenant = {
  body: {
    common: [{ variableSet: 's1', name: 'KEY', type: 'sensitive', value: 'x' }],
    values: [
      { project: 'p1', environment: 'e1', name: 'Key', type: 'sensitive', value: 'x' },
      { project: 'p1', environment: 'e1', name: 'Clear', type: 'text', value: 'x' },
    ],
  },
} as unknown as Resource<'tenant'>;
/** Tells the context instead of opening. */
const open = openerOf(
  { seal: (plain) => plain, open: (_sealed, context) => context },
  { taskId: 't1', tenant },
);

test.each<[ResolvedVariable['source']['kind'], string, string]>([
  ['project', '/variables/3/value', 'resource/r1/variable/key'],
  ['library', '/variables/0/value', 'resource/r1/variable/key'],
  ['library', '/templates/0/default', 'resource/r1/template/key'],
  ['tenant', '/common/0/value', 'resource/r1/common/s1/key'],
  ['tenant', '/values/0/value', 'resource/r1/value/p1/e1/key'],
  ['tenant', '/values/1/value', 'sealed'],
  ['prompted', 'r1/variables/3/value', 'task:t1:r1/variables/3/value'],
  ['output', 'Own.Output.Name', 'task:t1:Own.Output.Name'],
])('%s at %s: %s', (kind, place, context) => {
  const variable: ResolvedVariable = {
    ...{ name: 'Key', type: 'sensitive', sensitive: true, scope: ANYWHERE, ambiguous: false },
    ...{ value: 'sealed', source: { kind, id: 'r1', name: '', place } },
  };
  expect(open(variable)).toBe(context);
  expect(open({ ...variable, value: '' })).toBe('');
});
