import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import type { Variable, VariableScope, VariableTemplate } from '../model/variable.ts';
import { indexSnapshot, layered, resolveVariables, variablesOfRun } from './resolve.ts';
import { ANYWHERE, type VariableContext } from './scope.ts';
import { takeSnapshot, withSealedValues, type VariableSnapshot } from './snapshot.ts';

const CONTEXT: VariableContext = {
  environmentId: 'prod',
  channel: 'Stable',
  tenantId: 'acme',
  tenantTags: ['Region/Europe', 'Ring/Early'],
  process: 'deployment',
  stepNames: ['Web', 'Web'],
  stepRoles: ['web'],
  target: { id: 'm1', roles: ['web', 'linux'] },
};

const variable = (name: string, value: string, scope: Partial<VariableScope> = {}): Variable => ({
  ...{ name, value, type: 'text', description: '', prompt: null },
  scope: { ...ANYWHERE, ...scope },
});

const template = (name: string, change: Partial<VariableTemplate> = {}): VariableTemplate => ({
  ...{ name, label: '', description: '', type: 'text', default: '', required: false, control: 'text' },
  options: [],
  ...change,
});

interface Written {
  project?: Variable[];
  library?: Variable[];
  templates?: VariableTemplate[];
  common?: VariableTemplate[];
}

const snapshot = ({ project = [], library = [], templates = [], common = [] }: Written): VariableSnapshot =>
  takeSnapshot({ id: 'p', name: 'Shop', body: { variables: project, templates } }, [
    { id: 'set', name: 'Common', body: { description: '', variables: library, templates: common } },
  ]);

const valueOf = (written: Written, context = CONTEXT): string | undefined =>
  resolveVariables(snapshot(written), context).get('x')?.value;

/** A scope of each kind that matches CONTEXT, the most specific first. */
const KINDS: [string, Partial<VariableScope>][] = [
  ['step', { steps: ['web'] }],
  ['target', { targets: ['m1'] }],
  ['role of the step', { roles: ['WEB'] }],
  ['role', { roles: ['Linux'] }],
  ['tenant', { tenants: ['acme'] }],
  ['tenant tag', { tenantTags: ['region/europe'] }],
  ['environment', { environments: ['prod'] }],
  ['channel', { channels: ['stable'] }],
  ['process', { processes: ['deployment'] }],
  ['none', {}],
];
const PAIRS = KINDS.flatMap(([a, strong], i) =>
  KINDS.slice(i + 1).map(([b, weak]) => [a, b, strong, weak] as const),
);

describe('precedence', () => {
  test.each(PAIRS)('%s before %s, wherever it is written', (_a, _b, strong, weak) => {
    const [first, second] = [variable('x', 'strong', strong), variable('X', 'weak', weak)];
    expect(valueOf({ project: [first, second] })).toBe('strong');
    expect(valueOf({ project: [second, first] })).toBe('strong');
    expect(valueOf({ library: [first], project: [second] })).toBe('strong');
    expect(resolveVariables(snapshot({ project: [first, second] }), CONTEXT).get('x')?.ambiguous).toBe(false);
  });

  test.each(PAIRS.filter(([, , strong, weak]) => !('roles' in strong && 'roles' in weak)))(
    '%s and %s together before either',
    (_a, _b, strong, weak) => {
      const both = variable('x', 'both', { ...strong, ...weak });
      const project = [both, variable('x', 'strong', strong), variable('x', 'weak', weak)];
      const expected = Object.keys(weak).length === 0 ? 'strong' : 'both';
      expect(valueOf({ project })).toBe(expected);
    },
  );

  test('the most specific kind decides, not how many there are', () => {
    const all = KINDS.slice(1).reduce((scope, [, each]) => ({ ...each, ...scope }), {});
    expect(valueOf({ project: [variable('x', 'step', { steps: ['Web'] }), variable('x', 'all', all)] })).toBe(
      'step',
    );
  });

  test('two of a kind are no more specific than one: the later one, and ambiguous', () => {
    const project = [
      variable('x', 'two', { tenantTags: ['Region/Europe', 'Ring/Early'] }),
      variable('x', 'one', { tenantTags: ['Ring/Early'] }),
    ];
    const found = resolveVariables(snapshot({ project }), CONTEXT).get('x');
    expect(found).toMatchObject({ value: 'one', ambiguous: true });
    const same = project.map((each) => ({ ...each, value: 'same' }));
    expect(resolveVariables(snapshot({ project: same }), CONTEXT).get('x')?.ambiguous).toBe(false);
  });

  test('the project before a library set', () => {
    const scope = { environments: ['prod'] };
    expect(
      valueOf({ library: [variable('x', 'library', scope)], project: [variable('x', 'project', scope)] }),
    ).toBe('project');
    expect(valueOf({ library: [variable('x', 'library', scope)], project: [variable('x', 'project')] })).toBe(
      'library',
    );
  });
});

