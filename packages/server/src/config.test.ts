import { describe, expect, test } from '@jest/globals';

import { decodeMasterKey } from './config.ts';

describe('a master key', () => {
  const key = Buffer.alloc(32, 0xfb);

  test.each([
    key.toString('base64'),
    key.toString('base64url'),
    key.toString('hex'),
    ` ${key.toString('base64')}\n`,
  ])('is read from %j', (text) => expect(decodeMasterKey(text)).toEqual(key));

  test.each([
    '',
    key.toString('base64').slice(1),
    `${key.toString('base64')}A`,
    `"${key.toString('base64')}"`,
    `${key.toString('base64')} and more`,
    `${key.toString('base64').slice(0, 20)}!${key.toString('base64').slice(20)}`,
  ])('is not read from %j, whatever a lenient decoder makes of it', (text) =>
    expect(decodeMasterKey(text)).toBeUndefined(),
  );
});
