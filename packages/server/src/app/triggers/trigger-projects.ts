/** The projects that have triggers, from memory: each is read anew only when its version has changed. */
import type { Tx } from '../ports/store.ts';
import type { TriggerProject } from './trigger-due.ts';

interface Kept extends TriggerProject {
  version: number;
}

export class TriggerProjects {
  readonly #spaces = new Map<string, Map<string, Kept>>();

  async read(tx: Tx, spaceId: string): Promise<TriggerProject[]> {
    const before = this.#spaces.get(spaceId);
    const now = new Map<string, Kept>();
    for (const { id, version } of await tx.resources.versions(spaceId, 'project')) {
      const known = before?.get(id);
      const project = known?.version === version ? known : await this.#project(tx, spaceId, id);
      if (project !== undefined) now.set(id, project);
    }
    this.#spaces.set(spaceId, now);
    return [...now.values()].filter(({ body }) => body.triggers.length > 0);
  }

  /** Without the rest of its body, which may be large. */
  async #project(tx: Tx, spaceId: string, id: string): Promise<Kept | undefined> {
    const found = await tx.resources.get(spaceId, id);
    if (found?.kind !== 'project') return undefined;
    const { name, version, changedAt } = found;
    const { disabled, triggers } = found.body as TriggerProject['body'];
    return { id, name, version, changedAt, body: { disabled, triggers } };
  }
}
