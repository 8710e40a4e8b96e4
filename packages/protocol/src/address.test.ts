import { expect, test } from '@jest/globals';

import { formatAddress, parseAddress } from './address.ts';

test.each(['a.example:1', '[::1]:10943', '[::ffff:1.2.3.4]:1'])('%s is read as it is written', (text) =>
  expect(formatAddress(parseAddress(text, 'address'))).toBe(text),
);

test.each(['', 'a', 'a:', ':1', 'a:65536', '[abc]:1', '[1.2.3.4]:1', '[::1', 'a b:1', 'a:b:1'])(
  '%j is refused, by field and value',
  (text) =>
    expect(() => parseAddress(text, 'address')).toThrow(`address: ${JSON.stringify(text)} is not right`),
);
