import { describe, expect, test } from '@jest/globals';

import type { Phase } from '../model/lifecycle.ts';
import { automaticNow, isPriority, progressionBar, type Progress } from './progression.ts';

const phase = (name: string, environments: string[], change: Partial<Phase> = {}): Phase => ({
  name,
  environments,
  automatic: [],
  minimum: 0,
  optional: false,
  priority: false,
  ...change,
});
const ENVIRONMENTS = ['dev', 'qa', 'perf', 'prod'].map((id) => ({ id, name: id.toUpperCase() }));
const progress = (phases: Phase[], ...succeeded: string[]): Progress => ({
  phases,
  environments: ENVIRONMENTS,
  succeeded: new Set(succeeded),
});
const THREE = [phase('Dev', ['dev']), phase('Test', ['qa', 'perf']), phase('Prod', ['prod'])];

describe('where a release may go', () => {
  test.each<[string, Phase[], string[], string, string]>([
    ['the first phase', THREE, [], 'dev', ''],
    ['a later one too early', THREE, [], 'qa', 'it must first succeed in "DEV" (phase "Dev")'],
    ['a later one in time', THREE, ['dev'], 'qa', ''],
    [
      'all of a phase are needed',
      THREE,
      ['dev', 'qa'],
      'prod',
      'it must first succeed in "QA" and "PERF" (phase "Test")',
    ],
    ['when all have succeeded', THREE, ['dev', 'qa', 'perf'], 'prod', ''],
    ['an earlier one stays open', THREE, ['dev', 'qa', 'perf', 'prod'], 'dev', ''],
    [
      'a minimum',
      [phase('Dev', ['dev']), phase('Test', ['qa', 'perf'], { minimum: 1 }), phase('Prod', ['prod'])],
      ['dev', 'perf'],
      'prod',
      '',
    ],
    [
      'a minimum that is missed',
      [phase('Test', ['qa', 'perf', 'dev'], { minimum: 2 }), phase('Prod', ['prod'])],
      ['dev'],
      'prod',
      'it must first succeed in 2 of "QA", "PERF", "DEV" (phase "Test")',
    ],
    [
      'an optional phase',
      [phase('Dev', ['dev'], { optional: true }), phase('Prod', ['prod'])],
      [],
      'prod',
      '',
    ],
    [
      'in no phase',
      [phase('Dev', ['dev'])],
      ['dev'],
      'prod',
      'environment "PROD" is in no phase of its lifecycle',
    ],
    [
      'without phases: environments in their order',
      [],
      [],
      'qa',
      'it must first succeed in "DEV" (phase "DEV")',
    ],
    ['without phases, in time', [], ['dev', 'qa', 'perf'], 'prod', ''],
  ])('%s', (_, phases, succeeded, to, bar) => {
    expect(progressionBar(progress(phases, ...succeeded), to)).toBe(bar);
  });
});

test('automatic environments of the phases that were reached, each until it succeeded', () => {
  const phases = [phase('Dev', [], { automatic: ['dev'] }), phase('Test', ['qa'], { automatic: ['perf'] })];
  expect(automaticNow(progress(phases))).toEqual(['dev']);
  expect(automaticNow(progress(phases, 'dev'))).toEqual(['perf']);
  expect(automaticNow(progress(phases, 'dev', 'perf'))).toEqual([]);
});

test('a priority phase', () => {
  const phases = [phase('Dev', ['dev']), phase('Prod', ['prod'], { priority: true })];
  expect(isPriority(progress(phases), 'prod')).toBe(true);
  expect(isPriority(progress(phases), 'dev')).toBe(false);
});
