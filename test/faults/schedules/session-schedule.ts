/**
 * One random schedule of one link: two real `LinkSession`s, agent's and
 * server's, under a simulated clock, over a line that is slow, held or cut, to
 * peers whose event loops stall, and that close when they like.
 */
import { silentLogger, type Clock } from '@longshore/base';
import { Receiver, type DuplexEnd, type FrameDuplex } from '@longshore/protocol/duplex';
import {
  Goodbye_Reason,
  type AgentFrame,
  type ServerFrame,
} from '@longshore/protocol/gen/longshore/link/v1/link';
import { LinkSession, type SessionEnd } from '@longshore/protocol/session';

import { Pipe, type Hold } from './pipe.ts';
import { World } from './world.ts';

const LIMITS = { pingIntervalMs: 5000, deadAfterMs: 15_000, handshakeMs: 15_000 };
/** The dead time, the beat at which it is judged, and the one after which a stall of one's own is forgiven. */
const NOTICED_WITHIN_MS = LIMITS.deadAfterMs + 2 * LIMITS.pingIntervalMs;
const TROUBLE_MS = 60_000;

type Frame = AgentFrame & ServerFrame;

function clockOf(world: World): Clock {
  const arm = (ms: number, fn: () => void, again: boolean): (() => void) => {
    let on = true;
    const fire = (): void => {
      if (!on) return;
      if (again) world.after(ms, fire);
      else on = false;
      fn();
    };
    world.after(ms, fire);
    return () => void (on = false);
  };
  return {
    now: () => world.now,
    since: (time) => world.now - time,
    monotonic: () => world.now,
    after: (ms, fn) => arm(ms, fn, false),
    every: (ms, fn) => arm(ms, fn, true),
  };
}

/** One end of the line; both share its state. */
class SimulatedEnd implements FrameDuplex<Frame, Frame> {
  readonly #world: World;
  readonly #receiver = new Receiver<Frame>();
  readonly #closed = Promise.withResolvers<DuplexEnd>();
  readonly closed = this.#closed.promise;
  peer: SimulatedEnd | undefined;
  #over = false;
  #room = true;
  readonly #pipe: Pipe;

  constructor(world: World, line: Hold) {
    this.#world = world;
    this.#pipe = new Pipe(world, line, 50);
  }

  get writable(): boolean {
    return this.#room && !this.#over;
  }

