import { describe, expect, test } from '@jest/globals';
import { AppError } from '@longshore/base';
import type { z } from 'zod';

import { createPool } from './schemas/pools.ts';
import { createTask, tasksQuery } from './schemas/tasks.ts';
import { addWorker, changeWorker } from './schemas/workers.ts';
import { check } from './validation.ts';

function problemsOf(schema: z.ZodType, input: unknown): AppError {
  try {
    check(schema, input);
  } catch (thrown) {
    if (thrown instanceof AppError) return thrown;
    throw thrown;
  }
  throw new Error('it was taken');
}

describe('each problem names field, value and what would be right', () => {
  const script = { body: 'echo hi' };
  const cases: [string, z.ZodType, unknown, string, unknown, RegExp][] = [
    ['missing', createPool, {}, 'name', undefined, /^text \(it is required\)$/],
    ['empty', createPool, { name: ' ' }, 'name', ' ', /not empty|without control/],
    ['wrong type', createPool, { name: 7 }, 'name', 7, /^text$/],
    [
      'not of the list',
      createPool,
      { name: 'p', strategy: 'best' },
      'strategy',
      'best',
      /fewest-leases, round-robin, pin-task/,
    ],
    ['slash in a name', createPool, { name: 'a/b' }, 'name', 'a/b', /slash/],
    ['too small', changeWorker, { slots: 0 }, 'slots', 0, /at least 1$/],
    ['not whole', changeWorker, { slots: 1.5 }, 'slots', 1.5, /whole number/],
    ['too large', changeWorker, { slots: 5000 }, 'slots', 5000, /at most 1000$/],
    [
      'with a length of its own',
      createPool,
      { name: { length: { toString: 1 } } },
      'name',
      undefined,
      /^text$/,
    ],
    ['empty list', createTask, { script, workers: [] }, 'workers', undefined, /at least 1 entry/],
    ['in a list', createTask, { script, workers: ['a', 3] }, 'workers[1]', 3, /^text$/],
    [
      'deep',
      createTask,
      { script: { ...script, interpreter: 'ruby' } },
      'script.interpreter',
      'ruby',
      /bash, sh, python/,
    ],
    [
      'in an entry',
      createTask,
      { script: { ...script, files: [{ name: 1, contentBase64: '' }] } },
      'script.files[0].name',
      1,
      /^text$/,
    ],
    [
      'two that exclude each other',
      createTask,
      { script, pool: 'p', workers: ['w'] },
      'workers',
      undefined,
      /either pool or workers/,
    ],
    ['a query', tasksQuery, { limit: 'many' }, 'limit', 'many', /a number/],
    ['a body that is none', createTask, undefined, 'body', undefined, /an object \(it is required\)/],
  ];
  test.each(cases)('%s', (_name, schema, input, field, value, expected) => {
    const { fields, message } = problemsOf(schema, input);
    const problem = fields.find((candidate) => candidate.field === field);
    expect(problem).toBeDefined();
    expect(problem!.value).toEqual(value);
    expect(problem!.expected).toMatch(expected);
    expect(message).toContain(field);
  });
});

describe('unknown fields are refused with the nearest name', () => {
  test.each([
    [createTask, { script: { body: 'x' }, timeout: 1 }, 'timeout', /did you mean "timeoutMs"/],
    [createTask, { script: { body: 'x', variable: [] } }, 'script.variable', /did you mean "variables"/],
    [
      createTask,
      { script: { body: 'x', variables: [{ name: 'a', value: 'b', sensitve: true }] } },
      'script.variables[0].sensitve',
      /"sensitive"/,
    ],
    [createPool, { name: 'p', zzzzzzzzz: 1 }, 'zzzzzzzzz', /one of name, description, strategy/],
  ])('%#', (schema, input, field, expected) => {
    const { fields } = problemsOf(schema as z.ZodType, input);
    expect(fields).toEqual([{ field, expected: expect.stringMatching(expected) }]);
  });
});

describe('what may be secret is never repeated', () => {
  const SECRET = 'hunter2';
  test.each([
    [createTask, { script: SECRET }],
    [createTask, { script: { body: { text: SECRET } } }],
    [createTask, { script: { body: 'x', variables: SECRET } }],
    [createTask, { script: { body: 'x', variables: [SECRET] } }],
    [createTask, { script: { body: 'x', variables: [{ name: 'a', value: [SECRET] }] } }],
    [createTask, { script: { body: 'x', environment: { A: [SECRET] } } }],
    [createTask, { script: { body: 'x', arguments: SECRET } }],
    [createTask, { script: { body: 'x', files: [{ name: 'f', contentBase64: [SECRET] }] } }],
    [createTask, { script: { body: 'x', secret: SECRET } }],
    [addWorker, { pairing: '', address: SECRET.repeat(20), slots: SECRET.repeat(20) }],
    [addWorker, { pairing: [SECRET] }],
  ])('%#', (schema, input) => {
    const { message, fields } = problemsOf(schema as z.ZodType, input);
    expect(message + JSON.stringify(fields)).not.toContain(SECRET);
  });
});

describe('a script that could not run as it was sent is refused', () => {
  const of = (script: object): AppError => problemsOf(createTask, { script: { body: 'x', ...script } });
  test.each([
    [{ arguments: ['a', 'b\0'] }, 'script.arguments[1]', 'text without NUL characters'],
    [{ environment: { A: '\0' } }, 'script.environment.A', 'text without NUL characters'],
    [{ variables: [{ name: 'A', value: '\0' }] }, 'script.variables[0].value', 'text without NUL characters'],
    [{ files: [{ name: '../x', contentBase64: '' }] }, 'script.files[0].name', 'the name of a file'],
    [{ files: [{ name: '..', contentBase64: '' }] }, 'script.files[0].name', 'the name of a file'],
    [{ files: [{ name: 'x', contentBase64: 'not base 64!' }] }, 'script.files[0].contentBase64', 'base64'],
    [{ files: [{ name: 'x', contentBase64: 'AAAAA' }] }, 'script.files[0].contentBase64', 'base64'],
  ])('%#', (script, field, expected) => {
    expect(of(script).fields).toEqual([
      expect.objectContaining({ field, expected: expect.stringContaining(expected) }),
    ]);
  });

  test.each(['', 'AA==', 'AAA=', 'AAAA', 'AA', '-_8='])('base64 is taken: %j', (contentBase64) => {
    expect(() =>
      check(createTask, { script: { body: 'x', files: [{ name: 'x', contentBase64 }] } }),
    ).not.toThrow();
  });
});

describe('what is wrong in a million places', () => {
  const many = (length: number): number[] => Array.from({ length }, () => 1);

  test('is told by the first of them', () => {
    const { message, fields } = problemsOf(createTask, { script: { body: 'x', arguments: many(50_000) } });
    expect(fields).toHaveLength(20);
    expect(message).toMatch(/; and 49980 more$/);
    const keys = Object.fromEntries(many(50_000).map((_, i) => [`key${i}`, 1]));
    expect(problemsOf(createPool, { name: 'p', ...keys }).message).toMatch(/; and 49980 more$/);
  });

  test('a long name of a field costs and says little', () => {
    const began = process.cpuUsage();
    const { message } = problemsOf(createTask, { ['x'.repeat(4_000_000)]: 1, script: { body: 'x' } });
    expect(message.length).toBeLessThan(500);
    expect(process.cpuUsage(began).user / 1000).toBeLessThan(1000);
  });
});
