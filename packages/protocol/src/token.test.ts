import { expect, test } from '@jest/globals';
import { AppError, isCode } from '@longshore/base';

import { encodePairing, parsePairing } from './pairing.ts';
import { encodeToken, parseToken } from './token.ts';

const token = {
  id: '01KAXYZ',
  secret: Buffer.alloc(32, 7),
  authorityFingerprint: 'ab'.repeat(32),
  server: 'deploy.example.com:10943',
};
const pairing = {
  address: '[2001:db8::1]:10933',
  keyFingerprint: 'cd'.repeat(32),
  secret: Buffer.alloc(32, 9),
};

test('a token and a pairing string read back as written', () => {
  expect(parseToken(` ${encodeToken(token)}\n`)).toEqual(token);
  expect(parsePairing(encodePairing(pairing))).toEqual(pairing);
});

test('every single changed character is noticed, and no error shows the text', () => {
  const text = encodeToken(token);
  for (let at = 4; at < text.length - 1; at += 1) {
    const changed = text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
    let thrown: unknown;
    try {
      parseToken(changed);
    } catch (error) {
      thrown = error;
    }
    expect(isCode(thrown, 'invalid')).toBe(true);
    expect(JSON.stringify([(thrown as AppError).fields, (thrown as AppError).message])).not.toContain(
      changed.slice(10, 30),
    );
  }
});

test.each([
  ['', /does not start with lst_/],
  ['lsp_AAAA', /does not start with lst_/],
  ['lst_***', /characters/],
  ['lst_', /characters/],
  ['lst_AAAA', /cut off/],
  [encodeToken(token).slice(0, -8), /cut off or mistyped/],
])('a wrong token says why: %s', (text, why) => {
  expect(() => parseToken(text)).toThrow(why);
});
