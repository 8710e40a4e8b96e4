/**
 * What the engine asks of the script host, and hears from it. `hostlink/`
 * implements it over the unix socket; bytes travel by disk, never here.
 *
 * Always true: a start that the port has taken is either running in the host
 * that `hostId` named (which `state` or `connected` say), or answered by
 * `startFailed`, or handed to it again when it is back. A port that lost its
 * host reconnects (or launches one) by itself and tells `connected` again.
 */
import type { AttemptState, HostWelcome, StartFailed } from '@longshore/protocol/gen/longshore/host/v1/host';
import type { ScriptSpec, Terminal } from '@longshore/protocol/gen/longshore/link/v1/attempt';

export interface HostListener {
  /**
   * A host answered (first, after a restart of the link, or a new one): all attempts that it runs or that ended
   * since the link went. May be called for several hosts, for an older version runs what it has to its end.
   */
  connected(welcome: HostWelcome): void;
  /** Something of an attempt grew or changed: at most once in a turn of the host's event loop. */
  state(state: AttemptState): void;
  /** The process could not be made: `reason` and `detail` say why. Nothing of the attempt runs. */
  startFailed(failure: StartFailed): void;
  /**
   * A host is proven dead, and all that belonged to it is proven gone: what was handed to it and has no outcome
   * is interrupted. Never called on a mere loss of the socket.
   *
   * @param proven false: all that could be found was ended, but something could have hidden
   * @returns resolves when the outcomes are on disk
   */
  hostGone(hostId: string, how: { proven: boolean }): Promise<void>;
  /** A host is dead, and what it left behind could not be shown to be gone: nothing of it may be called interrupted. */
  hostUnclear?(hostId: string, detail: string): void;
}

export interface HostPort {
  /** Connects to the host, launching one where none runs; the listener is attached before the first call returns. */
  connect(listener: HostListener): Promise<void>;
  /**
   * Whether there may be anything of this host: it runs, or has died and was not yet cleared. To be asked only after
   * `connect` has resolved.
   */
  knows(hostId: string): boolean;
  /** The host that takes new attempts. Known once `connect` resolved. */
  readonly hostId: string;
  /** Stays over an upgrade, whose new host follows one that lives: part of the agent's incarnation. `hostId` where absent. */
  readonly line?: string;
  /** Of this host: attempts that it has not said to have yet. */
  starting(hostId: string): Iterable<string>;
  /** False while the socket is down: the engine refuses nothing, it waits for `connected`. */
  readonly connected: boolean;
  /** The workspace (absolute path) holds everything but what is sensitive, which is in `spec`. */
  start(request: { attemptId: string; workspace: string; spec: ScriptSpec }): void;
  cancel(attemptId: string, reason: string): void;
  /** The server has stored the output up to here: room may be reclaimed. */
  acknowledged(attemptId: string, offset: number): void;
  /** The workspace is about to go: drop what is in memory. */
  forget(attemptId: string): void;
  resize(attemptId: string, size: Terminal): void;
  input(attemptId: string, bytes: Uint8Array): void;
  /** Somebody vouches for what dead hosts left behind and could not be shown to be gone: `hostGone` follows, unproven. */
  presumeGone(): void;
  /** Lets go of the socket; the host and its scripts go on. */
  close(): Promise<void>;
}
