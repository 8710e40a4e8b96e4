import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { createWinstonLogger } from './winston-logger.ts';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'longshore-log-'))));
afterEach(() => rmSync(folder, { recursive: true }));

async function lines(file: string, count: number): Promise<string[]> {
  for (;;) {
    const found = readFileSync(file, { encoding: 'utf8', flag: 'a+' }).split('\n').filter(Boolean);
    if (found.length >= count) return found;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('a line is one JSON object: time, level, message, and the fields of all its loggers', async () => {
  const file = join(folder, 'server.log');
  const log = createWinstonLogger({ level: 'info', format: 'json', file, fields: { node: 'n1' } });
  log.debug('too low');
  log.child({ taskId: 't1' }).error('it failed', { error: new Error('why', { cause: new Error('deeper') }) });
  const [line = ''] = await lines(file, 1);
  const entry = JSON.parse(line) as Record<string, unknown>;
  expect(Object.keys(entry).sort()).toEqual(['error', 'level', 'message', 'node', 'taskId', 'time']);
  expect(entry).toMatchObject({
    level: 'error',
    message: 'it failed',
    node: 'n1',
    taskId: 't1',
    error: { name: 'Error', message: 'why', cause: { message: 'deeper' } },
  });
  expect(Date.parse(String(entry['time']))).toBeGreaterThan(0);
});

test('text is for people: time, level, message, fields', async () => {
  const file = join(folder, 'server.log');
  createWinstonLogger({ level: 'info', format: 'text', file }).info('listening', { port: 8080 });
  expect((await lines(file, 1))[0]).toMatch(/^\d{4}-\S+Z info {2}listening \{"port":8080\}$/);
});
