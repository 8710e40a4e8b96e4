/**
 * The script host: the attempts, and the one link that it listens to.
 *
 *   serving ──retire, SIGTERM──▶ retiring ──nothing runs──▶ done
 *      ▲ ◀──resume (an upgrade was rolled back)──┘
 *
 * Always true: an attempt id starts at most once in a host; the newest link is
 * the only one heard, and what Welcome lists is all that there is at that
 * instant; a link that goes away changes nothing for a script.
 */
import { createServer, type Server } from 'node:net';

import { AppError, type Cancel, isId, toError } from '@longshore/base';
import type { AttemptState, StartAttempt, ToHost } from '@longshore/protocol/gen/longshore/host/v1/host';
import { RefusedReason } from '@longshore/protocol/gen/longshore/link/v1/attempt';

import { HOST_PROTOCOL } from '../contract/host-socket.ts';
import { workspaceAt } from '../contract/workspace.ts';
import { HOST_REST_AFTER_MS } from '../limits.ts';
import { Attempt, type AttemptServices } from './attempt.ts';
import { removeFolder } from './folders.ts';
import { refusedBy } from './full-disk.ts';
import { LinkConnection } from './link-connection.ts';

export interface HostParts extends Omit<AttemptServices, 'changed' | 'ended'> {
  version: string;
  /** Called when nothing has run for a while. */
  rest: () => void;
}

export class Host {
  readonly #parts: HostParts;
  readonly #attempts = new Map<string, Attempt>();
  /** Those that ended and whose workspace still stands: only this is kept of them. */
  readonly #ended = new Map<string, AttemptState>();
  readonly #changed = new Set<Attempt>();
  readonly #services: AttemptServices;
  #server: Server | undefined;
  #link: LinkConnection | undefined;
  #state: 'serving' | 'retiring' | 'done' = 'serving';
  #stopping = false;
  #scheduled = false;
  #cancelRest: Cancel = () => undefined;
  #resolveDone: () => void = () => undefined;
  /** Resolves when it has retired and runs nothing any more. */
  readonly done: Promise<void>;

  constructor(parts: HostParts) {
    this.#parts = parts;
    this.done = new Promise((resolve) => (this.#resolveDone = resolve));
    this.#services = {
      ...parts,
      changed: (attempt) => this.#note(attempt),
      ended: (attempt) => {
        this.#attempts.delete(attempt.id);
        this.#ended.set(attempt.id, attempt.state);
        this.#leaveIfEmpty();
        this.#restLater();
      },
    };
  }

  get isEmpty(): boolean {
    return this.#attempts.size === 0;
  }

  /** @throws AppError `unavailable` when the socket can't be made */
  listen(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const server = createServer((socket) => {
        new LinkConnection(
          socket,
          { hello: (link) => this.#welcome(link), heard: (frame) => this.#hear(frame) },
          this.#parts.logger,
        );
      });
      this.#server = server;
      server.once('error', (cause) => reject(new AppError('unavailable', `listening on ${path}`, { cause })));
      server.listen(path, () => resolve());
      this.#restLater();
    });
  }

