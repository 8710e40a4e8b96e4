import { describe, expect, test } from '@jest/globals';

import { Scope } from './scope.ts';

describe('a scope', () => {
  test('gives back in reverse order, once', async () => {
    const order: string[] = [];
    const scope = new Scope();
    scope.add('a', () => void order.push('a'));
    scope.add('b', async () => void order.push('b'));
    await scope.close();
    await scope.close();
    expect(order).toEqual(['b', 'a']);
  });

  test('gives everything back when some of it fails, and says what failed', async () => {
    const order: string[] = [];
    const scope = new Scope();
    scope.add('a', () => void order.push('a'));
    scope.add('the socket', () => {
      throw new Error('no');
    });
    await expect(scope.close()).rejects.toMatchObject({ errors: [{ message: 'releasing the socket' }] });
    expect(order).toEqual(['a']);
  });

  test('gives back at once what is added after it closed', async () => {
    const scope = new Scope();
    await scope.close();
    let released = false;
    scope.add('late', () => void (released = true));
    expect(released).toBe(true);
  });
});
