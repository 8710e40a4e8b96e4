import { describe, expect, test } from '@jest/globals';

import type { Prompt, Variable } from '../model/variable.ts';
import { checkPrompted, promptedVariables, splitGiven, type GivenValue } from './prompted.ts';
import { indexSnapshot, variablesOfRun } from './resolve.ts';
import { ANYWHERE, type VariableContext } from './scope.ts';
import { takeSnapshot } from './snapshot.ts';

const CONTEXT: VariableContext = {
  ...{ environmentId: 'prod', channel: null, tenantId: null, tenantTags: [], process: 'deployment' },
  ...{ stepNames: null, stepRoles: [], target: null },
};

const asks = (name: string, prompt: Partial<Prompt>, more: Partial<Variable> = {}): Variable => ({
  ...{ name, type: 'text', value: '', description: '', scope: ANYWHERE },
  prompt: { label: '', description: '', required: false, control: 'text', options: [], ...prompt },
  ...more,
});

const COLOURS = [
  { value: 'r', label: 'Red' },
  { value: 'g', label: 'Green' },
];
const index = indexSnapshot(
  takeSnapshot(
    {
      id: 'p',
      name: 'Shop',
      body: {
        templates: [],
        variables: [
          asks('Reason', { label: 'Why: the reason', required: true }),
          asks('Colour', { control: 'select', options: COLOURS }, { value: 'r' }),
          asks('Pin', { label: 'Launch code', required: true }, { type: 'sensitive' }),
          asks('Dry', { label: 'Dry run', control: 'checkbox' }),
          asks('Pool', {}, { type: 'workerPool' }),
          asks('Known', { required: true }, { value: 'offered' }),
          asks('Elsewhere', { required: true }, { scope: { ...ANYWHERE, environments: ['test'] } }),
        ],
      },
    },
    [],
  ),
);
const asked = promptedVariables(index, CONTEXT);
const check = (given: Record<string, string> | GivenValue[]) =>
  checkPrompted(
    asked,
    Array.isArray(given) ? given : Object.entries(given).map(([name, value]) => ({ name, value })),
    {
      nearest: (word, known) => known.find((each) => each.startsWith(word.slice(0, 3))),
      pools: [{ id: 'pool-1', name: 'Linux' }],
    },
  );
const WELL = { 'why: the REASON': 'because', pin: '1234' };

test('asks for what the run may see, by label', () => {
  expect(asked.map(({ label }) => label)).toEqual([
    ...['Colour', 'Dry run', 'Known', 'Launch code', 'Pool', 'Why: the reason'],
  ]);
  expect(promptedVariables(index, { ...CONTEXT, environmentId: 'test' }).map(({ name }) => name)).toContain(
    'Elsewhere',
  );
});

describe('what is given', () => {
  test('is stored as the variable takes it', () => {
    const { values } = check({ ...WELL, colour: 'green', 'Dry run': 'yes', Pool: 'linux' }) as {
      values: Map<string, string>;
    };
    expect(Object.fromEntries(values)).toEqual({
      'p/variables/0/value': 'because',
      'p/variables/1/value': 'g',
      'p/variables/2/value': '1234',
      'p/variables/3/value': 'True',
      'p/variables/4/value': 'pool-1',
    });
    const run = variablesOfRun(index, CONTEXT, { prompted: values }).in(CONTEXT);
    expect([run.get('Colour')?.value, run.get('Known')?.value]).toEqual(['g', 'offered']);
    expect(run.get('Pin')).toMatchObject({ sensitive: true, source: { kind: 'prompted' } });
  });

  test.each<[Record<string, string>, string, string]>([
    [{ ...WELL, Colour: 'blue' }, 'variables.Colour', 'one of r, g'],
    [{ ...WELL, 'Dry run': 'perhaps' }, 'variables.Dry run', 'True or False'],
    [{ ...WELL, Pool: 'none' }, 'variables.Pool', 'a worker pool: Linux'],
    [{ pin: '1', Reason: 'a\nb' }, 'variables.Why: the reason', 'a text of one line'],
    [{ ...WELL, Color: 'r' }, 'variables.Color', 'did you mean Colour?'],
    [{ ...WELL, Strange: 'r' }, 'variables.Strange', 'one of Colour, Dry run'],
    [{ pin: '1' }, 'variables.Why: the reason', 'a value, for it is required'],
    [{ ...WELL, known: ' ' }, 'variables.Known', 'a value, for it is required'],
  ])('%j is refused', (given, field, expected) => {
    const found = check(given).problems?.find((each) => each.field === field);
    expect(found?.expected).toContain(expected);
  });

  test('twice is refused, and so is anything where nothing is asked', () => {
    const twice = check(
      [...Object.entries(WELL), ['Launch code', 'x']].map(([name, value]) => ({
        name: name!,
        value: value!,
      })),
    );
    expect(twice.problems).toEqual([{ field: 'variables.Launch code', expected: 'one value' }]);
    const none = checkPrompted([], [{ name: 'a', value: 'b' }], { nearest: () => undefined, pools: [] });
    expect(none.problems?.[0]?.expected).toContain('asks for no variables');
  });

  test('a secret is never repeated', () => {
    expect(JSON.stringify(check({ ...WELL, pin: 'hunter\n2' }).problems)).not.toContain('hunter');
  });
});

test('a label with a colon in it is known as a whole', () => {
  expect(splitGiven('Why: the reason:a:b', asked)).toEqual({ name: 'Why: the reason', value: 'a:b' });
  expect(splitGiven('colour=r', asked)).toEqual({ name: 'colour', value: 'r' });
  expect(splitGiven('Other:x=y', asked)).toEqual({ name: 'Other', value: 'x=y' });
  expect(splitGiven('Colour', asked)).toBeUndefined();
});
