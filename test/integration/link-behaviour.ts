/**
 * What a link does, whoever dials and over whatever: the same suite for every
 * transport. A transport connects one agent's engine with one server's inbox,
 * and can cut the line.
 */
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { reclaimedFile, segmentFile, workspacePaths } from '@longshore/agent/contract/workspace';
import { AppError } from '@longshore/base';
import { decodeRecords, encodedBytes, encodeRecords } from '@longshore/protocol/spool-record';
import type { SessionEnd } from '@longshore/protocol/session';

import { Agent, RecordingInbox, spec, until } from './link-rig.ts';

/** One connection, from the moment that it is dialled. */
export interface Connection {
  /** How the agent's and the server's side saw it end. */
  agentEnd: Promise<SessionEnd>;
  serverEnd: Promise<SessionEnd>;
  /** Cuts it without a word. */
  cut(): void;
  /** Ends it from the agent's side, with a Goodbye. */
  stop(): void;
  /** How many data connections there were. */
  dataConnections(): number;
}

export interface Transport {
  /** Who the agent is, by its certificate. */
  agentId: string;
  connect(agent: Agent, inbox: RecordingInbox): Promise<Connection>;
  /** From now on no data connection comes to be. */
  refuseData(refuse: boolean): void;
  close(): Promise<void>;
}

const F1 = { generation: 1, n: 1 };
const F2 = { generation: 1, n: 2 };

