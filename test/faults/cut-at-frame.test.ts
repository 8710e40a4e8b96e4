/**
 * The link is cut exactly at a frame: before it, in the midst of it, or when
 * its receiver has read it; once for each kind of frame, either way, that an
 * attempt's life has, between real processes over mutual TLS. Whatever was
 * lost: the script ran once, its outcome is the real one, and all that it gave
 * (output, a variable, an artifact) is there, exactly.
 */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { expectAllThere, startBusy, type BusyScript } from '../support/busy-disk.ts';
import { faultNumbers, schedule } from '../support/faults.ts';
import { CUT_MOMENTS, type CutMoment, type FrameName, type LinkFrame } from '../support/frame-cut.ts';
import { expectNoLeaks } from '../support/leak-check.ts';
import type { NumberedLines } from '../support/log-oracle.ts';
import { RunCounter } from '../support/run-counter.ts';
import { AGENT_MODES, type AgentMode, type StageAgent } from '../support/stage-agent.ts';
import { Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const { momentsOfAKind } = faultNumbers({ short: { momentsOfAKind: 1 }, full: { momentsOfAKind: 3 } });
/** Of each mode: a polling agent waits longer after each cut, and these wait at the same time. */
const AGENTS_OF_A_MODE = 4;
/** An agent whose link is cut again and again waits longer and longer between its tries; one that starts anew does not. */
const ROUNDS_OF_A_LIFE = 2;
const A_ROUND_MS = 90_000;

/** What makes a frame of a kind come. */
type Story =
  /** Every attempt. */
  | 'run'
  /** Much output at once, which goes by a data connection. */
  | 'loud'
  /** A new session while the script runs. */
  | 'reconnect'
  /** What is left of an attempt in a new session, which has no data connection yet. */
  | 'anew'
  /** Five seconds. */
  | 'wait'
  | 'cancel'
  /** The server's data connection fails. */
  | 'failData'
  | 'restartAgent'
  /** Concerns all agents: done once, at the end. */
  | 'restartServer';

/** How it is made to come, and in which mode if not in both; or why it is left out. */
type Kind = Story | { story: Story; mode: AgentMode } | { leftOut: string };

const KINDS: Record<FrameName, Kind> = {
  'agent control.hello': 'reconnect',
  'agent control.ticketStored': 'reconnect',
  'agent control.inventory': 'reconnect',
  'agent control.startReply': 'run',
  'agent control.phaseChanged': 'run',
  'agent control.output': 'run',
  'agent control.events': 'run',
  'agent control.outcome': 'run',
  'agent control.artifactChunk': 'anew',
  'agent control.dataWanted': { story: 'anew', mode: 'listening' },
  'agent control.ping': 'wait',
  'agent control.pong': 'wait',
  'agent control.goodbye': 'restartAgent',
  'agent data.open': { story: 'anew', mode: 'polling' },
  'agent data.output': 'loud',
  'agent data.artifactChunk': 'loud',
  'server control.welcome': 'reconnect',
  'server control.inventoryReply': 'reconnect',
  'server control.start': 'run',
  'server control.adopt': 'restartServer',
  'server control.cancel': 'cancel',
  'server control.ack': 'run',
  'server control.release': 'run',
  'server control.artifactAck': 'run',
  'server control.ping': 'wait',
  'server control.pong': 'wait',
  'server control.goodbye': 'restartServer',
  'server control.dataUnavailable': { story: 'failData', mode: 'listening' },
  'server data.open': 'anew',

  'agent control.commandRefused': { leftOut: 'only a node that no longer owns an attempt is refused' },
  'agent control.attemptWarning': { leftOut: 'only when a disk is full: disk-full-agent' },
  'agent control.linkDegraded': { leftOut: 'after three failures; nothing of an attempt hangs on it' },
  'agent control.factsChanged': { leftOut: 'of the machine, not of an attempt' },
  'agent control.quarantined': { leftOut: 'of dead script hosts: host-leftovers' },
  'agent control.draining': { leftOut: 'of the agent, not of an attempt' },
  'agent control.deregister': { leftOut: 'the end of an agent, not of an attempt' },
  'agent control.certificateRequest': { leftOut: 'of its identity, not of an attempt' },
  'agent control.packageWanted': { leftOut: 'of an upgrade: upgrade-killed' },
  'agent control.outputAgain': { leftOut: 'only when a server’s log is damaged: data-damage' },
  'server control.outputWanted': { leftOut: 'only when a server’s log is damaged: data-damage' },
  'server control.packageChunk': { leftOut: 'of an upgrade: upgrade-killed' },
  'server control.certificateIssued': { leftOut: 'of its identity, not of an attempt' },
  'server control.deregistered': { leftOut: 'the end of an agent, not of an attempt' },
  'server control.nodesChanged': { leftOut: 'of several server nodes: two-nodes' },
  'server control.liftQuarantine': { leftOut: 'of dead script hosts: host-leftovers' },
};

/** Some tenths of a second: of a shorter script not all phases are told. */
const LINES: NumberedLines = { lines: 400, linesPerSecond: 2_000 };
/** Seconds' worth of what goes by control while a data connection is made. */
const MANY_LINES: NumberedLines = { lines: 5_000, lineBytes: 800, atOnce: true };
const CANCELLED = { state: 'cancelled', outcome: { kind: 'cancelled' } };

interface Round {
  frame: FrameName;
  story: Story;
  moment: CutMoment;
  how: 'rst' | 'fin';
  /** Where within the record. */
  share: number;
  /** A data connection may break alone: then its session goes on. */
  connections: 'all' | 'its own';
}

/** Those that take longest first. */
function roundsOf(mode: AgentMode): Round[] {
  const random = schedule(`cut at a frame, ${mode}`);
  const rounds = Object.entries(KINDS).flatMap(([frame, kind]) => {
    const story = storyOf(kind, mode);
    if (story === undefined) return [];
    const moments = random.shuffled(CUT_MOMENTS).slice(0, momentsOfAKind);
    return moments.map((moment): Round => {
      const how = random.pick(['rst', 'fin'] as const);
      const connections = frame.includes(' data.') ? random.pick(['all', 'its own'] as const) : 'all';
      return { frame: frame as FrameName, story, moment, how, share: random.fraction(), connections };
    });
  });
  const mixed = random.shuffled(rounds);
  return [...mixed.filter(({ story }) => story === 'wait'), ...mixed.filter(({ story }) => story !== 'wait')];
}

function storyOf(kind: Kind, mode: AgentMode): Story | undefined {
  if (typeof kind === 'string') return kind;
  return 'story' in kind && kind.mode === mode ? kind.story : undefined;
}

/** A round on its agent. */
interface Scene extends Round {
  stage: Stage;
  agent: StageAgent;
  agentId: string;
  counter: RunCounter;
  name: string;
}

/** The cut was made while the script ran. */
interface Cut {
  frame: LinkFrame;
  script: BusyScript;
  end?: { state: string; outcome: object };
}

/** The agent is connected, and has nothing left of the rounds before. */
async function sceneOf(
  stage: Stage,
  { agent, counter, round }: { agent: StageAgent; counter: RunCounter; round: Round },
): Promise<Scene> {
  await agent.connected(stage);
  await until(
    `${agent.name} has released all`,
    () => readdirSync(join(agent.dataDir, 'attempts')).length === 0,
  );
  const { id: agentId } = await stage.rest.get<{ id: string }>(`/workers/${agent.name}`);
  const name = `${agent.name}-${round.frame.replaceAll(/\W+/g, '-')}-${round.moment}`;
  return { ...round, stage, agent, agentId, counter, name };
}

/** Armed at once. */
async function cutAt(scene: Scene): Promise<LinkFrame> {
  const { stage, agent, agentId, name, frame, moment, how, share, connections } = scene;
  const script = `${name}.starts`;
  return stage
    .cutsOf(agent)
    .cutAt({ agentId, script, frame, moment, how, share, connections, timeoutMs: A_ROUND_MS });
}

async function start({ stage, agent, counter, name }: Scene, lines: NumberedLines): Promise<BusyScript> {
  return startBusy(stage, { counter, name, lines, on: { workers: [agent.name] } });
}

/** It prints up to that line, and goes on when its gate is opened. */
async function startHeld(scene: Scene, { before = LINES.lines / 2 } = {}): Promise<BusyScript> {
  const file = gateOf(scene);
  const script = await start(scene, { ...LINES, hold: { before, file } });
  await until(`${scene.name} has printed its part`, () => existsSync(`${file}.waits`));
  return script;
}

function gateOf({ stage, name }: Scene): string {
  return join(stage.folder, `${name}.gate`);
}

async function startAnew(agent: StageAgent): Promise<void> {
  expect(await agent.daemon.stop()).toBe(true);
  agent.daemon.start();
}

/**
 * Restarts until all are cut: on a busy machine a goodbye may come too late to be read (an agent that stops waits half
 * a second for its server, a server one second for its agents).
 */
async function restartUntil(
  cuts: Promise<LinkFrame>[],
  { restart, back }: { restart: () => Promise<void>; back: () => Promise<unknown> },
): Promise<LinkFrame[]> {
  const state = { isOver: false };
  const frames = Promise.all(cuts).finally(() => (state.isOver = true));
  // Told below, unless the restart fails first.
  frames.catch(() => undefined);
  do {
    await restart();
    await Promise.race([frames, back()]);
  } while (!state.isOver);
  return frames;
}

async function whileItRuns(scene: Scene, lines: NumberedLines): Promise<Cut> {
  const [frame, script] = await Promise.all([cutAt(scene), start(scene, lines)]);
  return { frame, script };
}

async function whileItIsHeld(scene: Scene, trigger: () => void): Promise<Cut> {
  const script = await startHeld(scene);
  const cut = cutAt(scene);
  trigger();
  const frame = await cut;
  writeFileSync(gateOf(scene), '');
  return { frame, script };
}

const STORIES: Record<Exclude<Story, 'restartServer'>, (scene: Scene) => Promise<Cut>> = {
  run: (scene) => whileItRuns(scene, LINES),
  loud: (scene) => whileItRuns(scene, MANY_LINES),
  wait: (scene) => whileItIsHeld(scene, () => undefined),
  reconnect: (scene) => whileItIsHeld(scene, () => scene.stage.cutsOf(scene.agent).cut(scene.agentId)),
  anew: async (scene) => {
    const script = await startHeld(scene);
    const cut = cutAt(scene);
    scene.stage.cutsOf(scene.agent).cut(scene.agentId);
    writeFileSync(gateOf(scene), '');
    return { frame: await cut, script };
  },
  restartAgent: async (scene) => {
    const { stage, agent } = scene;
    const script = await startHeld(scene);
    const [frame] = await restartUntil([cutAt(scene)], {
      restart: async () => startAnew(agent),
      back: async () => agent.connected(stage),
    });
    writeFileSync(gateOf(scene), '');
    return { frame: frame!, script };
  },
  cancel: async (scene) => {
    const script = await startHeld(scene, { before: LINES.lines + 1 });
    const [frame] = await Promise.all([
      cutAt(scene),
      scene.stage.rest.post(`/tasks/${script.taskId}/cancel`),
    ]);
    return { frame, script, end: CANCELLED };
  },
  failData: async (scene) => {
    const { stage, agent, agentId } = scene;
    const [, cut] = await Promise.all([
      stage
        .cutsOf(agent)
        .cutAt({ agentId, frame: 'server data.open', moment: 'before', connections: 'its own' }),
      STORIES.anew(scene),
    ]);
    return cut;
  },
};

/** Nothing was lost by the cut, and it was at this attempt's frame. */
async function expectWhole({ stage, name, frame: kind }: Scene, { frame, script, end }: Cut): Promise<void> {
  const { attempt } = await expectAllThere(stage, script, { timeoutMs: A_ROUND_MS, ...(end && { end }) });
  const attempts = await stage.rest.attempts(script.taskId);
  const told = attemptsIn(frame);
  expect({ name, kind: frame.name, attempts: attempts.length, isTold: told.includes(attempt.id) }).toEqual({
    name,
    kind,
    attempts: 1,
    isTold: told.length > 0,
  });
}

/** None in a frame that is of the session. */
function attemptsIn({ value }: LinkFrame): string[] {
  const { attemptId, attempts, verdicts } = value as {
    attemptId?: string;
    attempts?: { attemptId: string }[];
    verdicts?: { attemptId: string }[];
  };
  if (attemptId !== undefined) return [attemptId];
  return [...(attempts ?? []), ...(verdicts ?? [])].map((one) => one.attemptId);
}

/** An agent takes one round after another of those that are left. */
async function takeRounds(
  stage: Stage,
  { agent, counter, left }: { agent: StageAgent; counter: RunCounter; left: Round[] },
): Promise<void> {
  for (let done = 0; left.length > 0; done++) {
    const round = left.shift()!;
    if (round.story === 'restartServer') throw new Error(`${round.frame} is not one agent's`);
    if (done > 0 && done % ROUNDS_OF_A_LIFE === 0) await startAnew(agent);
    const scene = await sceneOf(stage, { agent, counter, round });
    await STORIES[round.story](scene)
      .then(async (cut) => expectWhole(scene, cut))
      .catch((thrown: unknown) => {
        throw new Error(`${scene.name}, by ${scene.how}`, { cause: thrown });
      });
  }
}

/** The server stops in order and is started again while a script runs on each agent, each waiting for its cut. */
async function restartRound(
  stage: Stage,
  { counter, rounds }: { counter: RunCounter; rounds: { agent: StageAgent; round: Round }[] },
): Promise<void> {
  const scenes = await Promise.all(rounds.map(async (one) => sceneOf(stage, { ...one, counter })));
  const scripts = await Promise.all(scenes.map(async (scene) => startHeld(scene)));
  const frames = await restartUntil(
    scenes.map(async (scene) => cutAt(scene)),
    {
      restart: async () => {
        expect(await stage.server.stop()).toBe(true);
        await stage.startServer();
      },
      back: async () => Promise.all(scenes.map(async ({ agent }) => agent.connected(stage))),
    },
  );
  for (const scene of scenes) writeFileSync(gateOf(scene), '');
  await Promise.all(
    scenes.map(async (scene, n) => expectWhole(scene, { frame: frames[n]!, script: scripts[n]! })),
  );
}

test(
  `at each kind of frame, polling and listening, ${momentsOfAKind} of before, within and after`,
  async () => {
    const stage = await Stage.open({ frames: true });
    try {
      const counter = new RunCounter(join(stage.folder, 'runs'));
      const crews = await Promise.all(AGENT_MODES.map(async (mode) => crewOf(stage, mode)));
      await Promise.all(
        crews.flatMap(({ agents, left }) =>
          agents.map(async (agent) => takeRounds(stage, { agent, counter, left })),
        ),
      );
      while (crews.some(({ last }) => last.length > 0)) {
        const rounds = crews.flatMap(({ agents, last }) =>
          last.splice(0, AGENTS_OF_A_MODE).map((round, n) => ({ agent: agents[n]!, round })),
        );
        await restartRound(stage, { counter, rounds });
      }
      counter.expectEachOnce();
      expect(errorsLogged(stage)).toEqual([]);
      await expectNoLeaks(stage);
    } catch (thrown) {
      // What it says matters more than what can't be closed after it.
      await stage.close().catch(() => undefined);
      throw thrown;
    }
    await stage.close();
  },
  120_000 + momentsOfAKind * 300_000,
);

/** @returns the rounds of one agent at a time, and those that are made last, with the server */
async function crewOf(
  stage: Stage,
  mode: AgentMode,
): Promise<{ agents: StageAgent[]; left: Round[]; last: Round[] }> {
  const names = Array.from({ length: AGENTS_OF_A_MODE }, (_, n) => `${mode}-${n + 1}`);
  const agents = await Promise.all(names.map(async (name) => stage.addAgent(mode, { name })));
  const rounds = roundsOf(mode);
  process.stderr.write(`cut-at-frame (${mode}): ${rounds.length} cuts\n`);
  const isLast = ({ story }: Round): boolean => story === 'restartServer';
  return { agents, left: rounds.filter((round) => !isLast(round)), last: rounds.filter(isLast) };
}

/** What went wrong inside a program, and was mended by its trying again. */
function errorsLogged({ servers, agents }: Stage): string[] {
  return [...servers, ...agents].flatMap(({ name, daemon }) =>
    daemon
      .log()
      .split('\n')
      .filter((line) => line.includes('"level":"error"'))
      .map((line) => `${name}: ${line}`),
  );
}
