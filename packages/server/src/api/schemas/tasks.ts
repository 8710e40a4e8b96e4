import { z } from 'zod';

import { ATTEMPT_STATES } from '../../domain/attempt.ts';
import { TASK_KINDS, TASK_STATES } from '../../domain/task.ts';
import { LARGEST_TASK_WORKERS, LONGEST_TASK_TIMEOUT_MS } from '../../limits.ts';
import { id, limit, name, spaceParams, time } from './common.ts';
import { outcome } from './outcomes.ts';
import { script, scriptRequest } from './scripts.ts';

export const taskState = z.enum(TASK_STATES);

export const createTask = z
  .strictObject({
    pool: z
      .string()
      .min(1)
      .optional()
      .describe('Name or id of a worker pool; neither pool nor workers: the default pool'),
    workers: z
      .array(z.string().min(1))
      .min(1)
      .max(LARGEST_TASK_WORKERS)
      .optional()
      .describe('Names or ids: the script runs on each'),
    name: name.optional(),
    leaseMode: z.enum(['shared', 'exclusive']).optional().describe('`shared` when not given'),
    tools: z
      .array(z.string().min(1))
      .optional()
      .describe("Tools that the worker must have, beside the interpreter's"),
    timeoutMs: z
      .number()
      .int()
      .min(0)
      .max(LONGEST_TASK_TIMEOUT_MS)
      .optional()
      .describe('From start on, waiting included; 0: without limit'),
    script: scriptRequest,
  })
  .refine((task) => task.pool === undefined || task.workers === undefined, {
    path: ['workers'],
    message: 'either pool or workers, not both',
  })
  .meta({ id: 'CreateTask' });
export type CreateTaskBody = z.infer<typeof createTask>;

const taskShape = {
  id,
  kind: z.enum(TASK_KINDS),
  name: z.string(),
  state: taskState,
  target: z.discriminatedUnion('kind', [
    z.object({
      kind: z.literal('pool'),
      poolId: id,
      poolName: z.string().describe('Empty when the pool is gone'),
    }),
    z.object({ kind: z.literal('workers'), workerIds: z.array(id) }),
    z.object({
      kind: z.literal('run').describe('Of a process: a deployment, or a runbook'),
      projectId: id,
      runbookId: z.string().describe('Empty: a deployment'),
      releaseId: z.string().describe('Empty: a runbook'),
      environmentId: id,
      tenantId: z.string().describe('Empty: for no tenant'),
    }),
  ]),
  leaseMode: z.enum(['shared', 'exclusive']),
  tools: z.array(z.string()),
  ticket: z.number().describe('Order in the queue: a lower one goes first'),
  place: z
    .number()
    .nullable()
    .describe('Place in the queue from 1; null when it is not queued, and in the answer to a submission'),
  nodeId: z.string().nullable(),
  waitReason: z.string().describe('Why it waits; empty when it does not'),
  message: z.string().describe('What became of it, in one line'),
  timeoutMs: z.number(),
  createdBy: z.string(),
  cancelRequestedAt: time.nullable(),
  createdAt: time,
  startedAt: time.nullable(),
  endedAt: time.nullable(),
};

export const task = z.object(taskShape).meta({ id: 'Task' });
export type TaskView = z.infer<typeof task>;

export const taskDetail = z
  .object({ ...taskShape, script: script.nullable().describe('Null: a run of a process') })
  .meta({ id: 'TaskDetail' });
export type TaskDetailView = z.infer<typeof taskDetail>;

export const tasksQuery = z.strictObject({
  state: taskState.optional(),
  pool: z.string().optional().describe('Name or id of a worker pool'),
  worker: z.string().optional().describe('Name or id of a worker'),
  limit,
  before: z.string().optional().describe('Tasks older than this one only; newest come first'),
});

export const taskParams = spaceParams.extend({ task: z.string().describe('Id of a task') });

export const cancelTask = z
  .strictObject({ reason: z.string().max(1000).optional() })
  .meta({ id: 'CancelTask' });
export const didNotRun = z
  .strictObject({
    attempt: z
      .string()
      .min(1)
      .optional()
      .describe('Id of an attempt; not given: all of the task that are on workers out of reach'),
  })
  .meta({ id: 'DidNotRun' });

export const logEntry = z
  .object({
    n: z.number().int().describe('Numbered from 1 in a task'),
    time,
    level: z.enum(['verbose', 'info', 'highlight', 'wait', 'warning', 'error']),
    text: z.string(),
    attemptId: z.string().describe('Empty when about the task'),
    activity: z.string().describe('Of a run: the node of its tree that it is about; empty: the task'),
  })
  .meta({ id: 'TaskLogEntry' });
export const logQuery = z.strictObject({
  after: z.coerce.number().int().min(0).default(0).describe('Entries with a higher number only'),
  limit,
});

export const attempt = z
  .object({
    id,
    taskId: id,
    action: z.string(),
    workerId: id,
    workerName: z.string().describe('Empty when the worker is gone'),
    try: z.number().int(),
    leaseId: z.string(),
    state: z.enum(ATTEMPT_STATES),
    outputLength: z.number().describe('Spool bytes stored, record headers included'),
    eventCount: z.number().int(),
    outcome: outcome.nullable(),
    message: z.string().describe("The script's own word on how it ended (`fail step`), if it said one"),
    bestEffortCleanup: z.boolean().describe('That all its processes are gone could not be shown'),
    digest: z.string().describe('Of the whole output, hex; empty before its end'),
    complete: z.boolean().describe('All output, events and artifacts are stored'),
    createdAt: time,
    startedAt: time.nullable(),
    endedAt: time.nullable(),
  })
  .meta({ id: 'Attempt' });
export type AttemptView = z.infer<typeof attempt>;

export const outputVariable = z
  .object({
    attemptId: id,
    action: z.string(),
    workerName: z.string(),
    name: z.string(),
    value: z.string().describe('`********` when sensitive'),
    sensitive: z.boolean(),
  })
  .meta({ id: 'OutputVariable' });

export const artifact = z
  .object({
    id,
    taskId: id,
    attemptId: id,
    name: z.string(),
    length: z.number(),
    digest: z.string().describe('SHA-256, hex'),
    error: z.string().describe('Why it could not be collected; empty: it was'),
    createdAt: time,
  })
  .meta({ id: 'Artifact' });
export type ArtifactView = z.infer<typeof artifact>;
