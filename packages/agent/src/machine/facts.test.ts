import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { silentLogger, systemClock } from '@longshore/base';

import { TOOL_TIMEOUT_MS } from '../limits.ts';
import { Machine, readVersions } from './facts.ts';
import { versionOf, type FoundTool } from './tools.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'longshore-facts-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('closing breaks off a look under way: a tool that hangs is ended, the others are not asked, nothing is noted', async () => {
  const path = join(folder, 'git');
  writeFileSync(path, '#!/bin/sh\ntrap "" TERM\nexec sleep 60\n');
  chmodSync(path, 0o755);
  const tools: FoundTool[] = ['git', 'helm', 'java'].map((name) => ({ name, path, stamp: name }));
  const asked: string[] = [];
  const machine = new Machine({
    dataDir: folder,
    cgroups: () => false,
    clock: systemClock,
    logger: silentLogger,
    tools: {
      find: () => tools,
      version: (tool, signal) => {
        asked.push(tool.name);
        return versionOf(tool, signal);
      },
    },
  });
  const look = machine.refresh();
  const began = performance.now();
  await machine.close();
  await look;
  expect(performance.now() - began).toBeLessThan(TOOL_TIMEOUT_MS / 2);
  expect(asked).toEqual(['git']);
  expect(readVersions(join(folder, 'facts.json'))).toEqual({});
});
