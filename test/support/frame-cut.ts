/**
 * Cuts a link at a frame of a kind: right before the TLS record that ends the
 * frame, within that record, or when it has passed and its receiver has read
 * it. The link is a real one, over mutual TLS: the proxy below it is told what
 * passes by the key log of the listening end.
 *
 * Always true: a cut that was asked for is made at the first such frame, or
 * its promise rejects, with what was seen; what can't be read on any of the
 * proxy's connections fails every cut from then on. While a cut is being made
 * nothing else passes.
 */
import type { Cut, CutKind, Direction, FaultProxy, Passing, Watcher } from './fault-proxy.ts';
import type { KeyLog } from './key-log.ts';
import { LinkTap, type FrameName, type LinkFrame } from './link-tap.ts';
import { recordOf } from './tls-tap.ts';

export type { FrameName, LinkFrame } from './link-tap.ts';

/** Before its record, in the midst of it, or after it. */
export type CutMoment = 'before' | 'within' | 'after';

export const CUT_MOMENTS: readonly CutMoment[] = ['before', 'within', 'after'];

export interface FrameCut {
  frame: FrameName;
  moment: CutMoment;
  /** Of this agent alone, where several pass the proxy. */
  agentId?: string;
  /** Of attempts whose script has this text alone: an agent is given others too, to see that it is well. */
  script?: string;
  how?: CutKind;
  /** The agent's connections all, unless told: or only the one that the frame is on. */
  connections?: 'all' | 'its own';
  /** Where within the record, from 0 inclusive to 1 exclusive. */
  share?: number;
  timeoutMs?: number;
}

interface Armed {
  cut: FrameCut;
  done: (frame: LinkFrame) => void;
  failed: (error: Error) => void;
  /** Nobody waits for it any more. */
  over: boolean;
}

interface Tapped {
  tap: LinkTap;
  /** Known from its Hello on; of a data connection by its nonce. */
  agentId: string | undefined;
  cut: boolean;
}

export class FrameCuts implements Watcher {
  readonly #proxy: FaultProxy;
  readonly #keys: KeyLog;
  readonly #tapped = new Map<number, Tapped>();
  readonly #armed = new Set<Armed>();
  readonly #seen = new Map<FrameName, number>();
  /** Of sessions: whose data connections name them. */
  readonly #nonces = new Map<string, string>();
  /** Of attempts, by id. */
  readonly #scripts = new Map<string, string>();
  #failure: Error | undefined;
  #cutting: Promise<void> | undefined;

  /**
   * @param proxy only connections from now on are seen
   * @param keys of the program behind the proxy: it has each secret when the other end can first use it, so that a record never waits for one in vain
   */
  constructor(proxy: FaultProxy, keys: KeyLog) {
    this.#proxy = proxy;
    this.#keys = keys;
    proxy.watch(this);
  }

  /** How many frames of each kind have come so far, whether they passed or not. */
  get seen(): ReadonlyMap<FrameName, number> {
    return this.#seen;
  }