  /** Takes no new attempt, and ends as soon as nothing runs. */
  retire(): void {
    if (this.#state !== 'serving') return;
    this.#parts.logger.info('retiring', { attempts: this.#attempts.size });
    this.#state = 'retiring';
    this.#leaveIfEmpty();
  }

  /** Takes new attempts again. */
  resume(): void {
    if (this.#state !== 'retiring' || this.#stopping) return;
    this.#parts.logger.info('serving again', { attempts: this.#attempts.size });
    this.#state = 'serving';
  }

  /** Stops all that runs, and retires for good. */
  stopAll(detail: string): void {
    this.#stopping = true;
    for (const attempt of this.#attempts.values()) attempt.stop({ kind: 'interrupted', detail });
    this.retire();
  }

  /** Lets go of the socket. */
  close(): void {
    this.#cancelRest();
    this.#link?.close();
    this.#server?.close();
    removeFolder(this.#parts.secretsFolder);
  }

  #welcome(link: LinkConnection): void {
    if (this.#link !== link) this.#link?.close();
    this.#link = link;
    this.#flushChanged();
    const { hostId, version } = this.#parts;
    link.welcome({
      protocol: HOST_PROTOCOL,
      hostId,
      version,
      pid: process.pid,
      attempts: [...[...this.#attempts.values()].map((attempt) => attempt.state), ...this.#ended.values()],
    });
  }

  #hear(frame: NonNullable<ToHost['kind']>): void {
    switch (frame.$case) {
      case 'start':
        this.#start(frame.value);
        return;
      case 'cancel':
        this.#attempts.get(frame.value.attemptId)?.stop({ kind: 'cancelled' });
        return;
      case 'resize': {
        const { attemptId, size } = frame.value;
        if (size !== undefined) this.#attempts.get(attemptId)?.resize(size.columns, size.rows);
        return;
      }
      case 'input':
        this.#attempts.get(frame.value.attemptId)?.input(frame.value.bytes);
        return;
      case 'acknowledged':
        this.#attempts.get(frame.value.attemptId)?.acknowledged(frame.value.offset);
        return;
      case 'forget':
        this.#ended.delete(frame.value.attemptId);
        return;
      case 'retire':
        this.retire();
        return;
      case 'resume':
        this.resume();
        return;
      case 'hello':
        return;
    }
  }

  #start({ attemptId, workspace, spec }: StartAttempt): void {
    const known = this.#attempts.get(attemptId);
    const ended = this.#ended.get(attemptId);
    if (known !== undefined) {
      this.#note(known);
      return;
    }
    if (ended !== undefined) {
      this.#link?.send({ $case: 'state', value: ended });
      this.#link?.flush();
      return;
    }
    if (!isId(attemptId) || spec === undefined) {
      this.#refuse(attemptId, RefusedReason.INVALID, 'the Start has no id or no script');
    } else if (this.#state !== 'serving') {
      this.#refuse(attemptId, RefusedReason.DRAINING, 'this script host takes no new scripts');
    } else {
      this.#begin(attemptId, { paths: workspaceAt(workspace), spec });
    }
  }

  #begin(attemptId: string, start: ConstructorParameters<typeof Attempt>[1]): void {
    let attempt: Attempt;
    try {
      attempt = new Attempt(attemptId, start, this.#services);
    } catch (thrown) {
      this.#parts.logger.error('workspace is not as it should be', { attemptId, error: toError(thrown) });
      this.#refuse(attemptId, refusedBy(toError(thrown)), toError(thrown).message);
      return;
    }
    this.#attempts.set(attemptId, attempt);
    attempt.begin();
  }

  #refuse(attemptId: string, reason: RefusedReason, detail: string): void {
    this.#link?.send({ $case: 'startFailed', value: { attemptId, reason, detail } });
    this.#link?.flush();
  }

  #note(attempt: Attempt): void {
    this.#changed.add(attempt);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#flushChanged());
  }

  /** Once a turn: what each attempt gathered goes to disk, then the link hears of it. */
  #flushChanged(): void {
    this.#scheduled = false;
    for (const attempt of this.#changed) {
      this.#changed.delete(attempt);
      try {
        attempt.flush();
      } catch (thrown) {
        const error = toError(thrown);
        this.#parts.logger.error('output could not be stored', { attemptId: attempt.id, error });
        attempt.stop({ kind: 'interrupted', detail: `its output could not be stored: ${error.message}` });
      }
      this.#link?.send({ $case: 'state', value: attempt.state });
    }
    this.#link?.flush();
  }

  #restLater(): void {
    this.#cancelRest();
    this.#cancelRest = this.#parts.clock.after(HOST_REST_AFTER_MS, () => {
      if (this.isEmpty) this.#parts.rest();
    });
  }

  #leaveIfEmpty(): void {
    if (this.#state !== 'retiring' || !this.isEmpty) return;
    this.#state = 'done';
    this.#flushChanged();
    this.#resolveDone();
  }
}