describe('scopes', () => {
  test('of one kind any, of several kinds all', () => {
    const scope = { environments: ['test', 'prod'], steps: ['other', 'web'] };
    expect(valueOf({ project: [variable('x', 'v', scope)] })).toBe('v');
    expect(valueOf({ project: [variable('x', 'v', { ...scope, channels: ['beta'] })] })).toBeUndefined();
  });

  test('what the context lacks matches no scope of that kind', () => {
    const bare = { ...CONTEXT, channel: null, tenantId: null, tenantTags: [], stepNames: null, target: null };
    for (const [kind, scope] of KINDS.slice(0, 6).concat(KINDS.slice(7, 8)))
      expect([kind, valueOf({ project: [variable('x', 'v', scope)] }, bare)]).toEqual([kind, undefined]);
    expect(valueOf({ project: [variable('x', 'v', { roles: ['web'] })] }, bare)).toBeUndefined();
  });

  test('a runbook by its id', () => {
    const project = [variable('x', 'deployed'), variable('x', 'restored', { processes: ['rb1'] })];
    expect(valueOf({ project })).toBe('deployed');
    expect(valueOf({ project }, { ...CONTEXT, process: 'rb1', channel: null })).toBe('restored');
  });
});

describe('tenants', () => {
  const written: Written = { templates: [template('x', { default: 'default' })], common: [template('y')] };
  const tenant = {
    ...{ id: 'acme', name: 'Acme' },
    common: [{ variableSet: 'set', name: 'Y', type: 'text' as const, value: 'common' }],
    values: [{ project: 'p', environment: 'prod', name: 'X', type: 'text' as const, value: 'mine' }],
  };
  const resolve = (more: Written, context = CONTEXT) =>
    resolveVariables(snapshot({ ...written, ...more }), context, { tenant });

  test('what the tenant filled in, by environment', () => {
    expect(resolve({}).get('x')).toMatchObject({
      value: 'mine',
      source: { kind: 'tenant', id: 'acme', place: '/values/0/value' },
    });
    expect(resolve({}).get('y')?.value).toBe('common');
    expect(resolve({}, { ...CONTEXT, environmentId: 'test' }).get('x')?.value).toBe('default');
  });

  test('stands where a value for that tenant stands', () => {
    expect(resolve({ project: [variable('x', 'env', { environments: ['prod'] })] }).get('x')?.value).toBe(
      'mine',
    );
    expect(resolve({ project: [variable('x', 'role', { roles: ['linux'] })] }).get('x')?.value).toBe('role');
    const both = { tenants: ['acme'], environments: ['prod'] };
    expect(resolve({ project: [variable('x', 'both', both)] }).get('x')).toMatchObject({
      value: 'mine',
      ambiguous: false,
    });
    expect(
      resolve({ project: [variable('y', 'of the project', { tenants: ['acme'] })] }).get('y')?.value,
    ).toBe('of the project');
  });

  test('a default gives way to any variable, and is there without a tenant', () => {
    const without = { ...CONTEXT, tenantId: null, tenantTags: [] };
    expect(resolveVariables(snapshot(written), without).get('x')?.value).toBe('default');
    expect(
      resolveVariables(snapshot({ ...written, project: [variable('x', 'v')] }), without).get('x')?.value,
    ).toBe('v');
  });

  test('a value without a template in the snapshot is none', () => {
    expect(resolveVariables(snapshot({}), CONTEXT, { tenant }).get('x')).toBeUndefined();
  });
});

test('a prompted value keeps the scope of what it stands for', () => {
  const prompt = { label: 'X', description: '', required: false, control: 'text' as const, options: [] };
  const project = [
    { ...variable('x', 'offered', { environments: ['prod'] }), prompt },
    variable('x', 'step', { steps: ['Web'] }),
  ];
  const prompted = new Map([['p/variables/0/value', 'given']]);
  const run = variablesOfRun(indexSnapshot(snapshot({ project })), CONTEXT, { prompted });
  expect(run.lookup('x', CONTEXT)?.value).toBe('step');
  expect(run.lookup('X', { ...CONTEXT, stepNames: ['Db'] })).toMatchObject({
    value: 'given',
    source: { kind: 'prompted' },
  });
});

test('of layers the first that has the name counts', () => {
  const [a, b] = [
    { project: [variable('x', 'a')] },
    { project: [variable('X', 'b'), variable('y', 'b')] },
  ].map((written) => resolveVariables(snapshot(written), CONTEXT));
  const both = layered(a!, b!);
  expect([both.get('x')?.value, both.get('Y')?.value]).toEqual(['a', 'b']);
  expect([...both].map(({ value }) => value)).toEqual(['a', 'b']);
});

