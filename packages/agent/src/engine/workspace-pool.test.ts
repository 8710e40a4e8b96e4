import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Interpreter, ScriptSpec } from '@longshore/protocol/gen/longshore/link/v1/attempt';

import { workspacePaths, type WorkspacePaths, type WorkspaceState } from '../contract/workspace.ts';
import { createWorkspace, readState } from './workspace-files.ts';
import { WorkspacePool } from './workspace-pool.ts';

let dataDir: string;
let pool: WorkspacePool;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'longshore-pool-'));
  mkdirSync(join(dataDir, 'attempts'));
  pool = new WorkspacePool(dataDir);
});

afterEach(async () => {
  await pool.close();
  rmSync(dataDir, { recursive: true });
});

function lay(attemptId: string, spec: Partial<ScriptSpec> = {}): WorkspacePaths {
  const paths = workspacePaths(dataDir, attemptId);
  const state: WorkspaceState = {
    attemptId,
    taskId: 'task',
    fence: { generation: 1, n: 1 },
    handedTo: 'host',
    bootId: 'boot',
    ackedOffset: 0,
    ackedEvent: 0,
    cancelRequested: false,
  };
  const whole = ScriptSpec.create({ interpreter: Interpreter.BASH, body: Buffer.from('echo'), ...spec });
  createWorkspace(paths, pool, { spec: whole, state });
  return paths;
}

/** What the host leaves of a script that ran. */
function run(paths: WorkspacePaths): void {
  mkdirSync(paths.spool, { recursive: true });
  writeFileSync(join(paths.spool, '000000'), 'output of the attempt before');
  writeFileSync(paths.events, 'events of the attempt before');
  writeFileSync(paths.outcome, '{"version":1}');
}

async function giveBack(paths: WorkspacePaths): Promise<void> {
  pool.give(paths);
  expect(existsSync(paths.root)).toBe(false);
  await nextTurn();
}

describe('a workspace that is used again', () => {
  test('has the inodes of the one before, and nothing of its attempt', async () => {
    const first = lay('A1', { body: Buffer.from('echo a much longer script with words of its own') });
    const inodes = [first.root, first.work, first.spec, join(first.work, 'script.sh')].map(
      (f) => statSync(f).ino,
    );
    run(first);
    await giveBack(first);
    const second = lay('A2', { body: Buffer.from('true') });
    const again = [second.root, second.work, second.spec, join(second.work, 'script.sh')];
    expect(again.map((f) => statSync(f).ino)).toEqual(inodes);
    expect(readFileSync(join(second.work, 'script.sh'), 'utf8')).toBe('true');
    expect(readState(second)?.attemptId).toBe('A2');
    expect(existsSync(second.outcome)).toBe(false);
    expect(existsSync(second.events)).toBe(false);
    expect(readdirSync(second.spool)).toEqual([]);
    expect(JSON.parse(readFileSync(second.spec, 'utf8'))).toMatchObject({ interpreter: Interpreter.BASH });
  });

  test('takes the name of another interpreter’s script', async () => {
    const first = lay('A1');
    run(first);
    await giveBack(first);
    const second = lay('A2', { interpreter: Interpreter.PYTHON, body: Buffer.from('pass') });
    expect(readdirSync(second.work)).toEqual(['script.py']);
  });

  test('keeps no file of the script’s', async () => {
    const first = lay('A1', { files: [{ name: 'data.txt', content: Buffer.from('x'), executable: false }] });
    run(first);
    writeFileSync(join(first.work, 'made.txt'), 'by the script');
    writeFileSync(join(first.root, 'stray'), 'by the script');
    await giveBack(first);
    const second = lay('A2');
    expect(readdirSync(second.work)).toEqual(['script.sh']);
    expect(readdirSync(second.root)).not.toContain('stray');
  });
});

describe('a workspace that is not used again', () => {
  test.each<[string, (paths: WorkspacePaths) => void]>([
    ['has a folder of the script’s', (paths) => mkdirSync(join(paths.work, 'folder'))],
    ['gave up its reserve', (paths) => rmSync(paths.reserve)],
    ['has artifacts', (paths) => mkdirSync(paths.artifacts)],
  ])('one that %s', async (_what, change) => {
    const first = lay('A1');
    const inode = statSync(first.root).ino;
    run(first);
    change(first);
    await giveBack(first);
    expect(statSync(lay('A2').root).ino).not.toBe(inode);
  });

  test('a script that stands elsewhere under another name is not written again', async () => {
    const first = lay('A1');
    run(first);
    const elsewhere = join(dataDir, 'link');
    linkSync(join(first.work, 'script.sh'), elsewhere);
    await giveBack(first);
    lay('A2', { body: Buffer.from('the next script') });
    expect(readFileSync(elsewhere, 'utf8')).toBe('echo');
  });

  test('none survives a restart of the link', async () => {
    const first = lay('A1');
    run(first);
    await giveBack(first);
    new WorkspacePool(dataDir);
    expect(existsSync(join(dataDir, 'spare'))).toBe(false);
  });
});

test('a workspace that can not be laid is not there at all', () => {
  const files = [{ name: 'a/b', content: Buffer.from('x'), executable: false }];
  expect(() => lay('A1', { files })).toThrow();
  expect(existsSync(workspacePaths(dataDir, 'A1').root)).toBe(false);
});
