import { describe, expect, test } from '@jest/globals';

import { readJson, shape, type Shape } from './shape.ts';

const LOGIN: Shape<object> = shape.fields({
  name: shape.text,
  secret: shape.hex,
  age: shape.optional(shape.count),
  ends: shape.list(shape.oneOf('kind', { code: shape.fields({ n: shape.whole }), none: shape.fields({}) })),
  labels: shape.map(shape.text),
});
const right = {
  name: 'a',
  secret: 'ab',
  ends: [{ kind: 'none' }, { kind: 'code', n: -1 }],
  labels: { a: 'b' },
};

const refusal = (value: unknown): string => {
  try {
    readJson(typeof value === 'string' ? value : JSON.stringify(value), LOGIN, 'login.json');
    return 'taken';
  } catch (thrown) {
    expect(thrown).toMatchObject({ code: 'corrupt' });
    expect((thrown as Error).cause).toBeUndefined();
    return (thrown as Error).message;
  }
};

describe('JSON that is believed', () => {
  test('fits, whatever else is in it', () => {
    expect(readJson(JSON.stringify({ ...right, newer: 1 }), LOGIN, 'x')).toMatchObject(right);
  });

  test.each([
    ['{"secret": "hunter2', 'login.json is not JSON'],
    ['null', 'login.json is not right: it: expected a map'],
    [[], 'it: expected a map'],
    [{ ...right, name: 1 }, 'name: expected a text'],
    [{ ...right, secret: 'hunter2' }, 'secret: expected bytes in hex'],
    [{ ...right, age: -1 }, 'age: expected a whole number'],
    [{ ...right, ends: [{ kind: 'none' }, { kind: 'toString' }] }, 'ends[1].kind: expected code or none'],
    [{ ...right, ends: [null] }, 'ends[0].kind: expected code or none'],
    [{ ...right, labels: { a: 1 } }, 'labels.a: expected a text'],
    ['{"__proto__": {"name": "a"}}', 'name: expected a text'],
  ])('%j is refused by field, and not shown', (value, message) => {
    expect(refusal(value)).toContain(message);
    expect(refusal(value)).not.toContain('hunter2');
  });
});
