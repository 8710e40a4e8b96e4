/** Versions of the agent that operators gave to this server, for upgrades. */
import { notFound, type Clock, type Ids } from '@longshore/base';

import { record } from '../kernel/audit.ts';
import type { Caller } from '../ports/caller.ts';
import type { AgentPackage, PackageReader } from '../ports/packages.ts';
import type { Store } from '../ports/store.ts';

export interface AgentPackages {
  /** @throws AppError `invalid`, `tooLarge`, or `conflict` when there is one of that version for that kind of machine */
  add(by: Caller, upload: AsyncIterable<Uint8Array>): Promise<AgentPackage>;
  /** Newest first. */
  list(spaceId: string): Promise<AgentPackage[]>;
  /** Agents that are fetching it fail their upgrade. @throws AppError `notFound` */
  delete(by: Caller, id: string): Promise<void>;
}

export interface AgentPackagesParts {
  store: Store;
  clock: Clock;
  ids: Ids;
  read: PackageReader;
}

export function createAgentPackages({ store, clock, ids, read }: AgentPackagesParts): AgentPackages {
  return {
    async add(by, upload) {
      const { bytes, ...found } = await read(upload);
      const { spaceId, actor } = by;
      const added: AgentPackage = {
        ...found,
        spaceId,
        id: ids(),
        length: bytes.length,
        createdAt: clock.now(),
        createdBy: actor,
      };
      await store.write(async (tx) => {
        await tx.packages.insert(added, bytes);
        const { version, os, arch, digest } = added;
        const detail = { version, os, arch, digest };
        await record(tx, { ...by, clock }, { action: 'agentPackage.added', subject: added.id, detail });
      });
      return added;
    },
    list: (spaceId) => store.read((tx) => tx.packages.list(spaceId)),
    delete: (by, id) =>
      store.write(async (tx) => {
        const found = await tx.packages.get(by.spaceId, id);
        if (found === undefined) throw notFound('agent package', id);
        await tx.packages.delete(found);
        const { version, os, arch, digest } = found;
        const detail = { version, os, arch, digest };
        await record(tx, { ...by, clock }, { action: 'agentPackage.deleted', subject: id, detail });
      }),
  };
}
