import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { loginFile, readSettings } from './settings.ts';

let folder: string;
let env: Record<string, string>;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'longshore-settings-'));
  env = { XDG_CONFIG_HOME: folder };
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function refusal(
  more: Record<string, string> = {},
  flags: { server?: string; apiKeyFile?: string } = {},
): string {
  try {
    readSettings({ ...flags, env: { ...env, ...more } });
  } catch (thrown) {
    expect(thrown).toMatchObject({ name: 'AppError', code: 'invalid' });
    return (thrown as Error).message;
  }
  throw new Error('it was taken');
}

describe('wrong settings are told by where they came from, and a key is never shown', () => {
  test('an address', () => {
    expect(refusal({}, { server: 'ftp://me:hunter2@host' })).toMatch(/^--server: "ftp:\/\/…@host"/);
    expect(refusal({ LONGSHORE_SERVER: 'http://' })).toMatch(/^LONGSHORE_SERVER: .* an address such as/);
  });

  test('an address with a long row of slashes costs little', () => {
    const began = process.cpuUsage();
    const all = { ...env, LONGSHORE_SERVER: `http://a${'/'.repeat(100_000)}x//`, LONGSHORE_API_KEY: 'k' };
    expect(readSettings({ env: all }).server).toMatch(/^http:\/\/a\/\/.*\/x$/);
    expect(process.cpuUsage(began).user / 1000).toBeLessThan(1000);
  });

  test('a file of the key that is not there', () => {
    expect(refusal({}, { apiKeyFile: '/nowhere' })).toMatch(/^--api-key-file: "\/nowhere".*ENOENT/);
  });

  test('a key that no header can hold', () => {
    const message = refusal({ LONGSHORE_API_KEY: 'lsk_hunter2\nX: y' });
    expect(message).toMatch(/^LONGSHORE_API_KEY: .*not shown/);
    expect(message).not.toContain('hunter2');
  });

  test.each([
    'null',
    '[]',
    '7',
    '{}',
    '{"server":1,"apiKey":"hunter2"}',
    '{"server":"AA==","apiKey":"hunter2"}',
    '{"apiKey": hunter2',
  ])('what login kept, damaged: %j', (text) => {
    mkdirSync(dirname(loginFile(env)), { recursive: true });
    writeFileSync(loginFile(env), text);
    expect(refusal()).toMatch(/login\.json is not .*"longshore login" writes it anew/);
    expect(refusal()).not.toContain('hunter2');
    const all = { ...env, LONGSHORE_SERVER: 'a:1', LONGSHORE_API_KEY: 'k' };
    expect(readSettings({ env: all })).toMatchObject({ server: 'http://a:1', apiKey: 'k' });
  });
});
