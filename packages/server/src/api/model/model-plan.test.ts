/** What is written against what is there: dangling names, rules within a body, secrets, idempotence. No store. */
import { describe, expect, test } from '@jest/globals';
import { createIds, isCode } from '@longshore/base';

import { MODEL_FILES } from '../../../../../test/support/model-files.ts';
import { makePlan, type Plan } from '../../app/model/apply-plan.ts';
import { World } from '../../app/model/model-world.ts';
import type { Tx } from '../../app/ports/store.ts';
import type { Resource } from '../../domain/model/resource.ts';
import type { WorkerPool } from '../../domain/pool.ts';
import { readModel, type ModelFile } from './read-model.ts';
import { writeModel } from './write-model.ts';

interface Held {
  resources: Resource[];
  pools: WorkerPool[];
}

const NOTHING: Held = { resources: [], pools: [] };
const ids = createIds();
const sealer = {
  seal: (plain: string, context: string) => `sealed(${context})${Buffer.from(plain).toString('hex')}`,
  open: (sealed: string) => Buffer.from(sealed.slice(sealed.indexOf(')') + 1), 'hex').toString(),
};

function worldOf({ resources, pools }: Held): Promise<World> {
  const tx = {
    resources: { all: async () => resources },
    pools: { list: async () => pools },
    workers: { list: async () => [{ id: 'w1', name: 'web-1' }] },
  };
  return World.load(tx as unknown as Tx, 'default');
}

async function planOf(held: Held, files: ModelFile[], prune = false): Promise<Plan> {
  const parts = { spaceId: 'default', sealer, ids, now: 1 };
  return makePlan(await worldOf(held), { drafts: await readModel(files), prune }, parts);
}

/** What is held when a plan for nothing was carried out. */
function carriedOut({ changes }: Plan): Held {
  return {
    resources: changes.flatMap((each) => (each.of === 'resource' ? (each.after ?? []) : [])),
    pools: changes.flatMap((each) => (each.of === 'pool' ? (each.after ?? []) : [])),
  };
}

const held = carriedOut(await planOf(NOTHING, MODEL_FILES));

async function told(text: string): Promise<string[]> {
  try {
    await planOf(held, [
      { path: 'f', text: '' },
      { path: 'f.yaml', text },
    ]);
    return [];
  } catch (thrown) {
    if (!isCode(thrown, 'invalid')) throw thrown;
    return thrown.message.split('\n');
  }
}

const project = (rest: string, name = 'P'): string =>
  `kind: Project\nname: ${name}\nlifecycle: Standard\n${rest}`;
const steps = (...each: string[]): string => project(`steps:\n${each.map((one) => `  - ${one}`).join('\n')}`);
const SCRIPT = 'script: { body: x }';

