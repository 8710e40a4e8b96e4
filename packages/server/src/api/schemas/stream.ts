/**
 * The events of `GET /tasks/:task/stream`. Each carries `id:`, a cursor from
 * which a follower goes on after a cut (`?cursor=` or `Last-Event-ID`). What
 * stands in order (log, output, events of scripts) goes on there; state (task,
 * plan, activity, interruption, attempt) is told whole and as it is now.
 */
import { z } from 'zod';

import { id, time } from './common.ts';
import { outcome } from './outcomes.ts';
import { activity, interruption, runTree } from './runs.ts';
import { attempt, logEntry, task } from './tasks.ts';

export const streamQuery = z.strictObject({
  cursor: z.string().max(100_000).optional().describe('The id of the last event seen'),
});

const attemptEvent = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('setVariable'), name: z.string(), value: z.string(), sensitive: z.boolean() }),
    z.object({ kind: z.literal('newArtifact'), index: z.number(), name: z.string(), path: z.string() }),
    z.object({ kind: z.literal('progress'), percentage: z.number(), message: z.string() }),
    z.object({ kind: z.literal('resultMessage'), text: z.string() }),
    z.object({ kind: z.literal('levelChanged'), stream: z.enum(['stdout', 'stderr']), level: z.string() }),
    z.object({ kind: z.literal('note'), level: z.string(), text: z.string() }),
  ])
  .and(z.object({ attemptId: id, n: z.number(), atOffset: z.number(), time }));

export const streamEvents = {
  task,
  log: z.object({ entries: z.array(logEntry) }),
  plan: runTree
    .pick({ steps: true, targets: true })
    .describe('Of a run, before its first activity: what its tree is made of'),
  activity,
  interruption,
  attempt: z.object({
    id,
    action: z.string().describe("Of a run: the activity's key; with `~cleanUp`, the script after it"),
    workerId: id,
    workerName: z.string(),
    state: z.string(),
    outcome: outcome.nullable(),
    message: z.string(),
    complete: z.boolean(),
  }),
  output: z.object({
    attemptId: id,
    from: z.number().describe('Spool offset of the first record'),
    next: z.number().describe('Spool offset after the last record'),
    records: z.array(
      z.object({
        stream: z.enum(['stdout', 'stderr', 'marker']),
        time,
        base64: z.string().describe("A marker's is JSON"),
      }),
    ),
  }),
  event: attemptEvent,
  end: z.object({ task, attempts: z.array(attempt) }),
} as const;

/** One schema of all of them, so that the document holds their shapes. */
export const streamEvent = z
  .union([
    z.object({ event: z.literal('task'), data: streamEvents.task }),
    z.object({ event: z.literal('log'), data: streamEvents.log }),
    z.object({ event: z.literal('plan'), data: streamEvents.plan }),
    z.object({ event: z.literal('activity'), data: streamEvents.activity }),
    z.object({ event: z.literal('interruption'), data: streamEvents.interruption }),
    z.object({ event: z.literal('attempt'), data: streamEvents.attempt }),
    z.object({ event: z.literal('output'), data: streamEvents.output }),
    z.object({ event: z.literal('event'), data: streamEvents.event }),
    z.object({ event: z.literal('end'), data: streamEvents.end }),
  ])
  .meta({ id: 'TaskStreamEvent' });
