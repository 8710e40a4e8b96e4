import { describe, expect, test } from '@jest/globals';

import { exitCodeOfRuns } from '../exit-codes.ts';
import type { Resource } from '../shapes.ts';
import { places, tenantsThere } from './places.ts';
import { processRun, processRuns, promptedValues, type ProcessRunFlags } from './process-run.ts';
import { parseTime } from './times.ts';

const NOW = Date.parse('2026-05-01T10:00:00Z');
const NAMES = { at: '--deploy-at', expiry: '--deploy-at-expiry' };
const runs = (flags: ProcessRunFlags): object[] =>
  processRuns(processRun(flags, NAMES, NOW, { SET: 'from env' }), places(flags));

test('one run for each environment and tenant', () => {
  expect(runs({ environment: ['Test'] })).toEqual([{ environment: 'Test' }]);
  expect(
    runs({
      environment: ['A', 'B'],
      tenant: ['x', 'y'],
      skip: ['s'],
      guidedFailure: 'false',
      deployAt: '30m',
    }),
  ).toEqual(
    ['A', 'B'].flatMap((environment) =>
      ['x', 'y'].map((tenant) => ({
        ...{ environment, tenant, skip: ['s'], guidedFailure: false, notBefore: NOW + 1_800_000 },
      })),
    ),
  );
  expect(runs({ environment: ['A'], guidedFailure: 'default' })).toEqual([{ environment: 'A' }]);
});

describe('--tenant-tag', () => {
  const names = { p1: 'Web', p2: 'Api', e1: 'Test', e2: 'Production' };
  const tenant = (name: string, tags: string[], projects: object[]): Resource =>
    ({
      ...{ id: `t-${name}`, kind: 'tenant', name, names },
      body: { tags, projects },
    }) as unknown as Resource;
  const web = { project: 'p1', environments: ['e1', 'e2'] };
  const all = [
    tenant('Acme', ['Region/Europe', 'Plan/Gold'], [web]),
    tenant('Beta', ['Region/Asia', 'Plan/Gold'], [{ project: 'p1', environments: ['e1'] }]),
    tenant('Corp', ['Region/Europe'], [{ project: 'p2', environments: ['e2'] }]),
  ];
  const found = (tags: string[], environment = 'Test', project = 'web'): string[] =>
    tenantsThere(all, { project, environment, tags }).map(({ name }) => name);

  test('tags of one set are alternatives, of several sets all are wanted; only where it is connected', () => {
    expect(found(['region/europe'])).toEqual(['Acme']);
    expect(found(['Region/Europe', 'Region/Asia'])).toEqual(['Acme', 'Beta']);
    expect(found(['Region/Asia', 'Plan/Gold'])).toEqual(['Beta']);
    expect(found(['Plan/Gold'], 'e2', 'p1')).toEqual(['Acme']);
  });

  test('what nobody has, or nobody there, is said with what is there', () => {
    expect(() => found(['Region/Mars'])).toThrow(/no tenant has "Region\/Mars"/);
    expect(() => found(['Region/Asia', 'Plan/Iron'])).toThrow(
      /no tenant has "Region\/Asia" and "Plan\/Iron"/,
    );
    expect(() => found(['Region/Asia'], 'Production')).toThrow(
      /of the tenants with "Region\/Asia" \("Beta"\) none is connected to project "web" in "Production"/,
    );
    for (const tag of ['Europe', '/Europe', 'Region/'])
      expect(() => found([tag])).toThrow(/--tenant-tag: ".*a set and a tag of it/);
  });

  test('with names, each tenant once', () => {
    const flags = { environment: ['Test'], tenant: ['acme'], tenantTag: ['Plan/Gold'] };
    const tagged = (environment: string, tags: readonly string[]): Resource[] =>
      tenantsThere(all, { project: 'Web', environment, tags });
    expect(places(flags, tagged)).toEqual([
      { environment: 'Test', tenant: 'acme' },
      { environment: 'Test', tenant: 'Beta' },
    ]);
  });
});

test('values of prompted variables', () => {
  expect(promptedValues(['Who:a:b=c', 'What=x:y', 'Empty:', 'At:@@home'], {})).toEqual({
    ...{ Who: 'a:b=c', What: 'x:y', Empty: '', At: '@home' },
  });
});

describe('what is wrong is named with its flag, and no value that may be secret', () => {
  test.each<[ProcessRunFlags, RegExp]>([
    [{ environment: ['A', 'a'] }, /--environment: "a".*each name once/],
    [{ environment: [' '] }, /--environment/],
    [{ environment: ['A'], tenant: ['x', 'X'] }, /--tenant.*each name once/],
    [{ environment: ['A'], variable: ['hunter2'] }, /^(?!.*hunter2).*--variable.*Label:Value/],
    [{ environment: ['A'], variable: [':hunter2'] }, /^(?!.*hunter2).*--variable.*Label:Value/],
    [{ environment: ['A'], variable: ['a:1', 'a:hunter2'] }, /^(?!.*hunter2).*--variable.*each label once/],
    [{ environment: ['A'], variable: ['a:@/nowhere'] }, /--variable a.*ENOENT/],
    [{ environment: ['A'], deployAt: 'tomorrow' }, /--deploy-at: "tomorrow".*a time such as/],
    [{ environment: ['A'], deployAtExpiry: '2020-01-01T00:00Z' }, /--deploy-at-expiry.*a time to come/],
    [
      { environment: ['A'], deployAt: '2h', deployAtExpiry: '1h' },
      /--deploy-at-expiry.*after that of --deploy-at/,
    ],
  ])('%j', (flags, expected) => expect(() => runs(flags)).toThrow(expected));
});

describe('parseTime', () => {
  test.each([
    ['2026-05-01T22:00Z', Date.parse('2026-05-01T22:00:00Z')],
    ['2026-05-01T22:00:30+02:00', Date.parse('2026-05-01T20:00:30Z')],
    ['2026-05-01 22:00:00 +0200', Date.parse('2026-05-01T20:00:00Z')],
    ['2026-05-01T22:00', new Date(2026, 4, 1, 22).getTime()],
    ['90s', NOW + 90_000],
    ['+1h30m', NOW + 5_400_000],
  ])('%s', (text, expected) => expect(parseTime(text, '--at', NOW)).toBe(expected));

  test.each([
    '',
    '2026-02-31T00:00Z',
    '2026-13-01T00:00',
    '2026-05-01',
    '22:00',
    '2026-05-01T25:00',
    '-5m',
    '1e9',
  ])('refuses %j', (text) => expect(() => parseTime(text, '--at', NOW)).toThrow(/--at.*a time such as/));
});

test.each<[Parameters<typeof exitCodeOfRuns>[0], number]>([
  [['success', 'success'], 0],
  [['success', 'failed', 'cancelled'], 1],
  [['timedOut', 'cancelled'], 124],
  [['success', 'cancelled'], 130],
])('runs that end %j end the command with %i', (states, code) => expect(exitCodeOfRuns(states)).toBe(code));
