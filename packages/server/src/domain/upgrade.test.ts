import { describe, expect, test } from '@jest/globals';

import { planOf } from './plan.ts';
import type { TaskSpec } from './task.ts';
import { concludeUpgrade, upgradeBar } from './upgrade.ts';
import type { Worker } from './worker.ts';

const facts = { os: 'Linux 6.1.0-generic', architecture: 'x64' } as Worker['facts'];
const worker = {
  ...{ id: 'w', name: 'one', mode: 'polling', version: '1.0.0', revoked: false, locked: '', facts },
} as Worker;
const packages = [
  { version: '1.1.0', os: 'linux', arch: 'x64' },
  { version: '1.2.0', os: 'linux', arch: 'arm64' },
];

test.each<[string, Partial<Worker>, Partial<Parameters<typeof upgradeBar>[1]>, RegExp]>([
  ['all is well', {}, {}, /^$/],
  ['it runs it', { version: '1.1.0' }, {}, /runs version 1\.1\.0 already/],
  ['it is away', {}, { connected: false }, /not connected/],
  ['its agent is too old', {}, { capable: false }, /install it by hand/],
  [
    'another processor',
    {},
    { version: '1.2.0' },
    /is linux x64, and version 1\.2\.0 is here for linux arm64 only/,
  ],
  ['another system', { facts: { ...facts, os: 'Darwin 24' } as Worker['facts'] }, {}, /is darwin x64/],
  ['an unknown machine', { facts: null }, {}, /not known yet/],
  ['the built-in worker', { mode: 'builtIn' }, {}, /built-in/],
  ['locked', { locked: 'a clone' }, {}, /locked: a clone/],
])('%s', (_, change, of, why) => {
  const given = { version: '1.1.0', packages, connected: true, capable: true, ...of };
  expect(upgradeBar({ ...worker, ...change }, given)).toMatch(why);
});

describe('what an upgrade came to', () => {
  const done = { name: 'a', problem: '' };
  const failed = { name: 'b', problem: 'exit code 1' };
  const left = { name: 'c', problem: undefined };
  test.each([
    [[done], 'none', 'success', 'Upgraded to 2: a'],
    [[done, failed, left], 'none', 'failed', 'Upgraded to 2: a. Not upgraded: b (exit code 1). Not begun: c'],
    [[failed], 'none', 'failed', 'No worker was upgraded. Not upgraded: b (exit code 1)'],
    [[done, left], 'cancel', 'cancelled', 'Upgraded to 2: a. Not begun: c'],
    [[done, left], 'timeOut', 'timedOut', 'Upgraded to 2: a. Not begun: c'],
    // The last worker was done before the wish to cancel reached anybody.
    [[done], 'cancel', 'success', 'Upgraded to 2: a'],
  ] as const)('%j, %s', (workers, wish, state, message) => {
    expect(concludeUpgrade('2', workers, wish)).toEqual({ state, message });
  });
});

test('its plan is one worker at a time, each beside whatever runs', () => {
  const spec = {
    ...{ target: { kind: 'workers', workerIds: ['w1', 'w2'] }, leaseMode: 'shared', tools: [] },
    ...{ script: { interpreter: 'sh' }, upgrade: { version: '2', packages: {}, confirmWithinMs: 0 } },
  } as unknown as TaskSpec;
  expect(planOf({ kind: 'upgrade', spec })).toMatchObject({
    mode: 'maintenance',
    oneByOne: true,
    wants: { all: [{ kind: 'worker', id: 'w1' }] },
    actions: [
      { name: 'script', workerId: 'w1' },
      { name: 'script-2', workerId: 'w2' },
    ],
  });
});