const some = (names: string[]) => fc.subarray(names);
const anyScope = fc.record({
  environments: some(['prod', 'test']),
  targets: some(['m1', 'm2']),
  roles: some(['web', 'linux', 'db']),
  steps: some(['Web', 'Db']),
  channels: some(['Stable', 'Beta']),
  tenants: some(['acme', 'other']),
  tenantTags: some(['Region/Europe', 'Region/Asia']),
  processes: some(['deployment', 'rb1']),
});
const anyContext = fc.record({
  environmentId: fc.constantFrom('prod', 'test'),
  channel: fc.constantFrom('Stable', 'Beta', null),
  tenantId: fc.constantFrom('acme', 'other', null),
  tenantTags: some(['Region/Europe', 'Region/Asia']),
  process: fc.constantFrom('deployment', 'rb1'),
  stepNames: fc.constantFrom(['Web'], ['Db'], ['Web', 'Db'], null),
  stepRoles: some(['web', 'linux', 'db']),
  target: fc.option(fc.record({ id: fc.constantFrom('m1', 'm2'), roles: some(['web', 'linux', 'db']) })),
});
const anyVariables = fc
  .array(fc.tuple(fc.constantFrom('x', 'y', 'Z'), anyScope), { maxLength: 12 })
  .map((all) => all.map(([name, scope], i) => variable(name, `v${i}`, scope)));

const seen = (found: Iterable<{ name: string; value: string }>): Record<string, string> =>
  Object.fromEntries([...found].map(({ name, value }) => [name, value]));

describe('for any variables in any context', () => {
  test('the list and the single look-up say the same, and so does a run of many places', () => {
    fc.assert(
      fc.property(anyVariables, anyContext, (project, context) => {
        const all = resolveVariables(snapshot({ project }), context);
        const run = variablesOfRun(indexSnapshot(snapshot({ project })), context);
        run.in({ ...context, target: { id: 'm2', roles: ['db'] } }).get('x');
        for (const each of all) expect(run.lookup(each.name, context)).toEqual(each);
        for (const name of ['x', 'y', 'z']) expect(run.lookup(name, context)).toEqual(all.get(name));
      }),
      { numRuns: 500 },
    );
  });

  test('what is not ambiguous is the same however the variables are ordered', () => {
    fc.assert(
      fc.property(
        anyVariables.chain((all) =>
          fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
        ),
        anyContext,
        ([project, shuffled], context) => {
          const a = [...resolveVariables(snapshot({ project }), context)];
          const b = resolveVariables(snapshot({ project: shuffled }), context);
          expect([...b]).toHaveLength(a.length);
          for (const each of a) {
            expect(b.get(each.name)?.ambiguous).toBe(each.ambiguous);
            if (!each.ambiguous) expect(b.get(each.name)?.value).toBe(each.value);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  test('a value that does not hold, and one of another name, change nothing', () => {
    fc.assert(
      fc.property(anyVariables, anyContext, fc.nat(12), (project, context, at) => {
        const before = seen(resolveVariables(snapshot({ project }), context));
        const strange = variable('x', 'strange', { ...ANYWHERE, steps: ['Elsewhere'], targets: ['m1'] });
        const more = project.toSpliced(at, 0, strange, variable('other', 'o'));
        expect(seen(resolveVariables(snapshot({ project: more }), context))).toEqual({
          ...before,
          other: 'o',
        });
      }),
      { numRuns: 500 },
    );
  });

  test('who wins among all wins against each: the order is total', () => {
    fc.assert(
      fc.property(anyVariables, anyContext, (all, context) => {
        const project = all.map((each) => ({ ...each, name: 'x' }));
        const winner = resolveVariables(snapshot({ project }), context).get('x');
        const index = project.findIndex(({ value }) => value === winner?.value);
        project.forEach((other, i) => {
          const alone = valueOf({ project: [other] }, context);
          if (winner === undefined) expect(alone).toBeUndefined();
          if (winner === undefined) return;
          const pair = i < index ? [other, project[index]!] : [project[index]!, other];
          expect(valueOf({ project: pair }, context)).toBe(winner.value);
        });
      }),
      { numRuns: 500 },
    );
  });
});

test('a snapshot is changed by nothing later', () => {
  const body = { variables: [variable('x', 'before')], templates: [] };
  const taken = takeSnapshot({ id: 'p', name: 'Shop', body }, []);
  body.variables[0]!.value = 'after';
  expect(resolveVariables(taken, CONTEXT).get('x')?.value).toBe('before');
  expect(JSON.parse(JSON.stringify(taken))).toEqual(taken);
});

test('what is sealed in a snapshot is known by the place that resolution names', () => {
  const sensitive = { type: 'sensitive' as const };
  const taken = snapshot({
    project: [variable('x', 'clear'), { ...variable('y', 'seal'), ...sensitive }],
    common: [template('z', { ...sensitive, default: 'seal' }), template('none', sensitive)],
  });
  const changed = withSealedValues(taken, (sealed, context) => `${sealed} of ${context}`);
  for (const [name, value] of [
    ['y', 'seal of resource/p/variable/y'],
    ['z', 'seal of resource/set/template/z'],
  ] as const) {
    const found = resolveVariables(changed, CONTEXT).get(name);
    expect(found).toMatchObject({ value, sensitive: true });
  }
  expect(resolveVariables(changed, CONTEXT).get('x')?.value).toBe('clear');
});
