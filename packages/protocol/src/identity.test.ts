import type { X509Certificate } from 'node:crypto';

import { expect, test } from '@jest/globals';

import { createKey } from './certificates.ts';
import { identityOf, identityOfCall, identityUri, keyFingerprint } from './identity.ts';
import { createPublicKey } from 'node:crypto';

const publicKey = createPublicKey(createKey());
const naming = (subjectAltName: string | undefined): X509Certificate =>
  ({ subjectAltName, publicKey }) as unknown as X509Certificate;

test('one URI of ours is an identity', () => {
  expect(identityOf(naming(`URI:${identityUri('agent', '01K')}`))).toEqual({
    role: 'agent',
    id: '01K',
    keyFingerprint: keyFingerprint(publicKey),
  });
  expect(identityOf(naming('DNS:localhost, IP Address:127.0.0.1, URI:longshore://server/n-1'))).toMatchObject(
    { role: 'server', id: 'n-1' },
  );
});

test.each([
  undefined,
  '',
  'DNS:longshore://agent/a1',
  'URI:longshore://admin/a1',
  'URI:longshore://agent/',
  'URI:longshore://agent/../x',
  'URI:longshore://agent/a1/b',
  'URI:longshore://agent/a1?x',
  'URI:https://agent/a1',
  'URI:longshore://agent/a1, URI:longshore://server/n1',
  'URI:longshore://agent/a1, URI:https://else',
  'URI:"longshore://agent/a1, URI:longshore://server/n1"',
  `URI:longshore://agent/${'a'.repeat(65)}`,
])('anything else is nobody: %s', (names) => {
  expect(identityOf(naming(names))).toBeUndefined();
});

test('a call without a verified certificate has no identity', () => {
  expect(identityOfCall({ getAuthContext: () => ({}) })).toBeUndefined();
});
