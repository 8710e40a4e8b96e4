/**
 * What was written, held against what is stored: what would be made, changed
 * and deleted. Nothing is written here; a plan is of one moment, and made in
 * the transaction that carries it out.
 *
 * Always true: of one moment and one input the plan is the same, and a plan
 * of what has just been applied changes nothing.
 */
import type { Ids } from '@longshore/base';

import { changedFields } from '../../domain/model/changes.ts';
import { checkBody } from '../../domain/model/checks.ts';
import { cyclesAmong } from '../../domain/model/cycles.ts';
import { nameKey } from '../../domain/model/ref.ts';
import { mapReferences, type RefKind } from '../../domain/model/references.ts';
import {
  aKind,
  KIND_WORDS,
  type ModelKind,
  type Resource,
  type ResourceKind,
} from '../../domain/model/resource.ts';
import type { WorkerPool } from '../../domain/pool.ts';
import { MODEL_PROBLEMS_TOLD } from '../../limits.ts';
import type { Sealer } from '../ports/sealer.ts';
import { invalidModel, placed, type Draft, type PlacedProblem, type PoolBody } from './model-draft.ts';
import { sealedSecrets } from './model-secrets.ts';
import { projectOf, type World } from './model-world.ts';

export interface Change {
  kind: ModelKind;
  id: string;
  /** Of a runbook: `Project/Runbook`. */
  name: string;
  change: 'create' | 'update' | 'unchanged' | 'delete';
  /** What changes, as it is written in YAML; never a value. */
  fields: string[];
}

/** A change with what it starts from and what it comes to. */
export type Planned = Change &
  (
    | { of: 'resource'; before?: Resource; after?: Resource }
    | { of: 'pool'; before?: WorkerPool; after?: WorkerPool }
  );

export interface Plan {
  changes: Planned[];
  /** As it will be. */
  world: World;
}

interface Parts {
  spaceId: string;
  sealer: Sealer;
  ids: Ids;
  now: number;
}

/** A draft of a resource with what is stored of it. */
interface Matched {
  draft: Draft<ResourceKind>;
  before: Resource | undefined;
  after: Resource;
}

/**
 * @param world as it is; it becomes as it will be
 * @throws AppError `invalid` with all that is wrong
 */
export function makePlan(
  world: World,
  { drafts, prune }: { drafts: readonly Draft[]; prune: boolean },
  parts: Parts,
): Plan {
  const problems: PlacedProblem[] = [];
  const written = onlyOnce(drafts, problems);
  const deleted = prune ? removeUnwritten(world, written) : [];
  const pools = planPools(world, written, { ...parts, problems });
  const matched = matchAll(world, written, { ...parts, problems });
  for (const each of matched) {
    resolveNames(world, each, problems);
    world.put(each.after);
  }
  for (const { draft, after } of matched)
    for (const problem of checkBody(after.kind, after.body, world))
      problems.push(placed(draft, told(problems) ? problem : { ...problem, known: [] }));
  problems.push(...cycleProblems(world, matched));
  const resources = matched.map((each) => {
    const after = { ...each.after, body: sealedSecrets(each, { ...parts, problems }) };
    return planned(world, each.before, after);
  });
  if (problems.length > 0) throw invalidModel(problems);
  return { changes: [...pools, ...resources, ...deleted], world };
}

function isPool(draft: Draft): draft is Draft<'workerPool'> {
  return draft.kind === 'workerPool';
}

function isResource(draft: Draft): draft is Draft<ResourceKind> {
  return draft.kind !== 'workerPool';
}

function onlyOnce(drafts: readonly Draft[], problems: PlacedProblem[]): Map<string, Draft> {
  const written = new Map<string, Draft>();
  for (const draft of drafts) {
    const key = draftKey(draft.kind, draft.parent, draft.name);
    const first = written.get(key)?.place([]);
    if (first === undefined) written.set(key, draft);
    else
      problems.push({
        ...draft.place(['name']),
        ...{ value: draft.name },
        expected: `each ${KIND_WORDS[draft.kind]} once; it stands at ${first.file}:${first.line} already`,
      });
  }
  return written;
}

function draftKey(kind: ModelKind, parent: string, name: string): string {
  return `${kind}\n${nameKey(parent)}\n${nameKey(name)}`;
}

/** What is stored of the kinds that were written, and was not; with a project its runbooks go. */
function removeUnwritten(world: World, written: ReadonlyMap<string, Draft>): Planned[] {
  const kinds = new Set([...written.values()].map(({ kind }) => kind));
  const keyOf = ({ kind, name, parentId }: Resource): string =>
    draftKey(kind, world.nameOf(parentId) ?? '', name);
  const gone = world.resources.filter((each) => kinds.has(each.kind) && !written.has(keyOf(each)));
  const ids = new Set(gone.map(({ id }) => id));
  const all = [...gone, ...world.resources.filter(({ id, parentId }) => ids.has(parentId) && !ids.has(id))];
  const deleted = all.map((before): Planned => ({ ...planned(world, before, undefined) }));
  for (const each of all) world.remove(each);
  if (!kinds.has('workerPool')) return deleted;
  const pools = world.pools.filter(({ name }) => !written.has(draftKey('workerPool', '', name)));
  for (const pool of pools) world.remove({ ...pool, kind: 'workerPool', parentId: '' });
  return [...deleted, ...pools.map((before) => plannedPool(before, undefined))];
}

