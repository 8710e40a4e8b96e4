/** What runs and releases use of the configuration: it is not deleted under them. */
import type { Use } from '../../domain/model/uses.ts';
import type { UsesElsewhere } from '../model/apply.ts';
import type { RunFilter } from '../ports/runs.ts';
import type { Tx } from '../ports/store.ts';

/** Looked at; more of them are not listed. */
const USES_LISTED = 100;

/** Runs that have not ended, and releases of a project. */
export const runUses: UsesElsewhere = async (tx, spaceId, { kind, id }) => {
  switch (kind) {
    case 'project':
      return [...(await releasesOf(tx, spaceId, id)), ...(await unfinished(tx, spaceId, { projectId: id }))];
    case 'runbook':
      return unfinished(tx, spaceId, { runbookId: id });
    case 'environment':
      return unfinished(tx, spaceId, { environmentId: id });
    case 'tenant':
      return unfinished(tx, spaceId, { tenantId: id });
    case 'target':
      return runsOn(tx, spaceId, id);
    default:
      return [];
  }
};

async function releasesOf(tx: Tx, spaceId: string, projectId: string): Promise<Use[]> {
  const releases = await tx.processRuns.releases(spaceId, { projectId, limit: USES_LISTED });
  return releases.map(({ id, version }): Use => ({ kind: 'release', id, name: version }));
}

async function unfinished(tx: Tx, spaceId: string, of: Omit<RunFilter, 'limit'>): Promise<Use[]> {
  const runs = await tx.processRuns.runs(spaceId, { ...of, ended: false, limit: USES_LISTED });
  const uses = runs.map(async ({ taskId }): Promise<Use> => {
    const task = await tx.tasks.get(spaceId, taskId);
    return { kind: 'task', id: taskId, name: task?.name ?? taskId };
  });
  return Promise.all(uses);
}

/** Plans of runs under way that name the target. */
async function runsOn(tx: Tx, spaceId: string, targetId: string): Promise<Use[]> {
  const uses: Use[] = [];
  for (const use of await unfinished(tx, spaceId, {})) {
    const plan = await tx.processRuns.plan(spaceId, use.id);
    if (plan?.targets.some(({ id }) => id === targetId) === true) uses.push(use);
  }
  return uses;
}
