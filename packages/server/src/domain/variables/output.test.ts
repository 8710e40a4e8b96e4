import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import {
  childOutputName,
  manualOutputs,
  OutputVariables,
  statusVariables,
  type OutputValue,
} from './output.ts';

const WEB01 = { id: 'm1', name: 'Web01' };
const WEB02 = { id: 'm2', name: 'Web02' };

const output = (value: string, change: Partial<OutputValue> = {}): OutputValue => ({
  ...{
    step: 'Web',
    action: 'Web',
    amongSeveral: false,
    machine: null,
    name: 'Result',
    sensitive: false,
    value,
  },
  order: { attempt: '1', machine: 0, event: 1 },
  ...change,
});

const of = (...outputs: OutputValue[]): OutputVariables => {
  const variables = new OutputVariables();
  for (const each of outputs) variables.add(each);
  return variables;
};

const seen = (variables: Iterable<{ name: string; value: string }>): Record<string, string> =>
  Object.fromEntries([...variables].map(({ name, value }) => [name, value]));

describe('outputs', () => {
  test('of an action that runs once', () => {
    expect(seen(of(output('a')).on(null))).toEqual({ 'Octopus.Action[Web].Output.Result': 'a' });
  });

  test('of machines: each one’s own, and the last one’s by the plan', () => {
    const variables = of(
      output('two', { machine: WEB02, order: { attempt: '1', machine: 1, event: 1 } }),
      output('one', { machine: WEB01, order: { attempt: '1', machine: 0, event: 9 } }),
    );
    const all = {
      'Octopus.Action[Web].Output[Web01].Result': 'one',
      'Octopus.Action[Web].Output[Web02].Result': 'two',
      'Octopus.Action[Web].Output.Result': 'two',
    };
    expect(seen(variables.on(null))).toEqual(all);
    expect(seen(variables.on('m1'))).toEqual({ ...all, 'Octopus.Action[Web].Output.Result': 'one' });
    expect(variables.on('m1').get('octopus.action[WEB].output.result')?.value).toBe('one');
    expect(variables.on('m3').get('Octopus.Action[Web].Output.Result')?.value).toBe('two');
  });

  test('of an action among several, by its step too', () => {
    const variables = of(output('a', { action: 'Install', amongSeveral: true, machine: WEB01 })).on('m1');
    expect(Object.keys(seen(variables))).toEqual([
      'Octopus.Action[Install].Output.Result',
      'Octopus.Action[Install].Output[Web01].Result',
      'Octopus.Step[Web].Action[Install].Output.Result',
      'Octopus.Step[Web].Action[Install].Output[Web01].Result',
    ]);
  });

  test('a later try counts, and in it a later event; what was sensitive stays so', () => {
    const variables = of(
      output('retried', { order: { attempt: '2', machine: 0, event: 1 }, sensitive: true }),
      output('first', { order: { attempt: '1', machine: 0, event: 5 } }),
    );
    expect(variables.on(null).get('Octopus.Action[Web].Output.Result')).toMatchObject({
      ...{ value: 'retried', sensitive: true, type: 'sensitive' },
    });
  });

  test('the order of arrival makes no difference', () => {
    const order = fc.record({
      attempt: fc.constantFrom('0', '1', '2'),
      machine: fc.constant(0),
      event: fc.nat(3),
    });
    const one = fc.tuple(fc.constantFrom(null, WEB01, WEB02), order).map(([machine, at]) => {
      const place = { ...at, machine: machine === WEB02 ? 1 : 0 };
      return output(`${machine?.name ?? ''} ${JSON.stringify(place)}`, { machine, order: place });
    });
    const some = fc.uniqueArray(one, { selector: ({ order: at }) => JSON.stringify(at) });
    fc.assert(
      fc.property(
        some.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
        ([all, shuffled]) => {
          for (const machine of [null, 'm1', 'm2'])
            expect(seen(of(...shuffled).on(machine))).toEqual(seen(of(...all).on(machine)));
        },
      ),
    );
  });
});

test('the status of steps, and of the current one', () => {
  const steps = [
    {
      name: 'Web',
      number: 1,
      status: 'Failed' as const,
      error: 'exit code 1',
      errorDetail: 'exit code 1 on Web01',
    },
    { name: 'Db', number: 2, status: 'Running' as const, error: '', errorDetail: '' },
  ];
  expect(seen(statusVariables(steps, 'db'))).toEqual({
    'Octopus.Step[Web].Status.Code': 'Failed',
    'Octopus.Step[Web].Status.Error': 'exit code 1',
    'Octopus.Step[Web].Status.ErrorDetail': 'exit code 1 on Web01',
    'Octopus.Step[Web].Number': '1',
    'Octopus.Step[Db].Status.Code': 'Running',
    'Octopus.Step[Db].Number': '2',
    'Octopus.Step.Status.Code': 'Running',
  });
});

test('the answer to a manual step, and outputs of a child deployment, are outputs', () => {
  const user = { id: 'u', username: 'alice', name: 'Alice King', email: 'alice@example.com' };
  const variables = new OutputVariables();
  for (const [name, value] of Object.entries(manualOutputs({ approved: true, notes: 'fine', user })))
    variables.add(output(value, { name }));
  variables.add(output('192.0.2.1', { name: childOutputName('Update IP', 'Address') }));
  expect(seen(variables.on(null))).toMatchObject({
    'Octopus.Action[Web].Output.Manual.Approved': 'True',
    'Octopus.Action[Web].Output.Manual.ResponsibleUser.DisplayName': 'Alice King',
    'Octopus.Action[Web].Output.Deployment[Update IP].Address': '192.0.2.1',
  });
});