export function linkBehaviour(name: string, open: () => Promise<Transport>): void {
  describe(`the link over ${name}`, () => {
    let transport: Transport;
    let agent: Agent;
    let inbox: RecordingInbox;

    beforeEach(async () => {
      transport = await open();
      agent = new Agent(transport.agentId);
      inbox = new RecordingInbox();
      await agent.start();
    });

    afterEach(async () => {
      await agent.remove();
      await transport.close();
    });

    const connect = async (): Promise<Connection> => {
      const before = inbox.sessions;
      const connection = await transport.connect(agent, inbox);
      await until('the session is open', () => inbox.sessions > before);
      return connection;
    };
    const start = (attemptId: string, fence = F1): void =>
      inbox.session!.start({ attemptId, taskId: 't1', fence, spec: spec() });
    const started = async (attemptId: string): Promise<void> => {
      start(attemptId);
      await until('it has started', () => inbox.of(attemptId).replies.length > 0);
    };

    test('handshake: Hello, Welcome, a ticket that is stored and shown next time, an inventory', async () => {
      const first = await connect();
      expect(inbox.hellos[0]).toMatchObject({
        agentId: transport.agentId,
        ticketHash: '',
        incarnation: { hostId: 'host-1', bootId: 'boot-1' },
      });
      expect(inbox.confirmedTickets).toBe(1);
      expect(inbox.inventories).toEqual([[]]);
      first.cut();
      await first.agentEnd;
      await connect();
      expect(inbox.hellos[1]!.ticketHash).toMatch(/^[0-9a-f]{64}$/);
    });

    test('a short script: reply, output, events and outcome, byte for byte, then released and gone', async () => {
      agent.host.onStart = (id) => {
        agent.host.write(id, Buffer.from('hello\n'));
        agent.host.event(id, { $case: 'resultMessage', value: { text: 'fine' } });
        agent.host.end(id, { kind: 'exited', code: 0 });
      };
      await connect();
      start('a1');
      await until('the outcome is there', () => inbox.of('a1').outcome !== undefined);
      expect(inbox.of('a1')).toMatchObject({ outcome: 'exited', events: 1, replies: ['accepted'] });
      expect(decodeRecords(inbox.bytes('a1')).map((r) => r.payload.toString())).toEqual(['hello\n']);
      const { root } = workspacePaths(agent.dataDir, 'a1');
      expect(existsSync(root)).toBe(true);
      inbox.session!.release('a1', F1);
      await until('the workspace is gone', () => !existsSync(root));
      expect(agent.engine.attempts()).toEqual([]);
      // Never again, for a Start that comes late.
      start('a1');
      await until('it is refused', () => inbox.of('a1').replies.length === 2);
      expect(inbox.of('a1').replies[1]).toBe('deniedBefore');
      expect(agent.host.started).toEqual(['a1']);
    });

    test('nothing sensitive stands in the workspace', async () => {
      await connect();
      await started('a1');
      const paths = workspacePaths(agent.dataDir, 'a1');
      expect(readFileSync(paths.spec, 'utf8')).not.toContain('hunter2');
      expect(readFileSync(paths.state, 'utf8')).not.toContain('hunter2');
    });

    test('a phase is told when nothing follows it at once', async () => {
      await connect();
      await started('a1');
      agent.host.tell('a1');
      await until('running is told', () => inbox.of('a1').phases.includes('running'));
    });

    test('a Start that is repeated starts nothing twice', async () => {
      const first = await connect();
      await started('a1');
      start('a1');
      await until('two replies', () => inbox.of('a1').replies.length === 2);
      first.cut();
      await first.agentEnd;
      await connect();
      start('a1');
      await until('three replies', () => inbox.of('a1').replies.length === 3);
      expect(inbox.of('a1').replies).toEqual(['accepted', 'accepted', 'accepted']);
      expect(agent.host.started).toEqual(['a1']);
    });

    test('a Start after a denial is refused, also by a restarted agent', async () => {
      const first = await connect();
      inbox.session!.cancel('a1', F1, 'changed my mind');
      await until('it is denied', () => inbox.of('a1').replies.length === 1);
      first.cut();
      await first.agentEnd;
      await agent.restart();
      await connect();
      start('a1', F2);
      await until('it is refused', () => inbox.of('a1').replies.length === 2);
      expect(inbox.of('a1').replies).toEqual(['deniedBefore', 'deniedBefore']);
      expect(agent.host.started).toEqual([]);
    });

    test('what the agent can not run is refused, and why', async () => {
      await connect();
      inbox.session!.start({
        attemptId: 'tool',
        taskId: 't',
        fence: F1,
        spec: spec({ interpreter: 'powershell' }),
      });
      inbox.session!.start({
        attemptId: 'name',
        taskId: 't',
        fence: F1,
        spec: spec({ files: [{ name: '../x', contentBase64: '', executable: false }] }),
      });
      await until('two refusals', () => ['tool', 'name'].every((id) => inbox.of(id).replies.length === 1));
      agent.engine.setDraining(true);
      await until('draining is told', () => inbox.drainings.length > 0);
      start('drain');
      await until('three refusals', () =>
        ['tool', 'name', 'drain'].every((id) => inbox.of(id).replies.length === 1),
      );
      expect(['tool', 'name', 'drain'].map((id) => inbox.of(id).replies[0])).toEqual([
        'toolMissing',
        'invalid',
        'draining',
      ]);
      agent.engine.setDraining(false);
      expect(agent.host.started).toEqual([]);
    });

    test('a quarantine is told, refuses every Start, and ends with an operator’s word', async () => {
      await connect();
      await started('before');
      agent.host.unclear('process 7 goes on after KILL');
      await until('it is told', () => inbox.quarantines.length === 1);
      expect(inbox.quarantines[0]).toContain('process 7 goes on after KILL');
      start('refused');
      await until('it is refused', () => inbox.of('refused').replies.length === 1);
      expect(inbox.of('refused').replies).toEqual(['quarantined']);
      expect(inbox.of('before').outcome).toBeUndefined();
      inbox.session!.liftQuarantine();
      await until('it is over', () => inbox.quarantines.length === 2);
      expect(inbox.quarantines[1]).toBe('');
      await until('what was left is settled', () => inbox.of('before').outcome === 'interrupted');
      await started('after');
    });

    test('a process that can not be made is an outcome', async () => {
      await connect();
      await started('a1');
      agent.host.failStart('a1');
      await until('the outcome is there', () => inbox.of('a1').outcome !== undefined);
      expect(inbox.of('a1').outcome).toBe('refused');
    });

    test('a command with a stale fence is refused; a higher one is stored first', async () => {
      await connect();
      await started('a1');
      inbox.session!.adopt('a1', F2);
      inbox.session!.cancel('a1', F1, 'too late');
      await until('it is refused', () => inbox.refused.length === 1);
      expect(inbox.refused).toEqual(['cancel a1']);
      expect(JSON.parse(readFileSync(workspacePaths(agent.dataDir, 'a1').state, 'utf8'))).toMatchObject({
        fence: F2,
      });
      inbox.session!.start({ attemptId: 'a1', taskId: 't', fence: F1, spec: spec() });
      await until('the Start is refused as a command', () => inbox.refused.length === 2);
      expect(inbox.of('a1').replies).toEqual(['accepted']);
      expect(agent.host.cancelled).toEqual([]);
    });

    test('cancel; and cancel while the line is cut, by the verdict', async () => {
      const first = await connect();
      await started('a1');
      await started('a2');
      inbox.session!.cancel('a1', F1, 'stop');
      await until('cancelled', () => inbox.of('a1').outcome === 'cancelled');
      first.cut();
      await first.agentEnd;
      inbox.verdict = ({ attemptId }) =>
        attemptId === 'a2' ? { attemptId, kind: 'cancel' } : inbox.keep(attemptId);
      await connect();
      await until('cancelled', () => inbox.of('a2').outcome === 'cancelled');
    });

    test('what a verdict cancels and the agent does not have is never started by a late Start', async () => {
      inbox.alsoVerdicts = [{ attemptId: 'a1', kind: 'cancel' }];
      await connect();
      start('a1');
      await until('it is answered', () => inbox.of('a1').replies.length === 1);
      expect(inbox.of('a1').replies).toEqual([expect.stringContaining('deniedBefore')]);
      expect(agent.engine.attempts()).toEqual([]);
    });

    test('verdicts: release, notMine and unknown', async () => {
      const first = await connect();
      for (const id of ['ended', 'other', 'unknown']) await started(id);
      agent.host.end('ended', { kind: 'exited', code: 0 });
      await until('it has ended', () => inbox.of('ended').outcome !== undefined);
      first.cut();
      await first.agentEnd;
      const verdicts: Record<string, 'release' | 'notMine' | 'unknown'> = {
        ended: 'release',
        other: 'notMine',
        unknown: 'unknown',
      };
      inbox.verdict = ({ attemptId }) => ({ attemptId, kind: verdicts[attemptId]! });
      await connect();
      await until('released', () => agent.engine.attempts().length === 2);
      agent.host.write('other', Buffer.from('x'));
      agent.host.write('unknown', Buffer.from('x'));
      agent.host.tell('other');
      agent.host.tell('unknown');
      // A later attempt's whole way shows that nothing of those two is under way before it.
      agent.host.onStart = (id) => agent.host.end(id, { kind: 'exited', code: 0 });
      start('after');
      await until('the later one is done', () => inbox.of('after').outcome !== undefined);
      expect([inbox.of('other').length, inbox.of('unknown').length]).toEqual([0, 0]);
      expect(agent.host.cancelled).toEqual([]);
      // The new owner of one of them adopts it.
      inbox.session!.adopt('other', F2);
      await until('its output comes', () => inbox.of('other').length > 0);
    });

    test('output is taken up where it was cut, at any frame, and through restarts of the agent', async () => {
      const text = Array.from({ length: 3000 }, (_, i) => Buffer.from(`line ${i} ${'x'.repeat(i % 300)}\n`));
      await connect();
      await started('a1');
      let connection: Connection | undefined;
      let reports = 0;
      inbox.onReport = () => {
        reports += 1;
        if (reports % 3 === 1) connection?.cut();
      };
      for (let i = 0; i < 12; i++) {
        for (const line of text.slice(i * 250, (i + 1) * 250)) agent.host.write('a1', line);
        agent.host.event('a1', { $case: 'progress', value: { percentage: i, message: '' } });
        agent.host.tell('a1');
        if (i % 5 === 4) await agent.restart();
        connection = await transport.connect(agent, inbox);
        await Promise.race([connection.agentEnd, until('some is stored', () => inbox.of('a1').events > i)]);
      }
      inbox.onReport = () => undefined;
      agent.host.end('a1', { kind: 'exited', code: 3 });
      connection?.cut();
      await connect();
      await until('all is stored', () => inbox.of('a1').outcome !== undefined);
      expect(inbox.of('a1').events).toBe(12);
      const lines = decodeRecords(inbox.bytes('a1')).map((r) => r.payload);
      expect(Buffer.concat(lines).equals(Buffer.concat(text))).toBe(true);
    });

    test('acknowledgements come after storing, and survive the agent', async () => {
      await connect();
      await started('a1');
      agent.host.write('a1', Buffer.from('one\n'));
      agent.host.tell('a1');
      const length = encodeRecords('stdout', 0, Buffer.from('one\n')).length;
      await until('stored', () => inbox.of('a1').length === length);
      // A whole round on the same session: what was acknowledged before it has come.
      await started('a2');
      await agent.restart();
      expect(JSON.parse(readFileSync(workspacePaths(agent.dataDir, 'a1').state, 'utf8'))).toMatchObject({
        ackedOffset: length,
      });
    });

    test('one attempt that is stored slowly does not hold up another', async () => {
      await connect();
      await started('slow');
      await started('fast');
      const { promise, resolve } = Promise.withResolvers<void>();
      inbox.stalled.set('slow', promise);
      agent.host.write('slow', Buffer.from('x'));
      agent.host.tell('slow');
      await until('slow is under way', () => inbox.of('slow').length > 0);
      agent.host.write('fast', Buffer.from('y'));
      agent.host.end('fast', { kind: 'exited', code: 0 });
      await until('fast is done', () => inbox.of('fast').outcome === 'exited');
      resolve();
    });

    test('much output goes by a data connection, segment by segment, within the credit', async () => {
      const connection = await connect();
      await started('big');
      const block = Buffer.alloc(1024 * 1024, 'abcdefgh');
      for (let i = 0; i < 12; i++) agent.host.write('big', block);
      agent.host.end('big', { kind: 'exited', code: 0 });
      await until('all is stored', () => inbox.of('big').outcome !== undefined, 20_000);
      const payload = Buffer.concat(decodeRecords(inbox.bytes('big')).map((r) => r.payload));
      expect(payload.equals(Buffer.concat(Array.from({ length: 12 }, () => block)))).toBe(true);
      expect(inbox.of('big').digests).toBe(3);
      expect(connection.dataConnections()).toBe(1);
      expect(agent.host.acked.length).toBe(0);
    });

    test('a segment that was corrupt is asked for again', async () => {
      await connect();
      await started('big');
      inbox.corruptTimes = 1;
      for (let i = 0; i < 6; i++) agent.host.write('big', Buffer.alloc(1024 * 1024, i));
      agent.host.end('big', { kind: 'exited', code: 0 });
      await until(
        'all is stored',
        () => inbox.of('big').outcome !== undefined && inbox.of('big').length >= 6 * 1024 * 1024,
        20_000,
      );
      const payload = Buffer.concat(decodeRecords(inbox.bytes('big')).map((r) => r.payload));
      expect(payload.length).toBe(6 * 1024 * 1024);
      expect(inbox.corruptTimes).toBe(0);
    });

    test('what is not on the disk any more is told, exactly, and all that is follows', async () => {
      const first = await connect();
      await started('big');
      first.cut();
      await first.agentEnd;
      for (let i = 0; i < 10; i++) agent.host.write('big', Buffer.alloc(1024 * 1024, i));
      const { spool } = workspacePaths(agent.dataDir, 'big');
      const gone = statSync(segmentFile(spool, 0)).size;
      writeFileSync(reclaimedFile(spool), JSON.stringify({ segments: 1, bytes: gone, digests: ['00'] }));
      rmSync(segmentFile(spool, 0));
      await connect();
      const { outputLength } = agent.host.end('big', { kind: 'exited', code: 0 })!;
      await until('all is stored', () => inbox.of('big').outcome !== undefined, 20_000);
      expect(inbox.missing).toEqual([{ attemptId: 'big', from: 0, to: gone }]);
      expect(inbox.of('big').length).toBe(outputLength);
      expect(decodeRecords(inbox.bytes('big')).at(-1)!.payload.at(-1)).toBe(9);
      // The second of them is closed, and comes with its digest; the last is the outcome's.
      expect(inbox.of('big').digests).toBe(1);
    });

    test('a record that its disk has damaged is never sent: it is missing, with what is left of its segment', async () => {
      const first = await connect();
      await started('big');
      first.cut();
      await first.agentEnd;
      for (let i = 0; i < 10; i++) agent.host.write('big', Buffer.alloc(1024 * 1024, i));
      const file = segmentFile(workspacePaths(agent.dataDir, 'big').spool, 0);
      const bytes = readFileSync(file);
      const at = encodedBytes(2 * 1024 * 1024);
      bytes.writeUInt8(bytes.readUInt8(at + 100) ^ 1, at + 100);
      writeFileSync(file, bytes);
      await connect();
      agent.host.end('big', { kind: 'exited', code: 0 });
      await until('all is stored', () => inbox.of('big').outcome !== undefined, 20_000);
      expect(inbox.missing).toEqual([{ attemptId: 'big', from: at, to: bytes.length }]);
    });

    test('acknowledged output is given once more while it is there, and nothing of another attempt', async () => {
      await connect();
      await started('big');
      const block = Buffer.alloc(1024 * 1024, 'q');
      agent.host.write('big', block);
      agent.host.tell('big');
      const length = encodedBytes(block.length);
      await until('it is stored', () => inbox.of('big').length === length, 20_000);
      const { fetchOutput } = inbox.session!;
      const again = await fetchOutput!('big', { from: 0, to: length });
      expect(again?.equals(encodeRecords('stdout', 1_700_000_000_000, block))).toBe(true);
      expect(await fetchOutput!('big', { from: 0, to: length + 100 })).toBeNull();
      expect(await fetchOutput!('nobody', { from: 0, to: 100 })).toBeNull();
    });

    test('without a data connection bytes go by control, slowly, and the link is degraded', async () => {
      transport.refuseData(true);
      await connect();
      await started('big');
      const block = Buffer.alloc(1024 * 1024, 'z');
      agent.host.write('big', block);
      agent.host.write('big', block);
      agent.host.end('big', { kind: 'exited', code: 0 });
      await until('all is stored', () => inbox.of('big').outcome !== undefined, 30_000);
      expect(Buffer.concat(decodeRecords(inbox.bytes('big')).map((r) => r.payload)).length).toBe(
        2 * 1024 * 1024,
      );
      expect(inbox.session!.degraded).toBe(true);
      transport.refuseData(false);
    }, 40_000);

    test('artifacts follow the outcome', async () => {
      await connect();
      await started('a1');
      const artifacts = [Buffer.alloc(3_000_000, 'q'), Buffer.alloc(0), Buffer.from('small')];
      agent.host.end('a1', { kind: 'exited', code: 0 }, artifacts);
      await until('all are stored', () => inbox.of('a1').artifacts.get(2)?.length === 5, 20_000);
      expect([...inbox.of('a1').artifacts.values()].map((a) => a.length)).toEqual([3_000_000, 0, 5]);
      expect(inbox.of('a1').artifacts.get(0)!.equals(artifacts[0]!)).toBe(true);
    });

    test('output that is asked for again in mid-session does not send artifacts again', async () => {
      // By control: so artifacts don't wait until all output is acknowledged.
      transport.refuseData(true);
      await connect();
      await started('a1');
      const refusal = Promise.withResolvers<void>();
      inbox.stalled.set('a1', refusal.promise);
      agent.host.write('a1', Buffer.from('one\n'));
      agent.host.end('a1', { kind: 'exited', code: 0 }, [Buffer.alloc(500_000, 'q'), Buffer.from('small')]);
      await until('the first artifact is whole', () => inbox.of('a1').artifacts.has(1), 20_000);
      inbox.stalled.delete('a1');
      const stored = inbox.of('a1');
      Object.assign(stored, { bytes: [], length: 0, outcome: undefined });
      refusal.reject(new AppError('corrupt', 'it was damaged', { detail: { from: 0 } }));
      await until('the outcome has come again, after the output', () => stored.outcome !== undefined);
      expect(decodeRecords(inbox.bytes('a1')).map((r) => r.payload.toString())).toEqual(['one\n']);
      // A later attempt's whole way shows that nothing of this one is under way before it.
      agent.host.onStart = (id) => agent.host.end(id, { kind: 'exited', code: 0 });
      start('after');
      await until('the later one is done', () => inbox.of('after').outcome !== undefined);
      expect(stored.artifactBytes).toBe(500_005);
      transport.refuseData(false);
    });

    test('a host that died: interrupted, with what it wrote; another boot likewise', async () => {
      const first = await connect();
      await started('a1');
      await started('a2');
      agent.host.write('a1', Buffer.from('partial'));
      agent.host.tell('a1');
      first.cut();
      await first.agentEnd;
      agent.bootId = 'boot-2';
      await agent.restart();
      await connect();
      await until('both are interrupted', () =>
        ['a1', 'a2'].every((id) => inbox.of(id).outcome === 'interrupted'),
      );
      expect(decodeRecords(inbox.bytes('a1')).map((r) => r.payload.toString())).toEqual(['partial']);
      expect(inbox.hellos.at(-1)!.incarnation.bootId).toBe('boot-2');
      await started('a3');
      agent.host.gone('host-1');
      await until('the third too', () => inbox.of('a3').outcome === 'interrupted');
    });

    test('an agent that died between laying a workspace and handing it over: not listed, and started by the next Start', async () => {
      const first = await connect();
      agent.host.takes = false;
      start('a1');
      await until(
        'it is laid, and handed to a host that does not get it',
        () => agent.host.lost.length === 1,
      );
      expect(inbox.of('a1').replies).toEqual([]);
      first.cut();
      await first.agentEnd;
      agent.host.takes = true;
      await agent.restart();
      await connect();
      expect(inbox.inventories.at(-1)).toEqual([]);
      start('a1');
      await until('it is accepted', () => inbox.of('a1').replies.length === 1);
      expect(inbox.of('a1').replies).toEqual(['accepted']);
      expect(agent.host.started).toEqual(['a1']);
    });

    test('a newer session of the same agent replaces the older one', async () => {
      const first = await connect();
      await connect();
      const end = await first.agentEnd;
      expect(end).toMatchObject({ kind: 'goodbye' });
      await started('a1');
    });

    test('goodbyes carry their reason: the server locks, the agent stops', async () => {
      const first = await connect();
      inbox.session!.close('locked', 'two of you');
      expect(await first.agentEnd).toMatchObject({
        kind: 'goodbye',
        from: 'peer',
        reason: 4,
        detail: 'two of you',
      });
      const second = await connect();
      second.stop();
      expect(await second.serverEnd).toMatchObject({ kind: 'goodbye', from: 'peer', reason: 1 });
      await until('the inbox heard', () => inbox.closings.length === 2);
      inbox.admission = () => ({ kind: 'rejected', reason: 'revoked', detail: 'no more' });
      const third = await transport.connect(agent, inbox);
      expect(await third.agentEnd).toMatchObject({
        kind: 'goodbye',
        from: 'peer',
        reason: 3,
        detail: 'no more',
      });
    });
  });
}
