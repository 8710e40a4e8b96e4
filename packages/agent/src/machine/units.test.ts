import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { renderUnits, UNIT_NAMES, type UnitOptions, type Units } from './units.ts';

const hasVerify = spawnSync('systemd-analyze', ['--version']).status === 0;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'longshore-units-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function options(dataDir: string): UnitOptions {
  const main = join(folder, 'main.js');
  const host = join(folder, 'host-main.js');
  for (const file of [main, host]) writeFileSync(file, '');
  return { node: process.execPath, agentMain: main, hostMain: host, dataDir, user: 'root' };
}

/** What systemd says of them; nothing when they are right. */
function verify(units: Units): string {
  const files = UNIT_NAMES.map((name) => {
    const file = join(folder, name);
    writeFileSync(file, units[name]);
    return file;
  });
  const { stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', ...files], {
    encoding: 'utf8',
  });
  // It loads what is installed beside ours, and complains of that too.
  return (stdout + stderr)
    .split('\n')
    .filter((line) => line.includes('longshore-'))
    .join('\n');
}

describe('the systemd units', () => {
  test.each(['/var/lib/longshore-agent', '/srv/a b/100% "data"'])(
    'are right for systemd, data in %s',
    (dataDir) => {
      if (!hasVerify) {
        process.stderr.write(
          'NOT TESTED: systemd-analyze is not on this machine, so the units were not verified.\n',
        );
        return;
      }
      expect(verify(renderUnits(options(dataDir)))).toBe('');
    },
  );

  test('are told wrong by this very test when they are', () => {
    if (!hasVerify) return;
    const units = renderUnits(options('/var/lib/longshore-agent'));
    const wrong = {
      ...units,
      'longshore-agent.service': units['longshore-agent.service'].replace(
        'WatchdogSec=60',
        'WatchdogSec=soon',
      ),
    };
    expect(verify(wrong)).toMatch(/Failed to parse/);
  });

  test('leave scripts alone when the agent stops, and give the host its cgroup', () => {
    const units = renderUnits(options('/data'));
    expect(units['longshore-agent.service']).toMatch(/^KillMode=process$/m);
    expect(units['longshore-agent.service']).toMatch(/^WatchdogSec=60$/m);
    expect(units['longshore-host.service']).toMatch(/^Delegate=yes$/m);
    expect(units['longshore-host.service']).toMatch(/^User=root$/m);
  });
});
