/** Sensitive values on their whole way: applied, copied into a snapshot, opened where a run's script gets them. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { createIds, systemClock } from '@longshore/base';
import type { CourseRun } from '@longshore/server/app/course/activities';
import { sceneOf } from '@longshore/server/app/course/scene-of';
import type { RunScene } from '@longshore/server/app/kernel/scene';
import type { Turn } from '@longshore/server/app/kernel/batch';
import type { Kernel } from '@longshore/server/app/kernel/kernel';
import { snapshotOf } from '@longshore/server/app/planning/new-runs';
import type { Store } from '@longshore/server/app/ports/store';
import { resourceNamed } from '@longshore/server/app/kernel/resource-names';
import { contextOf, sealedSpec } from '@longshore/server/app/steps/starting';
import type { Snapshot } from '@longshore/server/domain/deployment/release';
import type { ResourceKind } from '@longshore/server/domain/model/resource';
import type { RunSpec } from '@longshore/server/domain/task';
import { keyOf } from '@longshore/server/domain/variables/candidate';
import { createSealer } from '@longshore/server/store/sealer';

import { applyDrafts, applyModel, draft, sensitive, shop, SPACE, template } from '../support/sealed-model.ts';
import { DIALECTS, openStage, type StoreStage } from '../support/store.ts';

const POSTGRES_START_MS = 60_000;
const TASK = 'task-1';
const sealer = createSealer(Buffer.alloc(32, 5));
const ids = createIds();

describe.each(DIALECTS)('sensitive values in a run, %s', (dialect) => {
  let stage: StoreStage;
  let store: Store;
  let snapshot: Snapshot;
  const kernel = (): Kernel => ({ options: { store, sealer, ids, clock: systemClock } }) as Kernel;
  const idOf = (kind: ResourceKind, named: string): Promise<string> =>
    store.read(async (tx) => (await resourceNamed(tx, { spaceId: SPACE, kind, named })).id);
  const take = (): Promise<Snapshot> =>
    store.write(async (tx) =>
      snapshotOf(kernel(), tx, {
        project: await resourceNamed(tx, { spaceId: SPACE, kind: 'project', named: 'Shop' }),
      }),
    );

  beforeAll(async () => {
    stage = await openStage(dialect);
    store = await stage.openStore('n1');
    await applyModel({ store, sealer, ids });
    snapshot = await take();
  }, POSTGRES_START_MS);
  afterAll(() => stage.close());

  async function scene({
    tenant,
    environment = 'Production',
    prompted = [],
    of = snapshot,
  }: {
    tenant?: string;
    environment?: string;
    prompted?: RunSpec['prompted'];
    of?: Snapshot;
  }): Promise<RunScene> {
    const spec = sealedSpec(sealer, TASK, {
      run: {
        ...{ projectId: of.projectId, runbookId: '', releaseId: '', snapshotId: of.id, channel: 'Stable' },
        environmentId: await idOf('environment', environment),
        tenantId: tenant === undefined ? '' : await idOf('tenant', tenant),
        ...{ prompted, guidedFailure: false, priority: 2, notBefore: null, expiresAt: null, parent: null },
        choices: { skipSteps: [], targets: [], excludedTargets: [] },
        comments: '',
      },
    });
    const task = { spaceId: SPACE, id: TASK, name: 'Deploy', createdAt: 1, createdBy: 'me', spec };
    const course = { plan: { steps: [], targets: [] }, activities: new Map(), scene: undefined };
    const run = { task, course, attempts: new Map() } as unknown as CourseRun;
    return store.read((tx) => sceneOf(kernel(), { tx } as Turn, run));
  }

  function seen(made: RunScene): Record<string, string> {
    const planned = { name: 'Build', roles: [], actions: [], left: [] };
    const place = { step: 0, planned, action: null, target: null };
    const found = made.variables(place as unknown as Parameters<RunScene['variables']>[0]);
    if ('problem' in found) throw new Error(found.problem);
    const secret = found.variables.filter((each) => each.sensitive);
    return Object.fromEntries(secret.map(({ name, value }) => [name, value]));
  }

  test('without a tenant: of project and library set, and defaults of templates', async () => {
    const all = seen(await scene({}));
    expect(all).toEqual({
      ...{ PASSWORD: 'pw in production', Pin: 'pin offered', Unset: '', Token: 'library token' },
      ...{ Asked: 'asked default', Shared: 'shared default' },
      Connection: 'host=db.production.example;password=pw in production',
    });
    expect(seen(await scene({ environment: 'Test' }))).toMatchObject({ Password: 'pw anywhere' });
  });

  test('for a tenant: what it filled in', async () => {
    expect(seen(await scene({ tenant: 'Acme' }))).toMatchObject({
      ...{ Asked: 'asked of acme', Shared: 'shared of acme', Token: 'library token' },
    });
  });

  test('what was given for a prompted variable', async () => {
    const place = snapshot.variables.project.variables.findIndex(({ name }) => name === 'Pin');
    const name = keyOf({ id: snapshot.projectId, place: `/variables/${place}/value` });
    const made = await scene({ prompted: [{ name, value: 'pin given', sensitive: true }] });
    expect(seen(made)).toMatchObject({ Pin: 'pin given' });
  });

  test('what a script set, whatever its step is called', async () => {
    const made = await scene({});
    const machine = { id: 'm', name: 'web[1].Output.x' };
    for (const [action, where] of [
      ['Read .Output.s', null],
      ['Each', machine],
    ] as const)
      made.outputs.add({
        ...{ step: action, action, amongSeveral: false, machine: where, name: 'The.Output.Token' },
        value: sealer.seal(`of ${action}`, contextOf(TASK, 'The.Output.Token')),
        ...{ sensitive: true, order: { attempt: '1', machine: 0, event: 1 } },
      });
    expect(seen(made)).toMatchObject({
      'Octopus.Action[Read .Output.s].Output.The.Output.Token': 'of Read .Output.s',
      'Octopus.Action[Each].Output[web[1].Output.x].The.Output.Token': 'of Each',
    });
  });

  test('a value that was given before its template became sensitive is sensitive from then on', async () => {
    const before = shop();
    const templates = before.templates.map((each) =>
      each.name === 'Later' ? template('Later', { ...sensitive, default: 'later default' }) : each,
    );
    await applyDrafts({ store, sealer, ids }, [draft('project', 'Shop', { ...before, templates })]);
    const of = await take();
    expect(seen(await scene({ of, tenant: 'Acme' }))).toMatchObject({ Later: 'later of acme' });
    expect(seen(await scene({ of }))).toMatchObject({ Later: 'later default' });
    expect(seen(await scene({ tenant: 'Acme' }))).not.toHaveProperty('Later');
  });

  test('a value that stands under another name does not open', async () => {
    const project = await store.read((tx) =>
      resourceNamed(tx, { spaceId: SPACE, kind: 'project', named: 'Shop' }),
    );
    const moved = structuredClone(snapshot);
    moved.id = ids();
    const [first] = moved.variables.project.variables;
    first!.name = 'Token';
    await store.write((tx) => tx.processRuns.insertSnapshot(moved));
    const made = await scene({ of: moved });
    expect(() => seen(made)).toThrow(`a sealed value (resource/${project.id}/variable/token)`);
  });
});