function planPools(
  world: World,
  written: ReadonlyMap<string, Draft>,
  { spaceId, ids, now, problems }: Parts & { problems: PlacedProblem[] },
): Planned[] {
  const drafts = [...written.values()].filter(isPool);
  const [, second] = drafts.filter(({ body }) => body.isDefault);
  if (second !== undefined)
    problems.push({ ...second.place(['isDefault']), value: true, expected: 'one default pool among all' });
  return drafts.map((draft) => {
    const { description, strategy, isDefault }: PoolBody = draft.body;
    const before = world.pools.find(({ id }) => id === world.idOf('workerPool', draft.name));
    const after: WorkerPool = {
      ...(before ?? { spaceId, id: ids(), kind: 'static', createdAt: now }),
      ...{ name: draft.name, description, strategy },
      isDefault: isDefault || before?.isDefault === true,
    };
    world.putPool(after);
    return plannedPool(before, after);
  });
}

/** Each with the id that it has, or will have: only then can any be referred to. Runbooks after their projects. */
function matchAll(
  world: World,
  written: ReadonlyMap<string, Draft>,
  { spaceId, ids, now, problems }: Parts & { problems: PlacedProblem[] },
): Matched[] {
  const drafts = [...written.values()].filter(isResource);
  const ordered = [
    ...drafts.filter(({ kind }) => kind !== 'runbook'),
    ...drafts.filter(({ kind }) => kind === 'runbook'),
  ];
  return ordered.flatMap((draft): Matched[] => {
    const parentId = draft.kind === 'runbook' ? world.idOf('project', draft.parent) : '';
    if (parentId === undefined) {
      const known = world.names('project');
      problems.push(
        placed(draft, { path: ['project'], value: draft.parent, expected: 'the name of a project', known }),
      );
      return [];
    }
    const before = world.get(world.idOf(draft.kind, draft.name, parentId) ?? '');
    const after: Resource = {
      ...{ spaceId, id: before?.id ?? ids(), kind: draft.kind, name: draft.name, parentId, body: draft.body },
      version: (before?.version ?? 0) + 1,
      createdAt: before?.createdAt ?? now,
      changedAt: now,
    };
    world.put(after);
    return [{ draft, before, after }];
  });
}

function resolveNames(world: World, { draft, after }: Matched, problems: PlacedProblem[]): void {
  const project = projectOf(after);
  after.body = mapReferences(after.kind, after.body, ({ kind, value, path }) => {
    const id = world.resolve(kind, value, project);
    if (id === undefined) {
      const known = told(problems) ? knownNames(world, { kind, value, project }) : [];
      problems.push(placed(draft, { path, value, expected: `the name of ${aKind(kind)}`, known }));
    }
    return id ?? value;
  });
}

function knownNames(
  world: World,
  { kind, value, project }: { kind: RefKind; value: string; project: string },
): string[] {
  if (kind !== 'runbook') return world.names(kind);
  return value.includes('/') ? world.runbooks : world.names(kind, project);
}

/** Whether one more is told: only then it is looked for what was meant. */
function told(problems: readonly PlacedProblem[]): boolean {
  return problems.length < MODEL_PROBLEMS_TOLD;
}

function cycleProblems(world: World, matched: readonly Matched[]): PlacedProblem[] {
  const starters = world.resources.flatMap(({ id, name, kind, body }) =>
    (kind === 'project' || kind === 'runbook') && 'process' in body
      ? [{ id, name, process: body.process }]
      : [],
  );
  return cyclesAmong(starters).flatMap(({ starts, names }) => {
    const found = starts
      .map(({ id, path }) => ({ path, draft: matched.find(({ after }) => after.id === id)?.draft }))
      .findLast(({ draft }) => draft !== undefined);
    if (found?.draft === undefined) return [];
    return [placed(found.draft, { path: found.path, expected: `no circle; there is ${names.join(' → ')}` })];
  });
}

function planned(world: World, before: Resource | undefined, after: Resource | undefined): Planned {
  const is = (after ?? before) as Resource;
  const parent = is.parentId === '' ? '' : `${world.nameOf(is.parentId) ?? is.parentId}/`;
  const rest = { of: 'resource', kind: is.kind, id: is.id, name: parent + is.name } as const;
  if (before === undefined) return { ...rest, change: 'create', fields: [], after: is };
  if (after === undefined) return { ...rest, change: 'delete', fields: [], before };
  const fields = changed(before, after);
  return { ...rest, change: fields.length === 0 ? 'unchanged' : 'update', fields, before, after };
}

function changed<T extends { name: string; body: unknown }>(before: T, after: T): string[] {
  return [...(before.name === after.name ? [] : ['name']), ...changedFields(before.body, after.body)];
}

function plannedPool(before: WorkerPool | undefined, after: WorkerPool | undefined): Planned {
  const is = (after ?? before) as WorkerPool;
  const rest = { of: 'pool', kind: 'workerPool', id: is.id, name: is.name } as const;
  if (before === undefined) return { ...rest, change: 'create', fields: [], after: is };
  if (after === undefined) return { ...rest, change: 'delete', fields: [], before };
  const fields = changedFields(before, after);
  return { ...rest, change: fields.length === 0 ? 'unchanged' : 'update', fields, before, after };
}
