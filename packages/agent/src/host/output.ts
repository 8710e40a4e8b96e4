/**
 * An attempt's output on its way from the runner to the disk:
 *
 *   bytes ─▶ service messages ─▶ masker ─▶ spool
 *                  └──▶ events            (one pair of transforms a stream)
 *
 * Always true: bytes reach the spool only through the masker; a sensitive
 * value joins the masker before its event is written; what the log's largest
 * size keeps out is counted, and a marker at the log's end says how much.
 */
import { type Clock, type Logger } from '@longshore/base';
import { Level } from '@longshore/protocol/gen/longshore/link/v1/attempt';
import type { SegmentSummary } from '@longshore/protocol/segments';
import type { Marker } from '@longshore/protocol/spool-record';

import { DEFAULT_OUTPUT_QUOTA_BYTES } from '../limits.ts';
import { EventWriter } from './event-writer.ts';
import { LogLimit } from './log-limit.ts';
import { createMasker, type Masker, type MaskStream } from './masker.ts';
import { Room, type RoomState } from './room.ts';
import {
  createServiceMessages,
  type EventKind,
  type MessageSink,
  type ServiceMessages,
} from './service-messages.ts';
import { SpoolWriter } from './spool-writer.ts';

const DISK_FULL = 'the disk of the machine is full, or almost so';

type StreamName = 'stdout' | 'stderr';

export interface OutputParts {
  paths: { spool: string; events: string };
  quotaBytes: number;
  /** Spool bytes after which output is dropped; 0: never. */
  largestBytes: number;
  secrets: Iterable<string>;
  clock: Clock;
  logger: Logger;
  /** Something grew: a flush is wanted before the turn is over. */
  grew: () => void;
  /** There is room again after a pause. */
  resume: () => void;
  /** Artifacts and result messages have a further use; the event is not written when it answers false. */
  seen: (event: EventKind) => boolean;
  floorBytes?: number;
}

interface StreamParts {
  messages: ServiceMessages;
  mask: MaskStream;
  sink: MessageSink;
  emit: (bytes: Buffer) => void;
}

export class Output {
  readonly #parts: OutputParts;
  readonly #spool: SpoolWriter;
  readonly #events: EventWriter;
  readonly #masker: Masker;
  readonly #room: Room;
  readonly #limit: LogLimit;
  readonly #streams: Record<StreamName, StreamParts>;
  /** Resolvers of those who wait until all is on disk. */
  #waiting: (() => void)[] = [];
  #now = 0;

  constructor(parts: OutputParts) {
    this.#parts = parts;
    this.#spool = new SpoolWriter(parts.paths.spool);
    this.#events = new EventWriter(parts.paths.events);
    this.#limit = new LogLimit(parts.largestBytes);
    this.#masker = createMasker(parts.secrets, (error) =>
      parts.logger.error('masking failed: output withheld', { error }),
    );
    this.#room = new Room({
      folder: parts.paths.spool,
      quotaBytes: parts.quotaBytes === 0 ? DEFAULT_OUTPUT_QUOTA_BYTES : parts.quotaBytes,
      clock: parts.clock,
      spool: this.#spool,
      retry: () => this.#write(),
      changed: (state) => this.#roomChanged(state),
      ...(parts.floorBytes === undefined ? {} : { floorBytes: parts.floorBytes }),
    });
    this.#streams = { stdout: this.#stream('stdout'), stderr: this.#stream('stderr') };
  }

  /** Bytes on disk, a record boundary. */
  get written(): number {
    return this.#spool.written;
  }

  get eventsWritten(): number {
    return this.#events.written;
  }

  get eventCount(): number {
    return this.#events.count;
  }

  /** Takes bytes as read; false asks for no more until `resume`. */
  push(name: StreamName, bytes: Buffer): boolean {
    const { messages, sink } = this.#streams[name];
    this.#now = this.#parts.clock.now();
    messages.push(bytes, sink);
    this.#room.grown();
    this.#parts.grew();
    return this.#room.state === 'free';
  }

  note(level: Level, text: string): void {
    this.event({ $case: 'note', value: { level, text } });
  }

  /** `offset` is where it stands in the output, unless that is here. */
  event(kind: EventKind, offset = this.#spool.length): void {
    this.#events.append(kind, { offset, time: this.#parts.clock.now() });
    this.#parts.grew();
  }

  get offset(): number {
    return this.#spool.length;
  }

  /** Writes what was gathered in this turn. */
  flush(): void {
    if (this.#room.state === 'diskFull') {
      // What is below the floor is for such words: that it waits is to be seen now.
      this.#events.flush();
      return;
    }
    if (!this.#write()) this.#room.refused();
  }

  /** What it waits for, where the disk does not even take the note on it; else empty. */
  get stuck(): string {
    return this.#room.state === 'diskFull' && this.#events.written < this.#events.count ? DISK_FULL : '';
  }

  acknowledged(offset: number): void {
    this.#room.acknowledged(offset);
  }

  /** The streams have ended: what was held back comes now. */
  end(): void {
    this.#now = this.#parts.clock.now();
    for (const { messages, mask, sink, emit } of Object.values(this.#streams)) {
      messages.end(sink);
      mask.end(emit);
    }
    this.#tellDropped();
  }

  /** Resolves when all that was taken is on disk, however long that is full. */
  async stored(): Promise<void> {
    this.flush();
    while (this.#spool.written < this.#spool.length || this.#events.written < this.#events.count) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
      this.flush();
    }
  }

  finish(): SegmentSummary {
    this.close();
    return this.#spool.finish();
  }

  close(): void {
    this.#room.close();
    this.#spool.close();
    this.#events.close();
  }

  #record(name: StreamName, bytes: Buffer): void {
    const reached = this.#limit.reached;
    const kept = this.#limit.take(name, bytes, this.#spool.length);
    if (kept.length > 0) this.#spool.append(name, this.#now, kept);
    if (this.#limit.reached && !reached)
      this.note(
        Level.WARNING,
        `The log has reached its largest size (${this.#parts.largestBytes} bytes): output from here on is dropped, and counted.`,
      );
  }

  #tellDropped(): void {
    const { reached, dropped } = this.#limit;
    if (!reached) return;
    this.#spool.append('marker', this.#now, Buffer.from(JSON.stringify({ dropped } satisfies Marker)));
    this.note(
      Level.WARNING,
      `The log is not whole: ${dropped.stdout} bytes of standard output and ${dropped.stderr} bytes of standard error were dropped at its end.`,
    );
  }

  #write(): boolean {
    return this.#spool.flush() && this.#events.flush();
  }

  #roomChanged(state: RoomState): void {
    if (state === 'free') {
      this.note(Level.INFO, 'There is room for output again: the script goes on.');
      for (const resolve of this.#waiting.splice(0)) resolve();
      this.#parts.resume();
      return;
    }
    const why = state === 'overQuota' ? 'its output has reached the quota and is not fetched yet' : DISK_FULL;
    this.note(Level.WAIT, `The script waits: ${why}.`);
  }

  #stream(name: StreamName): StreamParts {
    const mask = this.#masker.stream();
    const emit = (bytes: Buffer): void => this.#record(name, bytes);
    const sink: MessageSink = {
      text: (bytes) => mask.push(bytes, emit),
      event: (event) => {
        if (this.#parts.seen(event)) this.event(event);
      },
      mask: (value) => {
        if (this.#masker.add(value) === 'tooShort')
          this.note(
            Level.WARNING,
            'A sensitive value is too short to be masked: it would hide ordinary text.',
          );
      },
    };
    return { messages: createServiceMessages(name), mask, sink, emit };
  }
}
