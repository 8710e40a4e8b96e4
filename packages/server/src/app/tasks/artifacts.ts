/**
 * Files that scripts handed over with `new artifact`: their records, and their
 * bytes.
 *
 * Always true: nobody gets a whole artifact that is not what its digest says:
 * its last part is handed out only when all of it was found right.
 */
import { AppError, notFound, type Clock } from '@longshore/base';

import type { ArtifactRecord } from '../ports/attempts.ts';
import type { Digests } from '../ports/core-api.ts';
import type { LogStore } from '../ports/log-store.ts';
import type { Store } from '../ports/store.ts';

export interface Artifacts {
  /** @throws AppError `notFound`, or `gone` when it could not be collected, or was damaged in the store */
  open(spaceId: string, id: string): Promise<{ artifact: ArtifactRecord; content: AsyncIterable<Buffer> }>;
}

export interface ArtifactParts {
  store: Store;
  logs: Pick<LogStore, 'readArtifact'>;
  digests: Pick<Digests, 'begin'>;
  clock: Clock;
}

export function createArtifacts(parts: ArtifactParts): Artifacts {
  return {
    async open(spaceId, id) {
      const artifact = await parts.store.read((tx) => tx.attempts.artifact(spaceId, id));
      if (artifact === undefined) throw notFound('artifact', id);
      if (artifact.error !== '')
        throw new AppError('gone', `Artifact "${artifact.name}" (${id}) can't be had: ${artifact.error}`);
      return { artifact, content: verified(parts, artifact) };
    },
  };
}

/** @throws AppError `corrupt` before the last part, when the whole is not what its digest says */
async function* verified(parts: ArtifactParts, artifact: ArtifactRecord): AsyncGenerator<Buffer> {
  const running = parts.digests.begin();
  let held: Buffer | undefined;
  let length = 0;
  for await (const part of parts.logs.readArtifact(artifact.id)) {
    running.add(part);
    length += part.length;
    // More than it should be: what is held could make it look whole.
    if (length > artifact.length) break;
    if (held !== undefined) yield held;
    held = part;
  }
  if (length !== artifact.length || running.hex() !== artifact.digest.toLowerCase()) {
    await condemn(parts, artifact);
    throw new AppError(
      'corrupt',
      `the stored bytes of artifact "${artifact.name}" (${artifact.id}) are not what its digest says`,
    );
  }
  if (held !== undefined) yield held;
}

/** The agent has it no longer: from now on it is known to be lost, and its task says so. */
async function condemn({ store, clock }: ArtifactParts, artifact: ArtifactRecord): Promise<void> {
  const error = 'its bytes were damaged in the store';
  await store.write(async (tx) => {
    await tx.attempts.putArtifact({ ...artifact, error });
    const task = await tx.tasks.get(artifact.spaceId, artifact.taskId);
    if (task === undefined) return;
    const text = `Artifact "${artifact.name}" is lost: ${error}`;
    const entry = {
      time: clock.now(),
      level: 'warning' as const,
      text,
      attemptId: artifact.attemptId,
      activity: '',
    };
    await tx.tasks.appendLog(task, entry, undefined);
  });
}
