/**
 * All that can be referred to in a space, by id and by name: what is stored,
 * and, while a change is planned, what will be.
 */
import type { Around } from '../../domain/model/problems.ts';
import type { Project } from '../../domain/model/project.ts';
import { nameKey } from '../../domain/model/ref.ts';
import type { RefKind } from '../../domain/model/references.ts';
import type { Resource, ResourceKind } from '../../domain/model/resource.ts';
import type { VariableSet } from '../../domain/model/variable.ts';
import type { WorkerPool } from '../../domain/pool.ts';
import type { Tx } from '../ports/store.ts';

interface Named {
  id: string;
  name: string;
}

export class World implements Around {
  readonly pools: WorkerPool[];
  readonly #resources: Map<string, Resource>;
  /** `kind` (and of a runbook its project's id) and the name's key, to what has it. */
  readonly #byName = new Map<string, Named>();
  readonly #byId = new Map<string, Named>();
  #tags: string[] | undefined;

  private constructor(parts: {
    resources: readonly Resource[];
    pools: WorkerPool[];
    workers: readonly Named[];
  }) {
    this.pools = parts.pools;
    this.#resources = new Map(parts.resources.map((resource) => [resource.id, resource]));
    for (const worker of parts.workers) this.#name('worker', worker);
    for (const pool of parts.pools) this.#name('workerPool', pool);
    for (const resource of parts.resources) this.#name(resource.kind, resource, resource.parentId);
  }

  static async load(tx: Tx, spaceId: string): Promise<World> {
    return new World({
      resources: await tx.resources.all(spaceId),
      pools: await tx.pools.list(spaceId),
      workers: await tx.workers.list(spaceId),
    });
  }

  get resources(): Resource[] {
    return [...this.#resources.values()];
  }

  get(id: string): Resource | undefined {
    return this.#resources.get(id);
  }

  /** Another of the same id takes its place. */
  put(resource: Resource): void {
    const before = this.#resources.get(resource.id);
    if (before !== undefined) this.remove(before);
    this.#resources.set(resource.id, resource);
    this.#name(resource.kind, resource, resource.parentId);
    this.#tags = undefined;
  }

  putPool(pool: WorkerPool): void {
    this.#name('workerPool', pool);
  }

  remove({
    kind,
    id,
    name,
    parentId,
  }: Pick<Resource, 'id' | 'name'> & { kind: RefKind; parentId: string }): void {
    this.#resources.delete(id);
    this.#byId.delete(id);
    this.#byName.delete(key(kind, name, parentId));
    this.#tags = undefined;
  }

  /** @param parentId of a runbook: its project */
  idOf(kind: RefKind, name: string, parentId = ''): string | undefined {
    return this.#byName.get(key(kind, name, parentId))?.id;
  }

  nameOf(id: string): string | undefined {
    return this.#byId.get(id)?.name;
  }

  /** Names of a kind, for who mistyped one. */
  names(kind: RefKind, parentId = ''): string[] {
    const prefix = key(kind, '', parentId);
    return [...this.#byName].filter(([known]) => known.startsWith(prefix)).map(([, { name }]) => name);
  }

  /** All of them, as `Project/Runbook`. */
  get runbooks(): string[] {
    const all = this.resources.filter(({ kind }) => kind === 'runbook');
    return all.map(({ name, parentId }) => `${this.nameOf(parentId) ?? ''}/${name}`);
  }

  /**
   * A reference as people write it. A runbook of another project stands with
   * that project's name: `Project/Runbook`.
   */
  resolve(kind: RefKind, written: string, projectId: string): string | undefined {
    if (kind !== 'runbook') return this.idOf(kind, written);
    const slash = written.indexOf('/');
    if (slash < 0) return this.idOf('runbook', written, projectId);
    const project = this.idOf('project', written.slice(0, slash));
    return project === undefined ? undefined : this.idOf('runbook', written.slice(slash + 1), project);
  }

  /** The other way; what is not there any more stays an id. */
  write(kind: RefKind, id: string, projectId: string): string {
    const name = this.nameOf(id) ?? id;
    const parentId = kind === 'runbook' ? (this.get(id)?.parentId ?? projectId) : projectId;
    return parentId === projectId ? name : `${this.nameOf(parentId) ?? parentId}/${name}`;
  }

  get tags(): string[] {
    return (this.#tags ??= this.resources
      .filter((resource): resource is Resource<'tagSet'> => resource.kind === 'tagSet')
      .flatMap(({ name, body }) => body.tags.map((tag) => `${name}/${tag.name}`)));
  }

  project(id: string): Project | undefined {
    return this.#bodyOf('project', id) as Project | undefined;
  }

  variableSet(id: string): VariableSet | undefined {
    return this.#bodyOf('variableSet', id) as VariableSet | undefined;
  }

  #bodyOf(kind: ResourceKind, id: string): unknown {
    const resource = this.#resources.get(id);
    return resource?.kind === kind ? resource.body : undefined;
  }

  #name(kind: RefKind, { id, name }: Named, parentId = ''): void {
    this.#byId.set(id, { id, name });
    this.#byName.set(key(kind, name, parentId), { id, name });
  }
}

function key(kind: RefKind, name: string, parentId: string): string {
  return `${kind}\n${parentId}\n${nameKey(name)}`;
}

/** The project within which a resource's references to runbooks are read; empty: none. */
export function projectOf({ kind, id, parentId }: Pick<Resource, 'kind' | 'id' | 'parentId'>): string {
  if (kind === 'project') return id;
  return kind === 'runbook' ? parentId : '';
}