  async send(frame: Frame): Promise<void> {
    if (this.#over) throw new Error('sending on a closed line');
    this.#pipe.carry(() => this.peer?.arrive(frame));
    if (!this.#world.chance(0.1)) return;
    this.#room = false;
    await new Promise<void>((resolve) => this.#world.after(this.#world.between(0, 200), resolve));
    this.#room = true;
  }

  receive(listener: (frame: Frame) => void): void {
    this.#receiver.listen(listener);
  }

  close(reason: string): void {
    if (this.#over) return;
    this.#pipe.carry(() => this.peer?.end({ reason }));
    this.end({ reason });
  }

  arrive(frame: Frame): void {
    if (!this.#over) this.#receiver.deliver(frame);
  }

  end(end: DuplexEnd): void {
    if (this.#over) return;
    this.#over = true;
    this.#receiver.end();
    this.#closed.resolve(end);
  }
}

interface Side {
  session: LinkSession<Frame, Frame>;
  end: SimulatedEnd;
  sent: number;
  bulkSent: number;
  got: number[];
  gotBulk: number[];
  ends: { end: SessionEnd; at: number }[];
}

export async function runSessionSchedule(seed: number): Promise<{ frames: number }> {
  const world = new World(seed);
  const line = { heldUntil: 0, cut: false };
  const ends = [new SimulatedEnd(world, line), new SimulatedEnd(world, line)] as const;
  ends[0].peer = ends[1];
  ends[1].peer = ends[0];
  const sides = ends.map((end) => sideOn(world, end));
  const [agent, server] = sides as [Side, Side];
  for (const { session } of sides) if (world.chance(0.95)) session.opened();
  const trouble = world.pick(['none', 'slow', 'held', 'cut', 'closed', 'lost'] as const);
  const troubleAt = world.between(0, TROUBLE_MS);
  for (const side of sides) talk(world, side);
  world.after(troubleAt, () => make(world, trouble, { line, ends, sides }));
  const end = TROUBLE_MS + 3 * NOTICED_WITHIN_MS;
  // What a happening set off in microtasks goes on before the next.
  while (world.step(end)) {
    await Promise.resolve();
    await Promise.resolve();
  }
  const story = `schedule ${seed}: ${trouble} at ${troubleAt}: `;
  for (const side of sides) {
    check(side.ends.length <= 1, `${story}a session ended ${side.ends.length} times`);
    check(
      isCounted(side.got) && isCounted(side.gotBulk),
      `${story}frames out of order, twice or lost in between`,
    );
  }
  checkEnds(story, { trouble, troubleAt, agent, server });
  return { frames: agent.got.length + server.got.length };
}

function sideOn(world: World, end: SimulatedEnd): Side {
  const got: number[] = [];
  const gotBulk: number[] = [];
  const session = new LinkSession<Frame, Frame>({
    duplex: end,
    clock: clockOf(world),
    limits: LIMITS,
    logger: silentLogger,
    receive: (frame) => {
      const { kind } = frame as AgentFrame;
      if (kind?.$case === 'certificateRequest') got.push(Number(kind.value.csrDer.toString()));
      else if (kind?.$case === 'output') gotBulk.push(kind.value.offset);
    },
  });
  const side: Side = { session, end, sent: 0, bulkSent: 0, got, gotBulk, ends: [] };
  void session.ended.then((how) => side.ends.push({ end: how, at: world.now }));
  session.bulkFrom(() => {
    if (!world.chance(0.5)) return undefined;
    const value = {
      attemptId: 'a',
      offset: side.bulkSent++,
      records: Buffer.alloc(0),
      segmentDigest: Buffer.alloc(0),
      missingBytes: 0,
    };
    return { kind: { $case: 'output', value } } as unknown as Frame;
  });
  return side;
}

function talk(world: World, side: Side): void {
  for (let i = world.between(0, 20); i > 0; i--)
    world.after(world.between(0, TROUBLE_MS), () => {
      if (side.session.closed) return;
      const value = { csrDer: Buffer.from(String(side.sent++)) };
      side.session.send({ kind: { $case: 'certificateRequest', value } } as unknown as Frame);
      side.session.wake();
    });
}

function make(
  world: World,
  trouble: 'none' | 'slow' | 'held' | 'cut' | 'closed' | 'lost',
  { line, ends, sides }: { line: Hold; ends: readonly SimulatedEnd[]; sides: Side[] },
): void {
  switch (trouble) {
    case 'none':
      return;
    case 'slow':
      line.heldUntil = world.now + world.between(0, 9000);
      return;
    case 'held':
      line.heldUntil = world.now + world.between(40_000, 60_000);
      return;
    case 'cut':
      line.cut = true;
      return;
    case 'closed':
      world.pick(sides).session.close(Goodbye_Reason.SHUTDOWN, '');
      return;
    case 'lost':
      line.cut = true;
      for (const end of ends) world.after(world.between(0, 100), () => end.end({ reason: 'reset' }));
  }
}

function checkEnds(
  story: string,
  { trouble, troubleAt, agent, server }: { trouble: string; troubleAt: number; agent: Side; server: Side },
): void {
  const halfOpen = [agent, server].some(
    (side) => side.ends[0]?.end.kind === 'dead' && side.ends[0].end.detail.startsWith('no handshake'),
  );
  if (halfOpen) return;
  const kinds = [agent, server].map((side) => side.ends[0]?.end.kind);
  if (trouble === 'none' || trouble === 'slow')
    check(
      kinds.every((kind) => kind === undefined),
      `${story}a link that works was ended: ${kinds.join(', ')}`,
    );
  else
    for (const { ends } of [agent, server]) {
      check(ends.length === 1, `${story}a session never ended`);
      check(
        (ends[0]?.at ?? 0) - troubleAt <= NOTICED_WITHIN_MS,
        `${story}noticed only after ${(ends[0]?.at ?? 0) - troubleAt} ms`,
      );
    }
  if (trouble === 'closed') check(kinds.includes('goodbye'), `${story}no Goodbye: ${kinds.join(', ')}`);
}

/** 0, 1, 2 … without a gap: what is lost is lost at the end. */
function isCounted(numbers: readonly number[]): boolean {
  return numbers.every((n, i) => n === i);
}

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}
