/**
 * An agent is stopped until its attempt was declared lost, and then continued.
 * What it did is told by the audit trail, and its output stands in the
 * attempt's log; the task that has ended stays as it was, and its worker takes
 * no lease before nothing of that attempt is left.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';

import { faultNumbers } from '../support/faults.ts';
import { LineCheck, numberedLines, type NumberedLines } from '../support/log-oracle.ts';
import { isAlive } from '../support/proc.ts';
import { ENDED } from '../support/rest.ts';
import { RunCounter } from '../support/run-counter.ts';
import { AGENT_MODES, type AgentMode, type StageAgent } from '../support/stage-agent.ts';
import { Stage } from '../support/stage.ts';
import { DIALECTS } from '../support/store.ts';
import { until } from '../support/until.ts';

jest.setTimeout(600_000);

interface AuditEvent {
  action: string;
  subject: string;
  detail: { outcome?: { kind: string; code?: number }; phase?: string; outputLength?: number };
}

const { rounds, dialects } = faultNumbers({
  short: { rounds: 1, dialects: ['sqlite'] as const },
  full: { rounds: 5, dialects: DIALECTS },
});
/** Of the task, and of its script, which the host sees to. */
const TIMEOUT_MS = 8_000;
/** Goes on for far longer than it takes to give it up. */
const LONG: NumberedLines = { lines: 6_000, linesPerSecond: 20 };
/** Ends by itself while its link is stopped. */
const SHORT: NumberedLines = { lines: 60, linesPerSecond: 20, exitCode: 5 };

const CASES = [
  { name: 'link and host, while a script runs', host: true, early: false, lines: LONG },
  { name: 'the link, while its script runs to its end', host: false, early: false, lines: SHORT },
  { name: 'the link and host, before they have read the Start', host: true, early: true, lines: LONG },
] as const;

describe.each(dialects)('an agent that was stopped until its attempt was lost (%s)', (database) => {
  let stage: Stage;
  let counter: RunCounter;
  const agents = new Map<string, StageAgent>();
  const key = (mode: AgentMode, of: (typeof CASES)[number]): string => `${mode} ${of.name}`;

  beforeAll(async () => {
    stage = await Stage.open({ database });
    counter = new RunCounter(join(stage.folder, 'starts'));
    for (const mode of AGENT_MODES)
      for (const one of CASES) agents.set(key(mode, one), await stage.addAgent(mode));
  });
  afterAll(() => stage.close());

  const audit = async (subject: string): Promise<AuditEvent[]> =>
    (await stage.rest.get<{ items: AuditEvent[] }>('/audit?limit=1000')).items.filter(
      (event) => event.subject === subject,
    );

  /** All that people can see of the task, but how much of its lost attempt is stored. */
  async function seen(taskId: string): Promise<unknown> {
    const attempts = (await stage.rest.attempts(taskId)).map((attempt) => ({
      ...attempt,
      complete: null,
      outputLength: null,
    }));
    return {
      task: await stage.rest.task(taskId),
      attempts,
      log: await stage.rest.get(`/tasks/${taskId}/log`),
      artifacts: await stage.rest.get(`/tasks/${taskId}/artifacts`),
    };
  }

  test('what it did is recorded, its task stays as it was, and no lease is granted until it is gone', async () => {
    for (let round = 0; round < rounds; round++) {
      const all = AGENT_MODES.flatMap((mode) => CASES.map((one) => ({ mode, one })));
      const results = await Promise.allSettled(
        all.map(({ mode, one }) => story(agents.get(key(mode, one))!, one, round)),
      );
      const wrong = results.flatMap((result, i) =>
        result.status === 'rejected'
          ? [`${all[i]!.mode}, ${all[i]!.one.name}: ${String(result.reason)}`]
          : [],
      );
      expect(wrong).toEqual([]);
    }
  });

  async function story(agent: StageAgent, one: (typeof CASES)[number], round: number): Promise<void> {
    const name = `${agent.name}-${round}`;
    const pidFile = join(stage.folder, `${name}.pid`);
    const pids = [agent.daemon.pid, ...(one.host ? [agent.hostPid] : [])];
    const body = counter.counted(name, `echo $$ > ${pidFile}\n${numberedLines(one.lines)}`);
    const signal = (which: NodeJS.Signals): void => pids.forEach((pid) => process.kill(pid, which));
    if (one.early) signal('SIGSTOP');
    const { id } = await stage.rest.script(body, { workers: [agent.name], timeoutMs: TIMEOUT_MS });
    if (!one.early) {
      await stage.rest.outputHas(id, 'o 0000000010 ');
      signal('SIGSTOP');
    }
    expect((await stage.rest.inState(id, ENDED, { timeoutMs: 60_000 })).state).toBe('timedOut');
    const [attempt] = await stage.rest.attempts(id);
    expect(attempt!.outcome?.kind).toBe('lost');
    const before = await seen(id);
    expect((await worker(agent)).quarantined).toContain(id);
    await expectNoLease(agent);
    if (!one.early && one.host) expect(isAlive(pidOf(pidFile))).toBe(true);

    signal('SIGCONT');
    await until(`${agent.name} takes work again`, async () => {
      const { quarantined } = await worker(agent);
      if (quarantined !== '') return false;
      // From the moment on at which a lease can be had nothing of it may run.
      if (existsSync(pidFile)) expect(isAlive(pidOf(pidFile))).toBe(false);
      return true;
    });
    // Nothing of it runs any more; its output comes after that.
    await until(`all of attempt ${attempt!.id} is stored`, async () => {
      const [now] = await stage.rest.attempts(id);
      return now!.complete;
    });
    await expectToldOf(attempt!.id, { one, started: counter.starts(name) });
    expect(counter.starts(name)).toBeLessThanOrEqual(1);
    expect(await seen(id)).toEqual(before);
    await agent.connected(stage);
    const again = await stage.rest.script('echo works', { workers: [agent.name] });
    expect((await stage.rest.ended(again.id)).task.state).toBe('success');
  }

  async function worker({ name }: StageAgent): Promise<{ quarantined: string }> {
    return stage.rest.get(`/workers/${name}`);
  }

  async function expectNoLease(agent: StageAgent): Promise<void> {
    const { id } = await stage.rest.script('true', { workers: [agent.name] });
    const { state, message } = await stage.rest.inState(id, ENDED);
    expect([state, message]).toEqual([
      'failed',
      expect.stringMatching(/can not take it: (quarantined|no connection)/),
    ]);
    expect(await stage.rest.attempts(id)).toEqual([]);
  }

  async function expectToldOf(
    attemptId: string,
    { one, started }: { one: (typeof CASES)[number]; started: number },
  ): Promise<void> {
    if (started === 0) {
      // The Start was read too late: whatever is told of it, nothing ran.
      for (const { detail } of await audit(attemptId)) expect(detail.outputLength ?? 0).toBe(0);
      return;
    }
    const event = await until(`attempt ${attemptId} is told of`, async () =>
      (await audit(attemptId)).find(({ action }) => action === 'attempt.endedAfterLost'),
    );
    if (one.lines === SHORT) expect(event.detail.outcome).toEqual({ kind: 'exited', code: 5 });
    else expect(event.detail.outcome?.kind).toMatch(/^(cancelled|timedOut)$/);
    const check = new LineCheck('stdout', one.lines);
    check.push(await stage.rest.bytes(`/attempts/${attemptId}/output?stream=stdout`));
    if (one.lines === SHORT) check.end();
  }

  function pidOf(file: string): number {
    return Number(readFileSync(file, 'utf8'));
  }
});
