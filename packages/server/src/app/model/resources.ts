/** What people configure, one by one: looked at, and deleted when nothing uses it. Changes go by `apply.ts`. */
import { AppError, notFound, type Clock } from '@longshore/base';

import { nameKey } from '../../domain/model/ref.ts';
import { KIND_WORDS, type Resource, type ResourceKind } from '../../domain/model/resource.ts';
import { usersOf } from '../../domain/model/uses.ts';
import { record } from '../kernel/audit.ts';
import { endLoneMachine, usesOfTarget } from '../kernel/target-machines.ts';
import type { Caller } from '../ports/caller.ts';
import type { Store } from '../ports/store.ts';
import { inUse, type UsesElsewhere } from './apply.ts';
import { World } from './model-world.ts';

/** Resources, and the world in which their ids have names. */
export interface Found {
  resources: Resource[];
  world: World;
}

export interface Resources {
  /** All of a kind, by name; of all kinds where none is given. */
  list(spaceId: string, kind?: ResourceKind): Promise<Found>;
  /** @param name or id; of a runbook `Project/Runbook` too. @throws AppError `notFound`, `conflict` when several have it */
  get(spaceId: string, kind: ResourceKind, name: string): Promise<Found & { resource: Resource }>;
  /** With a project its runbooks go. @throws AppError `conflict`, whose detail lists what uses it */
  delete(caller: Caller, kind: ResourceKind, name: string): Promise<void>;
}

interface Options {
  store: Store;
  clock: Clock;
  usesElsewhere?: readonly UsesElsewhere[];
}

export function createResources({ store, clock, usesElsewhere = [] }: Options): Resources {
  return {
    list: (spaceId, kind) =>
      store.read(async (tx) => {
        const world = await World.load(tx, spaceId);
        return {
          world,
          resources: world.resources.filter((each) => kind === undefined || each.kind === kind),
        };
      }),
    get: (spaceId, kind, name) =>
      store.read(async (tx) => {
        const world = await World.load(tx, spaceId);
        const resource = named(world, kind, name);
        return { world, resource, resources: [resource] };
      }),
    delete: (caller, kind, name) =>
      store.write(async (tx) => {
        const world = await World.load(tx, caller.spaceId);
        const resource = named(world, kind, name);
        const gone = [resource, ...world.resources.filter(({ parentId }) => parentId === resource.id)];
        for (const each of gone) world.remove(each);
        for (const { id, kind: of, name: called } of gone) {
          const what = { kind: of, id, name: called };
          const found = await Promise.all(usesElsewhere.map((uses) => uses(tx, caller.spaceId, what)));
          const ofTarget = await usesOfTarget(tx, caller.spaceId, what);
          const usedBy = [...usersOf(id, world.resources), ...ofTarget, ...found.flat()];
          if (usedBy.length > 0)
            throw new AppError('conflict', inUse(what, usedBy), { detail: { id, usedBy } });
        }
        for (const each of gone) {
          await endLoneMachine(tx, each, { store, by: { ...caller, clock } });
          await tx.resources.delete(caller.spaceId, each.id);
          store.announce(tx, 'resource', each.kind);
          const deed = { action: `${each.kind}.deleted`, subject: each.id, detail: { name: each.name } };
          await record(tx, { ...caller, clock }, deed);
        }
      }),
  };
}

function named(world: World, kind: ResourceKind, name: string): Resource {
  const byId = world.get(name);
  if (byId?.kind === kind) return byId;
  const [project = '', runbook] =
    kind === 'runbook' && name.includes('/') ? name.split('/', 2) : ['', undefined];
  const all = world.resources.filter(
    (each) =>
      each.kind === kind &&
      nameKey(each.name) === nameKey(runbook ?? name) &&
      (runbook === undefined || nameKey(world.nameOf(each.parentId) ?? '') === nameKey(project)),
  );
  const [resource, second] = all;
  if (resource === undefined) throw notFound(KIND_WORDS[kind], name);
  if (second === undefined) return resource;
  const names = all.map(({ parentId }) => `${world.nameOf(parentId) ?? ''}/${resource.name}`);
  throw new AppError('conflict', `There are several of this name: say ${names.join(' or ')}`);
}
