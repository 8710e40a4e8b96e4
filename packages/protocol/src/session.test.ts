import { describe, expect, test } from '@jest/globals';
import { ManualClock, silentLogger } from '@longshore/base';

import { Goodbye_Reason, type AgentFrame, type ServerFrame } from './gen/longshore/link/v1/link.ts';
import { memoryLine, type MemoryLine } from './memory-duplex.ts';
import { describeEnd, LinkSession } from './session.ts';

const limits = { pingIntervalMs: 5_000, deadAfterMs: 15_000, handshakeMs: 10_000 };
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Pair {
  clock: ManualClock;
  line: MemoryLine<AgentFrame, ServerFrame>;
  agent: LinkSession<AgentFrame, ServerFrame>;
  server: LinkSession<ServerFrame, AgentFrame>;
  atServer: string[];
}

function pair(): Pair {
  const clock = new ManualClock();
  const atServer: string[] = [];
  const line = memoryLine<AgentFrame, ServerFrame>();
  const common = { clock, limits, logger: silentLogger };
  const agent = new LinkSession({ ...common, duplex: line.left, receive: () => undefined });
  const server = new LinkSession({
    ...common,
    duplex: line.right,
    receive: (frame: AgentFrame) => void atServer.push(frame.kind!.$case),
  });
  return { clock, line, agent, server, atServer };
}

const draining: AgentFrame = { kind: { $case: 'draining', value: { draining: true } } };
const wanted: AgentFrame = { kind: { $case: 'dataWanted', value: {} } };

describe('a session', () => {
  test('pings keep it alive however long nothing else is said', async () => {
    const { clock, agent, server } = pair();
    agent.opened();
    server.opened();
    for (let i = 0; i < 20; i++) {
      clock.advance(5_000);
      await turn();
      await turn();
    }
    expect([agent.state.kind, server.state.kind]).toEqual(['open', 'open']);
    expect(clock.pending).toBeGreaterThan(0);
  });

  test('a black hole is noticed by both within the limit, and nothing is left ticking', async () => {
    const { clock, line, agent, server } = pair();
    agent.opened();
    server.opened();
    line.blackHole();
    for (let i = 0; i < 3; i++) clock.advance(5_000);
    expect((await agent.ended).kind).toBe('dead');
    expect((await server.ended).kind).toBe('dead');
    expect(clock.pending).toBe(0);
  });

  test('silence is noticed when it has lasted so long, not at the ping after that', async () => {
    const { clock, line, agent } = pair();
    agent.opened();
    clock.advance(5_000);
    await turn();
    // The answer to the ping is heard a little later than the ping was sent.
    clock.advance(10);
    await turn();
    line.blackHole();
    clock.advance(14_990);
    expect(agent.state.kind).toBe('open');
    clock.advance(10);
    expect(await agent.ended).toMatchObject({ kind: 'dead', silentMs: 15_000 });
  });

  test('a stall of our own is not the death of the peer', async () => {
    const { clock, agent, server } = pair();
    agent.opened();
    server.opened();
    // The timer fires late, for all that time: a blocked event loop.
    const late = clock.monotonic.bind(clock);
    let extra = 0;
    clock.monotonic = () => late() + extra;
    extra = 60_000;
    clock.advance(5_000);
    clock.advance(10_000);
    expect(agent.state.kind).toBe('open');
    // What the peer said meanwhile is read now, and its answer to our ping.
    await turn();
    await turn();
    clock.advance(1_000);
    expect(agent.state.kind).toBe('open');
  });

  test('a handshake that does not come ends it', async () => {
    const { clock, agent } = pair();
    clock.advance(10_000);
    expect((await agent.ended).kind).toBe('dead');
  });

  test('a peer that is still being dialled has the time of the handshake', async () => {
    const clock = new ManualClock();
    const line = memoryLine<AgentFrame, ServerFrame>();
    const session = new LinkSession({
      duplex: line.left,
      clock,
      limits: { ...limits, handshakeMs: 40_000 },
      logger: silentLogger,
      receive: () => undefined,
    });
    clock.advance(39_000);
    expect(session.state.kind).toBe('opening');
    clock.advance(1_000);
    expect(await session.ended).toMatchObject({ kind: 'dead', silentMs: 40_000 });
    expect(clock.pending).toBe(0);
  });

  test('control goes before bulk, and bulk is only taken when there is room', async () => {
    const { agent, atServer } = pair();
    let left = 3;
    agent.bulkFrom(() => (left-- > 0 ? wanted : undefined));
    agent.send(draining);
    await turn();
    await turn();
    expect(atServer).toEqual(['draining', 'dataWanted', 'dataWanted', 'dataWanted']);
  });

  test('a Goodbye says why, at both ends, after what was sent before', async () => {
    const { agent, server, atServer } = pair();
    agent.send(draining);
    agent.close(Goodbye_Reason.SHUTDOWN, 'for the night');
    expect(await agent.ended).toMatchObject({ kind: 'goodbye', from: 'us' });
    const end = await server.ended;
    expect(end).toMatchObject({
      kind: 'goodbye',
      from: 'peer',
      reason: Goodbye_Reason.SHUTDOWN,
      detail: 'for the night',
    });
    expect(describeEnd(end)).toBe('goodbye from the peer: shutdown (for the night)');
    expect(atServer).toEqual(['draining']);
  });

  test('a cut is lost, not a goodbye', async () => {
    const { line, agent, server } = pair();
    line.cut();
    expect([(await agent.ended).kind, (await server.ended).kind]).toEqual(['lost', 'lost']);
  });

  test('a frame of a newer peer is passed over; one that can not be taken ends it', async () => {
    const clock = new ManualClock();
    const line = memoryLine<AgentFrame, ServerFrame>();
    const session = new LinkSession({
      duplex: line.right,
      clock,
      limits,
      logger: silentLogger,
      receive: () => {
        throw new Error('no');
      },
    });
    await line.left.send({ kind: undefined });
    await turn();
    expect(session.state.kind).toBe('opening');
    await line.left.send(draining);
    expect(await session.ended).toMatchObject({ kind: 'failed', detail: 'taking draining' });
  });
});
