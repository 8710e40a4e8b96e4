/** Files that scripts handed over with `new artifact`: their records, and their bytes. */
import { AppError, notFound } from '@longshore/base';

import type { ArtifactRecord } from './ports/attempts.ts';
import type { LogStore } from './ports/log-store.ts';
import type { Store } from './ports/store.ts';

export interface Artifacts {
  /** @throws AppError `notFound`, or `gone` when it could not be collected */
  open(spaceId: string, id: string): Promise<{ artifact: ArtifactRecord; content: AsyncIterable<Buffer> }>;
}

export function createArtifacts({ store, logs }: { store: Store; logs: LogStore }): Artifacts {
  return {
    async open(spaceId, id) {
      const artifact = await store.read((tx) => tx.attempts.artifact(spaceId, id));
      if (artifact === undefined) throw notFound('artifact', id);
      if (artifact.error !== '') {
        throw new AppError(
          'gone',
          `Artifact "${artifact.name}" (${id}) could not be collected: ${artifact.error}`,
        );
      }
      return { artifact, content: logs.readArtifact(id) };
    },
  };
}