const REFUSED: [what: string, yaml: string, ...said: string[]][] = [
  [
    'a lifecycle that is not there',
    'kind: Project\nname: P\nlifecycle: Standrd',
    'f.yaml:3:12: lifecycle: "Standrd" is not right; expected the name of a lifecycle; did you mean "Standard"?',
  ],
  [
    'an environment that is not there',
    steps(`{ name: S, environments: [Tset, Test], ${SCRIPT} }`),
    'f.yaml:5:31: steps[0].environments[0]: "Tset" is not right; expected the name of an environment; did you mean "Test"?',
  ],
  [
    'a pool that is not there',
    steps('{ name: S, script: { body: x, pool: lnux } }'),
    'f.yaml:5:41: steps[0].script.pool: "lnux" is not right; expected the name of a worker pool; did you mean "linux"?',
  ],
  [
    'a pool variable that is not there',
    steps('{ name: S, script: { body: x, pool: { variable: POL } } }'),
    'f.yaml:5:41: steps[0].script.pool: "POL" is not right; expected the name of a variable of type workerPool, of the project or of a set that it includes',
  ],
  [
    'a runbook of another project',
    steps('{ name: S, runRunbook: { runbook: Web/Restat } }'),
    'f.yaml:5:39: steps[0].runRunbook.runbook: "Web/Restat" is not right; expected the name of a runbook; did you mean "Web/Restart"?',
  ],
  [
    'a runbook of this project',
    steps('{ name: S, runRunbook: { runbook: Restart } }'),
    'f.yaml:5:39: steps[0].runRunbook.runbook: "Restart" is not right; expected the name of a runbook',
  ],
  [
    'a machine',
    'kind: DeploymentTarget\nname: T\nenvironments: Test\nroles: a\nagent: web-2',
    'f.yaml:5:8: agent: "web-2" is not right; expected the name of a worker; did you mean "web-1"?',
  ],
  [
    'a project of a runbook',
    'kind: Runbook\nname: R\nproject: Wb',
    'f.yaml:3:10: project: "Wb" is not right; expected the name of a project; did you mean "Web"?',
  ],
  [
    'a tag',
    'kind: Tenant\nname: T\ntags: [Region/Europa, Rgn/x]',
    'f.yaml:3:8: tags[0]: "Region/Europa" is not right; expected the name of a tag, as Set/Tag; did you mean "Region/Europe"?',
    'f.yaml:3:23: tags[1]: "Rgn/x" is not right; expected the name of a tag, as Set/Tag',
  ],
  [
    'a step of a scope',
    project(
      'variables: [{ name: A, value: x, scope: { steps: Deplyo } }]\nsteps: [{ name: Deploy, manual: {} }]',
    ),
    'f.yaml:4:50: variables[0].scope.steps: "Deplyo" is not right; expected the name of a step or action; did you mean "Deploy"?',
  ],
  [
    'a channel of a scope',
    project('variables: [{ name: A, value: x, scope: { channels: Defalt } }]'),
    'f.yaml:4:53: variables[0].scope.channels: "Defalt" is not right; expected the name of a channel; did you mean "Default"?',
  ],
  [
    'a channel of a step',
    steps(`{ name: S, channels: Beta, ${SCRIPT} }`),
    'f.yaml:5:26: steps[0].channels: "Beta" is not right; expected the name of a channel',
  ],
  [
    'a channel of another project',
    steps('{ name: S, deployRelease: { project: Web, channel: Stabel } }'),
    'f.yaml:5:56: steps[0].deployRelease.channel: "Stabel" is not right; expected the name of a channel of that project; did you mean "Stable"?',
  ],
  [
    'a document twice',
    'kind: Environment\nname: A\n---\nkind: Environment\nname: a',
    'f.yaml:5:7: name: "a" is not right; expected each environment once; it stands at f.yaml:1 already',
  ],
  [
    'an environment twice in phases',
    'kind: Lifecycle\nname: L\nphases:\n  - { name: A, environments: Test }\n  - { name: B, automatic: [Production, test] }',
    'f.yaml:5:40: phases[1].automatic[1]: expected an environment that stands in the lifecycle once (phase "A" has it)',
  ],
  [
    'a phase twice',
    'kind: Lifecycle\nname: L\nphases: [{ name: A, environments: Test }, { name: a, environments: Production }]',
    'f.yaml:3:51: phases[1].name: expected each phase once; number 1 is the same',
  ],
  [
    'a minimum',
    'kind: Lifecycle\nname: L\nphases: [{ name: A, environments: Test, minimum: 2 }]',
    'f.yaml:3:50: phases[0].minimum: 2 is not right; expected at most 1: so many environments the phase has',
  ],
  [
    'two default channels',
    project('channels: [{ name: A, isDefault: true }, { name: B, isDefault: true }]'),
    'f.yaml:4:11: channels: expected exactly one channel with isDefault: true; there are 2',
  ],
  [
    'no default channel',
    project('channels: [{ name: A }, { name: B }]'),
    'f.yaml:4:11: channels: expected exactly one channel with isDefault: true; there are 0',
  ],
  [
    'a step twice',
    steps(`{ name: S, ${SCRIPT} }`, `{ name: s, ${SCRIPT} }`),
    'f.yaml:6:13: steps[1].name: expected each step and action name once; number 1 is the same',
  ],
  [
    'an action as a step',
    steps(
      `{ name: S, ${SCRIPT} }`,
      '{ name: T, actions: [{ name: S, manual: {} }, { name: U, manual: {} }] }',
    ),
    'f.yaml:6:34: steps[1].actions[0].name: expected each step and action name once; number 1 is the same',
  ],
  [
    'the first step beside nothing',
    steps(`{ name: S, start: withPrevious, ${SCRIPT} }`),
    'f.yaml:5:23: steps[0].start: "withPrevious" is not right; expected afterPrevious: there is no step before the first',
  ],
  [
    'targets without roles',
    steps('{ name: S, script: { body: x, runsOn: target } }'),
    'f.yaml:5:43: steps[0].script.runsOn: "target" is not right; expected a step with roles: they say for which targets it runs',
  ],
  [
    'a health check without roles',
    steps('{ name: S, healthCheck: {} }'),
    'f.yaml:5:29: steps[0].healthCheck: expected a step with roles: they say which targets are checked',
  ],
  [
    'a window without roles',
    steps(`{ name: S, rollingWindow: 1, ${SCRIPT} }`),
    'f.yaml:5:31: steps[0].rollingWindow: expected roles beside it, for it counts targets',
  ],
  [
    'a pool on a target',
    steps('{ name: S, roles: a, script: { body: x, pool: linux } }'),
    'f.yaml:5:51: steps[0].script.pool: expected none: it runs on the targets themselves (runsOn: target)',
  ],
  [
    'a clean-up without a lease of its own',
    steps('{ name: S, script: { body: x, cleanUp: { body: y } } }'),
    'f.yaml:5:44: steps[0].script.cleanUp: expected leaseMode: exclusive beside it',
  ],
  [
    'retries of a question',
    steps('{ name: S, retries: { times: 1 }, manual: {} }'),
    'f.yaml:5:25: steps[0].retries: expected none: only scripts and webhooks are tried again',
  ],
  [
    'a variable twice',
    project(
      'variables:\n  - { name: A, value: a, scope: { environments: [Test, Production] } }\n  - { name: a, value: b, scope: { environments: [Production, test] } }',
    ),
    'f.yaml:6:13: variables[1].name: expected each variable with the same scope once; number 1 is the same',
  ],
  [
    'a pool scoped to roles',
    project('variables: [{ name: A, type: workerPool, value: linux, scope: { roles: a } }]'),
    'f.yaml:4:72: variables[0].scope.roles: expected none of these: the pool is chosen before it is known which targets there are',
  ],
  [
    'steps in a library set',
    'kind: VariableSet\nname: V\nvariables: [{ name: A, value: a, scope: { steps: S } }]',
    'f.yaml:3:50: variables[0].scope.steps: expected none of these: they belong to one project, and a library set to several',
  ],
  [
    'a template twice',
    project('templates: [{ name: A }, { name: a }]'),
    'f.yaml:4:34: templates[1].name: expected each template once; number 1 is the same',
  ],
  [
    'options of a text',
    project('templates: [{ name: A, options: [x] }]'),
    'f.yaml:4:33: templates[0].options: expected control: select beside it',
  ],
  [
    'a value for no template',
    'kind: Tenant\nname: T\nprojects: [{ project: Web, environments: Test }]\nvalues: [{ project: Web, environment: Test, name: Domian, value: x }]',
    'f.yaml:4:51: values[0].name: "Domian" is not right; expected the name of a template; did you mean "Domain"?',
  ],
  [
    'a value of another type',
    'kind: Tenant\nname: T\ncommon: [{ variableSet: Mail, name: MailPassword, value: hunter2 }]',
    'f.yaml:3:10: common[0]: expected sensitive: true, as the template "MailPassword" says',
  ],
  [
    'a value for a project that it has not',
    'kind: Tenant\nname: T\nvalues: [{ project: Web, environment: Test, name: Domain, value: x }]',
    'f.yaml:3:21: values[0].project: expected one of the projects that the tenant names',
  ],
  [
    'a secret that is not stored',
    project('variables: [{ name: A, sensitive: true }]'),
    'f.yaml:4:13: variables[0]: expected a value: none is stored yet that could be kept',
  ],
  [
    'a project that deploys itself',
    steps('{ name: S, deployRelease: { project: P } }'),
    'f.yaml:5:42: steps[0].deployRelease.project: expected no circle; there is P → P',
  ],
  [
    'projects in a circle',
    `${steps('{ name: S, deployRelease: { project: Q } }')}\n---\n${project('steps: [{ name: S, deployRelease: { project: P } }]', 'Q')}`,
    'f.yaml:10:46: steps[0].deployRelease.project: expected no circle; there is P → Q → P',
  ],
  [
    'a runbook that starts itself',
    'kind: Runbook\nname: R\nproject: Web\nsteps: [{ name: S, runRunbook: { runbook: R } }]',
    'f.yaml:4:43: steps[0].runRunbook.runbook: expected no circle; there is R → R',
  ],
  [
    'channels in a runbook',
    `kind: Runbook\nname: R\nproject: Web\nsteps: [{ name: S, channels: Stable, ${SCRIPT} }]`,
    'f.yaml:4:30: steps[0].channels: expected none: a runbook has no channels',
  ],
  [
    'two default pools',
    'kind: WorkerPool\nname: A\nisDefault: true\n---\nkind: WorkerPool\nname: B\nisDefault: true',
    'f.yaml:7:12: isDefault: true is not right; expected one default pool among all',
  ],
];

