/** Any model, exported and applied again, is unchanged: what YAML leaves out and writes short reads back as it was. */
import { expect, test } from '@jest/globals';
import { createIds } from '@longshore/base';
import fc, { type Arbitrary } from 'fast-check';

import { makePlan } from '../../app/model/apply-plan.ts';
import { World } from '../../app/model/model-world.ts';
import type { Tx } from '../../app/ports/store.ts';
import type {
  Action,
  ActionKind,
  Process,
  RunCondition,
  ScriptText,
  Step,
} from '../../domain/model/process.ts';
import { CONNECTIVITY_DEFAULTS, GUIDED_FAILURE, TENANTED, type Project } from '../../domain/model/project.ts';
import type { Resource, ResourceBodies, ResourceKind } from '../../domain/model/resource.ts';
import type { Variable } from '../../domain/model/variable.ts';
import { INTERPRETERS } from '../../domain/script.ts';
import { readModel } from './read-model.ts';
import { writeModel } from './write-model.ts';

function resource<Kind extends ResourceKind>(
  kind: Kind,
  id: string,
  body: ResourceBodies[Kind],
  parentId = '',
): Resource {
  return {
    spaceId: 'default',
    id,
    kind,
    name: `N ${id}: #`,
    parentId,
    body,
    version: 1,
    createdAt: 1,
    changedAt: 1,
  };
}

const environment = (id: string) =>
  resource('environment', id, { description: '', sortOrder: 0, guidedFailure: false });
const AROUND = [
  environment('e1'),
  environment('e2'),
  resource('lifecycle', 'l1', { description: '', phases: [] }),
  resource('tagSet', 't1', { description: '', tags: [{ name: 'A', description: '' }] }),
];
const pool = {
  spaceId: 'default',
  id: 'p1',
  name: 'null',
  description: '',
  strategy: 'fewest-leases',
  isDefault: true,
  kind: 'static',
  createdAt: 1,
} as const;

/** Words that YAML would read as something else, and texts of several lines. */
const text = fc
  .oneof(
    fc.constantFrom(
      '',
      'no',
      'null',
      '~',
      '1.10',
      '0x1f',
      '- a',
      'a: b',
      '#x',
      ' x ',
      '\t',
      '|',
      'a\n---\nb\n',
      '\n\na\r\n  b',
      '…',
      '#{A}',
      "'",
      '"',
    ),
    fc.string({ unit: 'grapheme', maxLength: 20 }),
  )
  .filter((each) => !each.includes('\0'));
const word = text.map((each) => each.trim()).filter((each) => each !== '');
const some = <T>(of: Arbitrary<T>) => fc.uniqueArray(of, { maxLength: 2 });
const map = fc.dictionary(
  word.filter((each) => each !== '__proto__'),
  text,
  { maxKeys: 2, noNullPrototype: true },
);
const environments = some(fc.constantFrom('e1', 'e2'));
const duration = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 1e10 }));
const condition: Arbitrary<RunCondition> = fc.oneof(
  fc.constantFrom('success' as const, 'failure' as const, 'always' as const).map((kind) => ({ kind })),
  text.filter((each) => each !== '').map((expression) => ({ kind: 'variable' as const, expression })),
);
const script: Arbitrary<ScriptText> = fc.record({
  interpreter: fc.constantFrom(...INTERPRETERS),
  body: text,
  arguments: fc.array(text, { maxLength: 2 }),
  environment: map,
});

const does: Arbitrary<ActionKind> = fc.oneof(
  fc.record({
    kind: fc.constant('script' as const),
    runsOn: fc.constantFrom('worker' as const, 'workerForEachTarget' as const),
    script,
    pool: fc.constantFrom({ kind: 'default' as const }, { kind: 'pool' as const, pool: 'p1' }),
    leaseMode: fc.constant('exclusive' as const),
    tools: fc.array(word, { maxLength: 2 }),
    cleanUp: fc.option(script),
    terminal: fc.boolean(),
    runAs: text,
  }),
  fc.record({ kind: fc.constant('manual' as const), instructions: text, responsible: text }),
  fc.record({
    kind: fc.constant('webhook' as const),
    method: fc.constantFrom('GET' as const, 'POST' as const),
    url: text.filter((each) => each !== ''),
    headers: map,
    body: text,
    expect: fc.array(fc.integer({ min: 100, max: 599 }), { maxLength: 2 }),
  }),
  fc.record({
    kind: fc.constant('healthCheck' as const),
    check: fc.constantFrom('full' as const, 'connection' as const),
    onUnhealthy: fc.constantFrom('fail' as const, 'exclude' as const),
  }),
);

const action: Arbitrary<Action> = fc.record({
  name: fc.constant(''),
  environments,
  excludedEnvironments: fc.constant<string[]>([]),
  channels: fc.constantFrom<string[]>([], ['Default']),
  tenantTags: fc.constantFrom<string[]>([], ['N t1: #/A']),
  disabled: fc.boolean(),
  required: fc.boolean(),
  condition,
  retries: fc.record({ times: fc.constant(0), waitMs: duration, factor: fc.integer({ min: 1, max: 10 }) }),
  timeoutMs: duration,
  notes: text,
  does,
});

