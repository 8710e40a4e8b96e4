import type { Resource, ResourceKind } from '../../domain/model/resource.ts';

/** What people configure. Always true: a row's version rises by one with each change of it. */
export interface ResourceRepository {
  /** @throws AppError `conflict` when the name is taken among its kind (and parent), whatever its case */
  insert(resource: Resource): Promise<void>;
  get(spaceId: string, id: string): Promise<Resource | undefined>;
  /** @param parentId of a runbook: its project */
  byName<Kind extends ResourceKind>(
    spaceId: string,
    kind: Kind,
    name: string,
    parentId?: string,
  ): Promise<Resource<Kind> | undefined>;
  /** By name; of one parent only, when it is given. */
  list<Kind extends ResourceKind>(spaceId: string, kind: Kind, parentId?: string): Promise<Resource<Kind>[]>;
  /** Which there are, and how often each was changed: what has not changed need not be read again. */
  versions(spaceId: string, kind: ResourceKind): Promise<{ id: string; version: number }[]>;
  /** All of a space, for looks at who refers to whom. */
  all(spaceId: string): Promise<Resource[]>;
  /**
   * Writes name, body and `changedAt`; `resource.version` is the version that it becomes. False, and nothing is
   * written, unless the stored version is `expected`.
   *
   * @throws AppError `conflict` when the name is taken
   */
  update(resource: Resource, expected: number): Promise<boolean>;
  /** False: there was none (any more), or not of that version. */
  delete(spaceId: string, id: string, expected?: number): Promise<boolean>;
}
