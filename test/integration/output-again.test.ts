/** What the server asks for again, and what it says to be missing, on each store. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { isCode } from '@longshore/base';
import { decodeMarker, decodeRecords, encodeRecords } from '@longshore/protocol/spool-record';
import { StorageOut } from '@longshore/server/app/ports/store';

import {
  FarAgent,
  openCoreStage,
  reportOf,
  SPACE,
  type CoreStage,
  type StageNode,
} from '../support/core-stage.ts';
import { DIALECTS } from '../support/store.ts';
import { until } from '../support/until.ts';

describe.each(DIALECTS)('output that is asked for again (%s)', (dialect) => {
  let stage: CoreStage;
  let node: StageNode;
  let agent: FarAgent;
  let poolId: string;

  beforeAll(async () => {
    stage = await openCoreStage(dialect);
    node = await stage.node('node-1');
    poolId = await node.addPool();
    agent = new FarAgent(await node.addWorker(poolId, { slots: 100 }));
    await agent.connect(node.core);
  }, 60_000);
  afterAll(() => stage.close(), 60_000);

  async function started(): Promise<{ taskId: string; attemptId: string }> {
    const before = agent.starts.length;
    const taskId = await node.submit({ kind: 'pool', poolId });
    const command = await until('it is started', () => agent.starts[before]);
    await agent.accept(command);
    return { taskId, attemptId: command.attemptId };
  }
  const words = async (taskId: string): Promise<string[]> =>
    (await node.core.tasks.log(SPACE, taskId, 0, 100)).map(({ text }) => text);
  const output = (attemptId: string, offset: number, records: Buffer): Promise<number> =>
    agent.core.inbox.output(agent.session, attemptId, offset, records, null);
  const missing = (attemptId: string, offset: number, bytes: number): Promise<number> =>
    agent.core.inbox.outputMissing(agent.session, attemptId, offset, bytes);
  const records = (text: string): Buffer => encodeRecords('stdout', 1, Buffer.from(text));

  test('a damaged record is asked for from where the stored output ends, and leaves no trace', async () => {
    const { taskId, attemptId } = await started();
    const [one, two] = [records('one\n'), records('two\n')];
    await output(attemptId, 0, one);
    const damaged = Buffer.from(two);
    damaged.writeUInt8(damaged.readUInt8(26) ^ 1, 26);
    const refused = await output(attemptId, one.length, damaged).catch((thrown: unknown) => thrown);
    expect(isCode(refused, 'corrupt') && refused.detail).toEqual({ from: one.length });
    await output(attemptId, one.length, two);
    const all = Buffer.concat([one, two]);
    await agent.core.inbox.outcome(agent.session, attemptId, { kind: 'exited', code: 0 }, reportOf(all));
    await node.core.tasks.ended(SPACE, taskId);
    expect(await node.logs.read(attemptId, 0, 1000)).toEqual(all);
    expect((await words(taskId)).filter((text) => /digest|missing/.test(text))).toEqual([]);
  });

  test('a segment that never comes right is taken in the end, and the task says so', async () => {
    const { taskId, attemptId } = await started();
    const all = records('x'.repeat(100));
    const wrong = '0'.repeat(64);
    const send = (): Promise<unknown> =>
      agent.core.inbox.output(agent.session, attemptId, 0, all, wrong).catch((thrown: unknown) => thrown);
    let times = 0;
    while (typeof (await send()) !== 'number') times += 1;
    expect(times).toBe(5);
    const report = { ...reportOf(all), segmentDigests: [wrong] };
    await agent.core.inbox.outcome(agent.session, attemptId, { kind: 'exited', code: 0 }, report);
    await node.core.tasks.ended(SPACE, taskId);
    expect((await words(taskId)).filter((text) => text.includes('digest'))).toEqual([
      "The stored output is not what its agent's digest says (segment 0)",
    ]);
  });

  test('what is stored is not missing; what is missing stands in the log, however little it is', async () => {
    const { taskId, attemptId } = await started();
    const one = records('one\n');
    await output(attemptId, 0, one);
    await missing(attemptId, 0, one.length);
    expect((await words(taskId)).filter((text) => text.includes('missing'))).toEqual([]);
    // From before the end of what is stored, and too short for words of its own.
    const gapEnd = one.length + 30;
    expect(await missing(attemptId, 0, gapEnd)).toBe(gapEnd);
    const after = records('after\n');
    await output(attemptId, gapEnd, after);
    expect((await words(taskId)).filter((text) => text.includes('missing'))).toEqual([
      `Output from byte ${one.length} to ${gapEnd} is missing: the agent could not keep it`,
    ]);
    const found = decodeRecords(await node.logs.read(attemptId, 0, 1000));
    expect(found.map(({ stream }) => stream)).toEqual(['stdout', 'marker', 'stdout']);
    expect(decodeMarker(found[1]!.payload, found[1]!.start)).toEqual({
      missing: { from: one.length, to: gapEnd },
    });
  });

  test('a gap larger than a piece is marked in full', async () => {
    const { attemptId } = await started();
    const gap = 5 * 1024 * 1024 + 77;
    expect(await missing(attemptId, 0, gap)).toBe(gap);
    let at = 0;
    while (at < gap) {
      for (const { payload, start, end } of decodeRecords(await node.logs.read(attemptId, at, 1_000_000)))
        expect(decodeMarker(payload)).toEqual({ missing: { from: at + start, to: at + end } });
      at += (await node.logs.read(attemptId, at, 1_000_000)).length;
    }
    expect(at).toBe(gap);
  });

  test('a gap whose marker could not be stored does not count as stored', async () => {
    const { taskId, attemptId } = await started();
    const one = records('one\n');
    await output(attemptId, 0, one);
    const gap = 100;
    const { logs } = node;
    const appendMissing = logs.appendMissing.bind(logs);
    logs.appendMissing = () => {
      const durable = Promise.reject<number>(new StorageOut('noSpace', 'full'));
      return { durable, readable: durable.catch(() => false) as Promise<false> };
    };
    await expect(missing(attemptId, one.length, gap)).rejects.toMatchObject({ code: 'noSpace' });
    logs.appendMissing = appendMissing;
    // Said at its next inventory: the agent does not wait with it for room.
    const end = { ...reportOf(Buffer.alloc(0)), outputLength: one.length + gap };
    const outcome = { outcome: { kind: 'exited', code: 0 } as const, report: end };
    agent.attempts.set(attemptId, { ...agent.attempts.get(attemptId)!, phase: 'ended', outcome });
    await agent.connect(node.core);
    expect(agent.verdicts.find((verdict) => verdict.attemptId === attemptId)).toMatchObject({
      kind: 'keep',
      fromOffset: one.length,
    });
    expect(await missing(attemptId, one.length, gap)).toBe(one.length + gap);
    await agent.core.inbox.outcome(agent.session, attemptId, outcome.outcome, end);
    expect(await node.core.tasks.ended(SPACE, taskId)).toMatchObject({ state: 'success' });
    const found = decodeRecords(await node.logs.read(attemptId, 0, 1000));
    expect(found.map(({ stream, end: at }) => [stream, at])).toEqual([
      ['stdout', one.length],
      ['marker', one.length + gap],
    ]);
    expect((await words(taskId)).filter((text) => text.includes('missing'))).toEqual([
      `Output from byte ${one.length} to ${one.length + gap} is missing: the agent could not keep it`,
    ]);
  });
});