/** Names are made here, for they are unique; roles stand in all steps, for some actions need them. */
const process: Arbitrary<Process> = fc.record({
  pinWorker: fc.boolean(),
  steps: fc
    .array(
      fc
        .record({
          start: fc.constant('afterPrevious' as const),
          condition,
          roles: fc.uniqueArray(
            word.map((each) => `r${each}`),
            { minLength: 1, maxLength: 2, selector: (each) => each.toLowerCase() },
          ),
          rollingWindow: fc.option(fc.integer({ min: 1, max: 1000 })),
          maxParallelism: fc.integer({ min: 1, max: 1000 }),
          actions: fc.array(action, { minLength: 1, maxLength: 2 }),
        })
        .map((step): Step => ({ name: '', ...step })),
      { maxLength: 3 },
    )
    .map((steps) => steps.map(withNames)),
});

function withNames(step: Step, s: number): Step {
  const name = `step ${s}`;
  const single = step.actions.length === 1;
  return {
    ...step,
    name,
    actions: step.actions.map((each, a) => ({ ...each, name: single ? name : `${name} ${a}` })),
  };
}

const variables: Arbitrary<Variable[]> = fc
  .array(
    fc.record({
      type: fc.constantFrom('text' as const, 'sensitive' as const),
      value: text,
      description: text,
      scope: fc.record({
        environments,
        targets: fc.constant<string[]>([]),
        roles: fc.array(word, { maxLength: 2 }),
        steps: fc.constant<string[]>([]),
        channels: fc.constantFrom<string[]>([], ['Default']),
        tenants: fc.constant<string[]>([]),
        tenantTags: fc.constantFrom<string[]>([], ['N t1: #/A']),
        processes: fc.constantFrom<string[]>([], ['deployment']),
      }),
      prompt: fc.option(
        fc.record({
          label: text,
          description: text,
          required: fc.boolean(),
          control: fc.constant('select' as const),
          options: fc.uniqueArray(fc.record({ value: text, label: word }), {
            minLength: 1,
            maxLength: 2,
            selector: ({ value }) => value.toLowerCase(),
          }),
        }),
      ),
    }),
    { maxLength: 3 },
  )
  .map((all) => all.map((each, i) => ({ name: `v${i}`, ...each })));

const project: Arbitrary<Project> = fc.record({
  description: text,
  group: fc.constant(null),
  lifecycle: fc.constant('l1'),
  variableSets: fc.constant<string[]>([]),
  tenanted: fc.constantFrom(...TENANTED),
  guidedFailure: fc.constantFrom(...GUIDED_FAILURE),
  connectivity: fc.constantFrom(CONNECTIVITY_DEFAULTS.project, CONNECTIVITY_DEFAULTS.runbook),
  versionTemplate: text,
  templates: fc.constant([]),
  variables,
  channels: fc
    .record({
      name: fc.constant('Default'),
      description: text,
      lifecycle: fc.constantFrom(null, 'l1'),
      isDefault: fc.constant(true),
      tenantTags: fc.constant<string[]>([]),
    })
    .map((channel) => [channel]),
  process,
  triggers: fc.constantFrom(
    [],
    [
      {
        name: 'no',
        disabled: true,
        cron: '1 2 * * *',
        timeZone: 'Asia/Tokyo',
        does: {
          kind: 'deploy' as const,
          environment: 'e1',
          from: 'e2',
          channel: '',
          tenants: [],
          tenantTags: [],
        },
      },
    ],
  ),
  disabled: fc.boolean(),
});

test('what is exported applies to no change', async () => {
  await fc.assert(
    fc.asyncProperty(project, async (body) => {
      const resources = [
        ...AROUND,
        resource('project', 'x1', body),
        resource('runbook', 'b1', runbookOf(body), 'x1'),
      ];
      const tx = {
        resources: { all: async () => resources },
        pools: { list: async () => [pool] },
        workers: { list: async () => [] },
      };
      const world = () => World.load(tx as unknown as Tx, 'default');
      const yaml = writeModel(await world(), { pools: [pool], resources });
      const drafts = await readModel([{ path: 'a.yaml', text: yaml }]);
      const sealer = { seal: (plain: string) => plain, open: (sealed: string) => sealed };
      const { changes } = makePlan(
        await world(),
        { drafts, prune: true },
        { spaceId: 'default', sealer, ids: createIds(), now: 2 },
      );
      expect(
        changes
          .filter(({ change }) => change !== 'unchanged')
          .map(({ name, change, fields }) => [name, change, fields]),
      ).toEqual([]);
      expect(changes).toHaveLength(resources.length + 1);
    }),
    { numRuns: 150 },
  );
}, 120_000);

function runbookOf({
  process: { pinWorker, steps },
  tenanted,
  guidedFailure,
  connectivity,
}: Project): ResourceBodies['runbook'] {
  const own = steps.map((step) => ({
    ...step,
    actions: step.actions.map((each) => ({ ...each, channels: [] })),
  }));
  return {
    description: '',
    project: 'x1',
    environments: ['e1'],
    tenanted,
    guidedFailure,
    connectivity,
    process: { pinWorker, steps: own },
  };
}
