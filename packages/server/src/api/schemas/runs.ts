/** Releases, and runs of processes: deployments and runbooks. */
import { z } from 'zod';

import { ACTIVITY_STATES } from '../../domain/deployment/activity.ts';
import { LONGEST_DESCRIPTION_CHARACTERS, LONGEST_TASK_TIMEOUT_MS } from '../../limits.ts';
import { TASK_STATES } from '../../domain/task.ts';
import { id, limit, spaceParams, time } from './common.ts';

const named = z.string().min(1).max(400);

export const release = z
  .object({
    id,
    projectId: id,
    version: z.string(),
    channel: z.string(),
    notes: z.string(),
    blocked: z.string().describe('Why it may not go on along its lifecycle; empty: it may'),
    createdAt: time,
    createdBy: z.string(),
  })
  .meta({ id: 'Release' });
export type ReleaseView = z.infer<typeof release>;

export const createRelease = z
  .strictObject({
    project: named.describe('Name or id'),
    version: z.string().optional().describe("Not given: as the project's version template says"),
    channel: named.optional().describe('Not given: the default channel'),
    notes: z.string().max(100_000).optional(),
    ignoreExisting: z.boolean().optional().describe('A release of that version is given back, not refused'),
  })
  .meta({ id: 'CreateRelease' });

export const releasesQuery = z.strictObject({
  project: named.optional(),
  channel: named.optional(),
  limit,
  before: z.string().optional().describe('Releases older than this id only; newest come first'),
});
export const releaseParams = spaceParams.extend({
  project: z.string().describe('Name or id of a project'),
  version: z.string().describe('Version or id of a release'),
});
export const blockRelease = z
  .strictObject({
    reason: z.string().max(LONGEST_DESCRIPTION_CHARACTERS).describe('Empty: it may go on again'),
  })
  .meta({ id: 'BlockRelease' });
export const progressionQuery = z.strictObject({ tenant: named.optional() });
export const environmentProgress = z
  .object({
    id,
    name: z.string(),
    succeeded: z.boolean(),
    bar: z.string().describe('Why it can not be deployed there yet; empty: it can'),
  })
  .meta({ id: 'EnvironmentProgress' });

const runRequest = {
  environment: named.describe('Name or id'),
  tenant: named.optional().describe('Name or id'),
  variables: z
    .record(z.string().min(1), z.string())
    .optional()
    .describe('Values of prompted variables, by label or name'),
  skip: z.array(named).optional().describe('Steps that do not run'),
  targets: z.array(named).optional().describe('Only on these deployment targets'),
  excludeTargets: z.array(named).optional(),
  guidedFailure: z.boolean().optional().describe('Not given: as project and environment say'),
  prioritise: z.boolean().optional().describe('Before others in the queue'),
  notBefore: time.optional().describe('It starts then, or later'),
  expiresAt: time.optional().describe('It ends, timed out, when it has not started by then'),
  timeoutMs: z.number().int().min(0).max(LONGEST_TASK_TIMEOUT_MS).optional(),
  comments: z.string().max(LONGEST_DESCRIPTION_CHARACTERS).optional(),
};

export const deploy = z
  .strictObject({ project: named, version: named.describe('Of the release'), ...runRequest })
  .meta({ id: 'Deploy' });
export const runRunbook = z
  .strictObject({
    project: named,
    runbook: named,
    draft: z.boolean().optional().describe('As it stands now, and not as it was published'),
    ...runRequest,
  })
  .meta({ id: 'RunRunbook' });
export type RunBody = z.infer<typeof deploy> | z.infer<typeof runRunbook>;

export const runbookParams = spaceParams.extend({
  project: z.string().describe('Name or id of a project'),
  runbook: z.string().describe('Name or id of a runbook of it'),
});
export const publishedSnapshot = z
  .object({ runbookId: id, snapshotId: id, publishedAt: time, publishedBy: z.string() })
  .meta({ id: 'PublishedSnapshot' });

export const run = z
  .object({
    taskId: id,
    name: z
      .string()
      .describe("Its task's: project, release or runbook, environment and tenant by their names"),
    state: z.enum(TASK_STATES),
    message: z.string(),
    projectId: id,
    runbookId: z.string().describe('Empty: a deployment'),
    releaseId: z.string().describe('Empty: a runbook'),
    environmentId: id,
    tenantId: z.string().describe('Empty: for no tenant'),
    parentId: z.string().describe('The task that started it; empty: none'),
    ended: z.boolean(),
    succeeded: z.boolean(),
    createdAt: time,
    startedAt: time.nullable(),
    endedAt: time.nullable(),
    createdBy: z.string(),
  })
  .meta({ id: 'Run' });
export type RunView = z.infer<typeof run>;

export const runsQuery = z.strictObject({
  kind: z.enum(['deployment', 'runbookRun']).optional().describe('Not given: both'),
  project: named.optional(),
  environment: named.optional(),
  tenant: named.optional(),
  limit,
  before: z.string().optional(),
});

export const activity = z
  .object({
    key: z.string().describe('`2`: the third step; `2.0`: its first action; `2.0@ID`: that for a target'),
    name: z.string(),
    state: z.enum(ACTIVITY_STATES),
    message: z.string(),
    tries: z.number().int(),
    nextTryAt: time.nullable(),
    waitsFor: z
      .object({ kind: z.enum(['task', 'interruption']), id: z.string() })
      .nullable()
      .describe('What it waits for, besides its attempts'),
    startedAt: time.nullable(),
    endedAt: time.nullable(),
  })
  .meta({ id: 'Activity' });

export const interruption = z
  .object({
    id,
    taskId: id,
    activity: z.string(),
    kind: z.enum(['manual', 'guidedFailure']),
    title: z.string(),
    instructions: z.string(),
    responsible: z.string(),
    options: z.array(z.string()).describe('The answers that there are'),
    answer: z.string().describe('Empty: none yet, or its run ended without one'),
    notes: z.string(),
    answeredBy: z.string(),
    createdAt: time,
    endedAt: time.nullable(),
  })
  .meta({ id: 'Interruption' });
export type InterruptionView = z.infer<typeof interruption>;

const plannedStep = z.object({
  name: z.string(),
  start: z.enum(['afterPrevious', 'withPrevious']),
  roles: z.array(z.string()),
  width: z.number().int().describe('Targets at once'),
  targets: z.array(id).nullable().describe('Null: its actions run once'),
  actions: z.array(z.object({ name: z.string(), kind: z.string() })),
  left: z.array(z.object({ name: z.string(), why: z.string() })).describe('Actions that do not run here'),
  skipped: z.string().describe('Why nothing of it runs; empty: it does'),
});

export const runTree = z
  .object({
    steps: z.array(plannedStep).describe('Empty until the run has started'),
    targets: z.array(z.object({ id, name: z.string(), roles: z.array(z.string()) })),
    activities: z.array(activity),
    interruptions: z.array(interruption),
  })
  .meta({ id: 'RunTree' });
export type RunTreeView = z.infer<typeof runTree>;

export const interruptionParams = spaceParams.extend({ interruption: z.string() });
export const interruptionsQuery = z.strictObject({ limit });
export const answerInterruption = z
  .strictObject({
    answer: z.string().min(1).describe('One of its options'),
    notes: z.string().max(LONGEST_DESCRIPTION_CHARACTERS).optional(),
  })
  .meta({ id: 'AnswerInterruption' });
