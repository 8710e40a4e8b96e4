import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { ManualClock } from '@longshore/base';

import { identityOf } from '../machine/processes.ts';
import { Isolation, type LockMode } from './isolation.ts';

let folder: string;
let clock: ManualClock;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'longshore-locks-'));
  clock = new ManualClock();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function locks(self = identityOf(process.pid)): {
  isolation: Isolation;
  ask: (id: string, mode: LockMode) => void;
  granted: string[];
} {
  const isolation = new Isolation(folder, self, clock);
  const granted: string[] = [];
  const ask = (attemptId: string, mode: LockMode): void =>
    isolation.request({ attemptId, name: 'a/b', mode, granted: () => granted.push(attemptId) });
  return { isolation, ask, granted };
}

test('an announcement that is damaged holds nothing', () => {
  const { ask, granted, isolation } = locks();
  ask('w1', 'writer');
  isolation.release('a/b', 'w1');
  const [lock] = readdirSync(folder);
  for (const [i, text] of ['null', '{}', '{"host":null}', '{"host":{},"mode":"writer"}'].entries())
    writeFileSync(join(folder, lock ?? '', `x${i}`), text);
  ask('w2', 'writer');
  expect(granted).toEqual(['w1', 'w2']);
});

describe('isolation', () => {
  test('readers together; a reader does not overtake a waiting writer', () => {
    const { isolation, ask, granted } = locks();
    ask('r1', 'reader');
    ask('r2', 'reader');
    ask('w', 'writer');
    ask('r3', 'reader');
    expect(granted).toEqual(['r1', 'r2']);
    isolation.release('a/b', 'r1');
    expect(granted).toEqual(['r1', 'r2']);
    isolation.release('a/b', 'r2');
    expect(granted).toEqual(['r1', 'r2', 'w']);
    isolation.release('a/b', 'w');
    expect(granted).toEqual(['r1', 'r2', 'w', 'r3']);
  });

  test('who gives up waiting lets the next one pass', () => {
    const { isolation, ask, granted } = locks();
    ask('r1', 'reader');
    ask('w', 'writer');
    ask('r2', 'reader');
    isolation.release('a/b', 'w');
    expect(granted).toEqual(['r1', 'r2']);
  });

  test('a lock that a living host of another version has given away counts', () => {
    const older = locks(identityOf(process.ppid));
    const newer = locks();
    older.ask('old', 'writer');
    newer.ask('new', 'writer');
    expect(newer.granted).toEqual([]);
    expect(newer.isolation.holders('a/b')).toEqual(['old']);
    older.isolation.release('a/b', 'old');
    clock.advance(1000);
    expect(newer.granted).toEqual(['new']);
  });

  test('a dead host’s lock does not', () => {
    const dead = locks({ ...identityOf(process.ppid), startTime: 1 });
    const own = locks();
    dead.ask('old', 'writer');
    own.ask('new', 'writer');
    expect(own.granted).toEqual(['new']);
  });

  test('never a writer beside anybody, and nobody waits for ever', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom<LockMode>('reader', 'writer'), { maxLength: 12 }),
        fc.infiniteStream(fc.nat()),
        (modes, picks) => {
          const { isolation, ask, granted } = locks();
          modes.forEach((mode, i) => ask(`${mode}${i}`, mode));
          const done = new Set<string>();
          while (done.size < modes.length) {
            const held = granted.filter((id) => !done.has(id));
            expect(held.length).toBeGreaterThan(0);
            if (held.some((id) => id.startsWith('writer'))) expect(held).toHaveLength(1);
            const [next = 0] = picks.take(1);
            const leaving = held[next % held.length]!;
            done.add(leaving);
            isolation.release('a/b', leaving);
          }
        },
      ),
      { numRuns: 50 },
    );
  });
});
