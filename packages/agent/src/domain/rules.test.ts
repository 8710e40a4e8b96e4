import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { compareFences, isStale } from './fence.ts';
import { laterPhase, PHASES } from './phase.ts';
import { reconcile } from './reconcile.ts';
import { judge } from './recovery.ts';
import { decideStart, type StartFacts } from './start.ts';
import { Tombstones } from './tombstones.ts';

const fence = fc.record({ generation: fc.nat(3), n: fc.nat(5) });
const facts: StartFacts = {
  known: null,
  tombstone: false,
  draining: false,
  quarantined: '',
  tooMany: '',
  freeBytes: 10,
  floorBytes: 5,
  missingTool: '',
  invalid: '',
};

describe('a Start', () => {
  test.each<[string, Partial<StartFacts>]>([
    ['deniedBefore', { tombstone: true }],
    ['draining', { draining: true }],
    ['quarantined', { quarantined: 'leftovers' }],
    ['diskFull', { freeBytes: 4 }],
    ['toolMissing', { missingTool: 'pwsh' }],
    ['tooMany', { tooMany: '1100 attempts are under way' }],
    ['invalid', { invalid: 'no script' }],
  ])('is refused: %s', (reason, over) => {
    expect(decideStart({ generation: 1, n: 1 }, { ...facts, ...over })).toMatchObject({
      kind: 'refuse',
      reason,
    });
  });

  test('one that is known never starts again, nor is it denied, whatever else is true', () => {
    fc.assert(
      fc.property(fence, fence, fc.boolean(), fc.boolean(), (given, known, tombstone, draining) => {
        const { kind } = decideStart(given, { ...facts, known, tombstone, draining });
        expect(kind).toBe(isStale(given, known) ? 'stale' : 'repeat');
      }),
    );
  });

  test('nothing in the way: it starts', () => {
    expect(decideStart({ generation: 1, n: 1 }, facts)).toEqual({ kind: 'start' });
  });
});

test('a later generation beats any n', () => {
  expect(compareFences({ generation: 2, n: 0 }, { generation: 1, n: 99 })).toBeGreaterThan(0);
  fc.assert(
    fc.property(fence, fence, (a, b) =>
      expect(Math.sign(compareFences(a, b))).toBe(-Math.sign(compareFences(b, a)) + 0),
    ),
  );
});

test('a phase never goes back', () => {
  const phase = fc.constantFrom(...PHASES);
  fc.assert(
    fc.property(phase, phase, (a, b) =>
      expect(PHASES.indexOf(laterPhase(a, b))).toBe(Math.max(PHASES.indexOf(a), PHASES.indexOf(b))),
    ),
  );
});

describe('a verdict', () => {
  const local = { ended: false, ackedOffset: 10, ackedEvent: 1, outputLength: 50, eventCount: 3 };

  test.each([
    [
      { kind: 'keep', fromOffset: 20, fromEvent: 2, artifactOffsets: [] } as const,
      local,
      { kind: 'feed', fromOffset: 20, fromEvent: 2, artifactOffsets: [], cancel: false },
    ],
    [
      { kind: 'keep', fromOffset: 99, fromEvent: 9, artifactOffsets: [] } as const,
      local,
      { kind: 'feed', fromOffset: 50, fromEvent: 3, artifactOffsets: [], cancel: false },
    ],
    [
      { kind: 'cancel' } as const,
      local,
      { kind: 'feed', fromOffset: 10, fromEvent: 1, artifactOffsets: [], cancel: true },
    ],
    [
      { kind: 'cancel' } as const,
      { ...local, ended: true },
      { kind: 'feed', fromOffset: 10, fromEvent: 1, artifactOffsets: [], cancel: false },
    ],
    [{ kind: 'release' } as const, { ...local, ended: true }, { kind: 'release' }],
    [{ kind: 'release' } as const, local, { kind: 'flag' }],
    [{ kind: 'notMine' } as const, local, { kind: 'leave' }],
    [{ kind: 'unknown' } as const, local, { kind: 'flag' }],
  ])('%j of %j', (verdict, facts, action) => {
    expect(reconcile(verdict, facts)).toEqual(action);
  });
});

describe('a workspace without an outcome', () => {
  const found = { handedTo: 'h1', bootId: 'b1', begun: () => false };
  const view = {
    bootId: 'b1',
    connected: new Map<string, Set<string>>(),
    gone: new Map<string, boolean>(),
    known: (): boolean => true,
    foreign: new Set<string>(),
  };

  test.each([
    ['its host runs it', { ...view, connected: new Map([['h1', new Set(['a'])]]) }, 'live'],
    ['its host has yet to be heard', view, 'live'],
    ['another host is there', { ...view, connected: new Map([['h2', new Set<string>()]]) }, 'live'],
    ['its host never got it', { ...view, connected: new Map([['h1', new Set<string>()]]) }, 'neverTaken'],
    ['its host is proven dead', { ...view, gone: new Map([['h1', true]]) }, 'interrupted'],
    ['its host was cleared by a link that was killed then', { ...view, known: () => false }, 'interrupted'],
    ['a copy of its data directory', { ...view, foreign: new Set(['h1']) }, 'interrupted'],
    ['another boot', { ...view, bootId: 'b2' }, 'interrupted'],
  ])('%s', (_what, seen, kind) => {
    expect(judge('a', found, seen).kind).toBe(kind);
  });

  test('its host does not know it, and something of it was written: never guessed to be unbegun', () => {
    const seen = { ...view, connected: new Map([['h1', new Set<string>()]]) };
    expect(judge('a', { ...found, begun: () => true }, seen)).toMatchObject({
      kind: 'interrupted',
      proven: false,
    });
  });

  test.each([
    ['cleared by its cgroups', { ...view, gone: new Map([['h1', true]]) }, true],
    ['cleared by a sweep', { ...view, gone: new Map([['h1', false]]) }, false],
    ['cleared in an earlier life', { ...view, known: () => false }, false],
    ['another boot', { ...view, bootId: 'b2', gone: new Map([['h1', false]]) }, true],
  ])('says whether that is proven: %s', (_what, seen, proven) => {
    expect(judge('a', found, seen)).toMatchObject({ kind: 'interrupted', proven });
  });
});

test('tombstones stand until their time is over', () => {
  const tombstones = new Tombstones([['old', 0]]);
  expect(tombstones.add('new', 100)).toBe(true);
  expect(tombstones.add('new', 200)).toBe(false);
  expect(tombstones.expire((at) => 110 - at, 50)).toBe(1);
  expect([tombstones.has('old'), tombstones.has('new'), tombstones.size]).toEqual([false, true, 1]);
});
