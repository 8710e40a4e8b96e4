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
    ['empty list', changeWorker, { pools: [] }, 'pools', undefined, /at least 1 entry/],
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
