/**
 * Shows a task as it goes: the script's stdout on ours, its stderr on ours,
 * byte for byte; what the server and the connection have to say goes to
 * standard error, and only where a person looks or asked for it.
 */
import { readJson, shape, type Shape } from '@longshore/base/shape';
import pc from 'picocolors';

import type { Attempt, Task, TaskEvent, TaskLogEntry } from '../shapes.ts';
import { write } from '../write.ts';
import { prefixLines } from './prefix-lines.ts';

type DataOf<Name extends TaskEvent['event']> = Extract<TaskEvent, { event: Name }>['data'];
type OutputRecord = DataOf<'output'>['records'][number];

/** Of a record of the log, before its payload. */
const RECORD_HEADER_BYTES = 24;

export interface ShowOptions {
  /** Whether the server's own lines are shown. */
  remarks: boolean;
  /** Name the worker before each line. */
  prefixed: boolean;
}

export interface Show {
  /** Resolves when our reader has taken it. */
  event(event: TaskEvent): Promise<void>;
  remark(text: string): void;
  readonly ended: { task: Task; attempts: Attempt[] } | undefined;
}

export function createShow({ remarks, prefixed }: ShowOptions): Show {
  const workers = new Map<string, string>();
  const prefixes = new Map<string, (bytes: Uint8Array) => Buffer>();
  let ended: Show['ended'];
  let said = '';

  const remark = (text: string): void => {
    if (remarks) process.stderr.write(`${pc.dim(text)}\n`);
  };
  const prefix = (attemptId: string, stream: string): ((bytes: Uint8Array) => Buffer) => {
    const key = `${attemptId} ${stream}`;
    const made = prefixes.get(key) ?? prefixLines(`${workers.get(attemptId) ?? attemptId} | `);
    prefixes.set(key, made);
    return made;
  };
  const output = async (attemptId: string, record: OutputRecord): Promise<void> => {
    const bytes = Buffer.from(record.base64, 'base64');
    if (record.stream === 'marker') {
      process.stderr.write(`longshore: ${describeMarker(bytes.toString())}\n`);
      return;
    }
    const to = record.stream === 'stderr' ? process.stderr : process.stdout;
    await write(to, prefixed ? prefix(attemptId, record.stream)(bytes) : bytes);
  };

  return {
    get ended() {
      return ended;
    },
    remark,
    async event(event) {
      switch (event.event) {
        case 'output':
          for (const record of event.data.records) await output(event.data.attemptId, record);
          break;
        case 'attempt':
          workers.set(event.data.id, event.data.workerName);
          break;
        case 'log':
          for (const entry of event.data.entries) remark(logLine(entry));
          break;
        case 'event':
          for (const line of eventLines(event.data)) remark(line);
          break;
        case 'task': {
          const line = waitLine(event.data);
          if (line !== said && line !== '') remark(line);
          said = line;
          break;
        }
        case 'end':
          ended = event.data;
          break;
        // Of runs of processes, which have a view of their own (follow-runs.ts).
        case 'plan':
        case 'activity':
        case 'interruption':
      }
    },
  };
}

export function logLine(entry: TaskLogEntry): string {
  const level = entry.level === 'info' || entry.level === 'verbose' ? '' : `${entry.level}: `;
  return `${new Date(entry.time).toISOString().slice(11, 23)} ${level}${entry.text}`;
}

/** A marker stands where bytes are not: dropped by a limit, or not to be had any more. */
export function describeMarker(json: string): string {
  // Spaces alone: there was no room for words.
  if (json.trim() === '')
    return `output is missing here: ${RECORD_HEADER_BYTES + json.length} bytes of the log`;
  const known = markerIn(json);
  if (known?.missing !== undefined)
    return `output is missing: bytes ${known.missing.from}–${known.missing.to} of the log`;
  if (known?.dropped !== undefined) {
    const { stdout, stderr } = known.dropped;
    return `the log has reached its largest size: ${stdout} bytes of standard output and ${stderr} bytes of standard error were dropped`;
  }
  return `the log has a mark here: ${json}`;
}

const MARKER: Shape<{
  missing?: { from: number; to: number };
  dropped?: { stdout: number; stderr: number };
}> = shape.fields({
  missing: shape.optional(shape.fields({ from: shape.count, to: shape.count })),
  dropped: shape.optional(shape.fields({ stdout: shape.count, stderr: shape.count })),
});

/** Undefined for one of a newer program. */
function markerIn(json: string): (typeof MARKER)['is'] {
  try {
    return readJson(json, MARKER, 'the marker');
  } catch {
    return undefined;
  }
}

function waitLine(task: Task): string {
  if (task.waitReason === '') return '';
  return task.place !== null
    ? `waiting (place ${task.place}): ${task.waitReason}`
    : `waiting: ${task.waitReason}`;
}

function eventLines(event: DataOf<'event'>): string[] {
  switch (event.kind) {
    case 'progress':
      return [`${event.percentage}% ${event.message}`];
    case 'note':
      return [`${event.level}: ${event.text}`];
    case 'newArtifact':
      return [`artifact: ${event.name}`];
    case 'setVariable':
      return [`variable: ${event.name} = ${event.sensitive ? '********' : event.value}`];
    case 'resultMessage':
    case 'levelChanged':
      return [];
  }
}
