/** Resources over SQLite and PostgreSQL alike: names, parents, versions, and two nodes that change one at once. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { createIds, isCode } from '@longshore/base';
import type { Store } from '@longshore/server/app/ports/store';
import type { Resource, ResourceKind } from '@longshore/server/domain/model/resource';

import { DIALECTS, openStage, type StoreStage } from '../support/store.ts';

const POSTGRES_START_MS = 60_000;
const ids = createIds();

function resource(kind: ResourceKind, name: string, change: Partial<Resource> = {}): Resource {
  const body = { description: 'ä \u2028 "x"', sortOrder: 1, guidedFailure: false };
  const rest = { parentId: '', version: 1, createdAt: 1_700_000_000_000, changedAt: 1_700_000_000_000 };
  return { spaceId: 'default', id: ids(), kind, name, body, ...rest, ...change };
}

describe.each(DIALECTS)('resources on %s', (dialect) => {
  let stage: StoreStage;
  let [a, b]: Store[] = [];
  const nodes = (): [Store, Store] => [a as Store, b as Store];

  beforeAll(async () => {
    stage = await openStage(dialect);
    a = await stage.openStore('node-a');
    b = await stage.openStore('node-b');
  }, POSTGRES_START_MS);
  afterAll(() => stage.close());

  test('what was put in comes out, by id and by name whatever its case', async () => {
    const [store] = nodes();
    const put = resource('environment', 'Größe');
    await store.write((tx) => tx.resources.insert(put));
    expect(await store.read((tx) => tx.resources.get('default', put.id))).toEqual(put);
    expect(await store.read((tx) => tx.resources.byName('default', 'environment', 'gRÖSSE'))).toBeUndefined();
    expect(await store.read((tx) => tx.resources.byName('default', 'environment', 'GRÖße'))).toEqual(put);
    expect(await store.read((tx) => tx.resources.byName('default', 'tenant', 'Größe'))).toBeUndefined();
    expect(await store.read((tx) => tx.resources.get('other', put.id))).toBeUndefined();
  });

  test('a name is taken among its kind and parent only', async () => {
    const [store] = nodes();
    await store.write((tx) => tx.resources.insert(resource('runbook', 'Restart', { parentId: 'p1' })));
    await store.write((tx) => tx.resources.insert(resource('runbook', 'restart', { parentId: 'p2' })));
    await store.write((tx) => tx.resources.insert(resource('project', 'restart')));
    const again = store.write((tx) =>
      tx.resources.insert(resource('runbook', 'RESTART', { parentId: 'p1' })),
    );
    await expect(again.catch((error: unknown) => isCode(error, 'conflict'))).resolves.toBe(true);
    const names = await store.read(async (tx) =>
      (await tx.resources.list('default', 'runbook', 'p1')).map(({ name }) => name),
    );
    expect(names).toEqual(['Restart']);
  });

  test('lists are in the order of names', async () => {
    const [store] = nodes();
    for (const name of ['beta', 'Alpha', 'Gamma'])
      await store.write((tx) => tx.resources.insert(resource('tenant', name)));
    const listed = await store.read((tx) => tx.resources.list('default', 'tenant'));
    expect(listed.map(({ name }) => name)).toEqual(['Alpha', 'beta', 'Gamma']);
    expect((await store.read((tx) => tx.resources.all('default'))).length).toBeGreaterThan(3);
  });

  test('of two who change the same version one is refused', async () => {
    const [first, second] = nodes();
    const put = resource('lifecycle', 'Default');
    await first.write((tx) => tx.resources.insert(put));
    const change = (store: Store, name: string): Promise<boolean> =>
      store.write((tx) => tx.resources.update({ ...put, name, version: 2, changedAt: 2 }, 1));
    const done = await Promise.all([change(first, 'One'), change(second, 'Two')]);
    expect(done.toSorted()).toEqual([false, true]);
    const now = await first.read((tx) => tx.resources.get('default', put.id));
    expect(now).toMatchObject({
      name: done[0] ? 'One' : 'Two',
      version: 2,
      createdAt: put.createdAt,
    });
    expect(await first.write((tx) => tx.resources.delete('default', put.id, 1))).toBe(false);
    expect(await first.write((tx) => tx.resources.delete('default', put.id, 2))).toBe(true);
    expect(await first.write((tx) => tx.resources.delete('default', put.id))).toBe(false);
  });

  test('a change is announced to all nodes when it is committed', async () => {
    const [first, second] = nodes();
    const heard = new Promise<string>((resolve) => second.listen('resource', resolve));
    await first.write(async (tx) => first.announce(tx, 'resource', 'environment'));
    expect(await heard).toBe('environment');
  });
});