test.each(REFUSED)('%s is refused, and said where', async (_what, yaml, ...said) => {
  const lines = await told(yaml);
  expect(lines).toEqual(said);
  expect(lines.join('\n')).not.toContain('hunter2');
});

describe('a plan', () => {
  const changed = ({ changes }: Plan): string[] =>
    changes
      .filter(({ change }) => change !== 'unchanged')
      .map(({ name, change, fields }) => [change, name, ...fields].join(' '));

  test('of what is there changes nothing, from the files or from an export', async () => {
    expect(changed(await planOf(held, MODEL_FILES, true))).toEqual([]);
    const text = writeModel(await worldOf(held), held);
    expect(changed(await planOf(held, [{ path: 'x.yaml', text }], true))).toEqual([]);
  });

  test('names what changes, and never a value', async () => {
    const files = MODEL_FILES.map(({ path, text }) => ({
      path,
      text: text
        .replace('hunter2', 'hunter8')
        .replace('times: 3', 'times: 4')
        .replace('Stable, isDefault: true', 'Stable, description: x, isDefault: true')
        .replace('echo "to', 'echo "from'),
    }));
    expect(changed(await planOf(held, files))).toEqual([
      'update Web variables[PASSWORD].value channels[Stable].description steps[Deploy].retries.times steps[Deploy].script.body',
    ]);
  });

  test('keeps the secret of the same scope, and of a name that stands once whatever its scope', async () => {
    const web = (variables: string): string => `kind: VariableSet\nname: S\nvariables: [${variables}]`;
    const first = carriedOut(
      await planOf(held, [
        {
          path: 'a.yaml',
          text: web('{ name: A, sensitive: true, value: one, scope: { environments: Test } }'),
        },
      ]),
    );
    const now = { ...held, resources: [...held.resources, ...first.resources] };
    const moved = await planOf(now, [
      { path: 'a.yaml', text: web('{ name: A, sensitive: true, scope: { environments: Production } }') },
    ]);
    expect(changed(moved)).toEqual(['update S variables[A].scope.environments']);
    const [before, after] = [first.resources[0], carriedOut(moved).resources[0]];
    expect(after?.body).toMatchObject({
      variables: [{ value: (before?.body as { variables: { value: string }[] }).variables[0]?.value }],
    });
  });
});