  /** Once, at the first such frame from now on. @returns the frame, when it is cut @throws Error when there is none in time */
  async cutAt(cut: FrameCut): Promise<LinkFrame> {
    if (this.#failure !== undefined) throw this.#failure;
    const { promise, resolve: done, reject: failed } = Promise.withResolvers<LinkFrame>();
    const armed: Armed = { cut, done, failed, over: false };
    const { timeoutMs = 60_000 } = cut;
    const late = setTimeout(
      () => failed(new Error(`no ${cut.frame} came within ${timeoutMs} ms; seen: ${this.#said()}`)),
      timeoutMs,
    );
    this.#armed.add(armed);
    try {
      return await promise;
    } finally {
      clearTimeout(late);
      armed.over = true;
      this.#armed.delete(armed);
    }
  }

  /** The connections of an agent, now. */
  cut(agentId: string, how: CutKind = 'rst'): void {
    for (const [connection, tapped] of this.#tapped)
      if (tapped.agentId === agentId) this.#cut(connection, tapped, how);
  }

  partOf(bytes: Buffer): number {
    return recordOf(bytes);
  }

  async look({ connection, direction, bytes }: Passing): Promise<Cut | undefined> {
    const tapped = this.#tappedOf(connection);
    const frames = await this.#read(tapped, direction, bytes);
    while (this.#cutting !== undefined) await this.#cutting;
    if (tapped.cut) return undefined;
    for (const frame of frames) {
      this.#seen.set(frame.name, (this.#seen.get(frame.name) ?? 0) + 1);
      this.#learn(tapped, frame);
    }
    for (const frame of frames)
      for (const armed of this.#armed)
        if (this.#isMeant(armed.cut, tapped, frame))
          return this.#make(armed, { connection, tapped, frame, record: bytes });
    return undefined;
  }

  /** The program whose keys are wanted may be gone before it wrote them down. */
  ending(connection: number): void {
    this.#tapped.get(connection)?.tap.end();
  }

  over(connection: number): void {
    this.ending(connection);
    this.#tapped.delete(connection);
  }

  #tappedOf(connection: number): Tapped {
    const known = this.#tapped.get(connection);
    if (known !== undefined) return known;
    const tapped = { tap: new LinkTap(this.#keys), agentId: undefined, cut: false };
    this.#tapped.set(connection, tapped);
    return tapped;
  }

  async #read({ tap }: Tapped, direction: Direction, bytes: Buffer): Promise<LinkFrame[]> {
    // What a connection's end left of a record: nobody can read it.
    if (recordOf(bytes) !== bytes.length) return [];
    try {
      return await tap.read(direction, bytes);
    } catch (thrown) {
      this.#failure ??= new Error(`a connection can't be read: ${String(thrown)}`, { cause: thrown });
      for (const { failed } of this.#armed) failed(this.#failure);
      return [];
    }
  }

  #learn(tapped: Tapped, { name, value }: LinkFrame): void {
    if (name === 'server control.start')
      this.#scripts.set(String(value['attemptId']), String((value['spec'] as { body?: Buffer }).body));
    else if (name === 'agent control.hello') tapped.agentId = String(value['agentId']);
    else if (name === 'server control.welcome')
      this.#nonces.set(hexOf(value['dataNonce']), tapped.agentId ?? '');
    else if (name.endsWith(' data.open')) tapped.agentId = this.#nonces.get(hexOf(value['nonce']));
  }

  #isMeant({ frame, agentId, script }: FrameCut, tapped: Tapped, { name, value }: LinkFrame): boolean {
    if (name !== frame || (agentId !== undefined && agentId !== tapped.agentId)) return false;
    const { attemptId } = value;
    if (script === undefined || typeof attemptId !== 'string') return true;
    return this.#scripts.get(attemptId)?.includes(script) === true;
  }

  #make(armed: Armed, at: { connection: number; tapped: Tapped; frame: LinkFrame; record: Buffer }): Cut {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#armed.delete(armed);
    this.#cutting = promise;
    return {
      after: lengthThatPasses(armed.cut, at.record),
      cut: (passed) => {
        this.#cutting = undefined;
        resolve();
        if (passed) this.#cutBy(armed, at);
        // It had ended by itself: the next such frame is the one.
        else if (!armed.over) this.#armed.add(armed);
      },
    };
  }

  #cutBy(
    { cut: { how = 'rst', connections = 'all' }, done }: Armed,
    { connection, tapped, frame }: { connection: number; tapped: Tapped; frame: LinkFrame },
  ): void {
    this.#cut(connection, tapped, how);
    if (connections === 'all' && tapped.agentId !== undefined) this.cut(tapped.agentId, how);
    done(frame);
  }

  #cut(connection: number, tapped: Tapped, how: CutKind): void {
    tapped.cut = true;
    this.#proxy.cut(how, { only: connection });
  }

  #said(): string {
    return [...this.#seen].map(([name, count]) => `${name} ${count}`).join(', ') || 'no frame at all';
  }
}

function lengthThatPasses({ moment, share = 0.5 }: FrameCut, record: Buffer): number {
  if (moment === 'before') return 0;
  if (moment === 'after') return record.length;
  return 1 + Math.floor(share * (record.length - 1));
}

function hexOf(bytes: unknown): string {
  return Buffer.from(bytes as Uint8Array).toString('hex');
}
