/**
 * A live follower of one task, as the command and the portal are: it reads the
 * task's event stream, may be cut at any moment, and goes on from the cursor of
 * the last event that it took. It checks each line as it comes, so that what a
 * reader saw live is held to the same standard as what is stored.
 */
import { get, type IncomingMessage } from 'node:http';

import { LineCheck, OUTPUT_STREAMS, type NumberedLines, type OutputStream } from './log-oracle.ts';

interface Told {
  url: string;
  key: string;
}

interface OutputEvent {
  attemptId: string;
  from: number;
  next: number;
  records: { stream: OutputStream | 'marker'; base64: string }[];
}

interface FollowedOutput {
  next: number;
  checks: Record<OutputStream, LineCheck>;
}

const AGAIN_AFTER_MS = 50;

export class LiveFollower {
  readonly #at: Told;
  readonly #taskId: string;
  readonly #wanted: NumberedLines;
  readonly #attempts = new Map<string, FollowedOutput>();
  readonly #over = Promise.withResolvers<void>();
  #response: IncomingMessage | undefined;
  #cursor = '';
  #cuts = 0;
  #stopped = false;

  /** @param at the server's address and a key: a stage has both */
  constructor(at: Told, taskId: string, wanted: NumberedLines) {
    this.#at = at;
    this.#taskId = taskId;
    this.#wanted = wanted;
    // Whoever waits for the end hears of a wrong line; until then it is nobody's.
    this.#over.promise.catch(() => undefined);
    void this.#follow();
  }

  get cuts(): number {
    return this.#cuts;
  }

  /** Lines seen so far, of both streams. */
  get seen(): number {
    return [...this.#attempts.values()].reduce(
      (sum, { checks }) => sum + checks.stdout.seen + checks.stderr.seen,
      0,
    );
  }

  /** Breaks its connection, if it has one; it takes up the stream again by itself. */
  cut(): void {
    this.#cuts += 1;
    this.#response?.destroy();
  }

  /** Without a verdict. */
  stop(): void {
    this.#stopped = true;
    this.#response?.destroy();
    this.#over.resolve();
  }

  /** Resolves after the task's end, when all lines were seen once and in order. @throws Error that says what was wrong */
  async expectAll(): Promise<void> {
    await this.#over.promise;
    const followed = [...this.#attempts.values()];
    if (followed.length !== 1) throw new Error(`output of ${followed.length} attempts was seen, not of one`);
    for (const stream of OUTPUT_STREAMS) followed[0]?.checks[stream].end();
  }

  async #follow(): Promise<void> {
    while (!this.#stopped) {
      try {
        if (await this.#read()) {
          this.#over.resolve();
          return;
        }
      } catch (thrown) {
        if (thrown instanceof WrongOutput) {
          this.#over.reject(thrown);
          return;
        }
      }
      await new Promise((resolve) => setTimeout(resolve, AGAIN_AFTER_MS));
    }
  }

  /** One connection. @returns whether the task's end was told */
  async #read(): Promise<boolean> {
    const response = await this.#open();
    this.#response = response;
    response.setEncoding('utf8');
    let text = '';
    for await (const part of response as AsyncIterable<string>) {
      text += part;
      let end: number;
      while ((end = text.indexOf('\n\n')) >= 0) {
        const fields = fieldsOf(text.slice(0, end));
        text = text.slice(end + 2);
        if (fields.event === undefined) continue;
        this.#take(fields.event, fields.data ?? '');
        this.#cursor = fields.id ?? this.#cursor;
        if (fields.event === 'end') {
          response.destroy();
          return true;
        }
      }
    }
    return false;
  }

  async #open(): Promise<IncomingMessage> {
    const { url, key } = this.#at;
    return new Promise((resolve, reject) => {
      get(
        `${url}/api/v1/spaces/default/tasks/${this.#taskId}/stream`,
        {
          agent: false,
          headers: {
            authorization: `Bearer ${key}`,
            accept: 'text/event-stream',
            ...(this.#cursor === '' ? {} : { 'last-event-id': this.#cursor }),
          },
        },
        (response) => {
          if (response.statusCode === 200) resolve(response);
          else {
            response.resume();
            reject(new Error(`the stream was answered with ${response.statusCode}`));
          }
        },
      ).once('error', reject);
    });
  }

  #take(event: string, data: string): void {
    if (event !== 'output') return;
    const { attemptId, from, next, records } = JSON.parse(data) as OutputEvent;
    const followed = this.#attempts.get(attemptId) ?? {
      next: 0,
      checks: { stdout: this.#check('stdout'), stderr: this.#check('stderr') },
    };
    this.#attempts.set(attemptId, followed);
    try {
      if (from !== followed.next)
        throw new Error(`output of ${attemptId} goes on at ${from}, not at ${followed.next}`);
      followed.next = next;
      for (const { stream, base64 } of records) {
        if (stream === 'marker')
          throw new Error(`a marker: ${Buffer.from(base64, 'base64').toString('utf8')}`);
        followed.checks[stream].push(Buffer.from(base64, 'base64'));
      }
    } catch (cause) {
      throw new WrongOutput(`a live follower saw: ${String(cause)}`, { cause });
    }
  }

  #check(stream: OutputStream): LineCheck {
    const has = (this.#wanted.streams ?? OUTPUT_STREAMS).includes(stream);
    return new LineCheck(stream, has ? this.#wanted : { ...this.#wanted, lines: 0 });
  }
}

class WrongOutput extends Error {}

function fieldsOf(message: string): { id?: string; event?: string; data?: string } {
  return Object.fromEntries(
    message
      .split('\n')
      .filter((line) => !line.startsWith(':'))
      .map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, '')];
      }),
  );
}
