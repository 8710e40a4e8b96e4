import { X509Certificate } from 'node:crypto';

import { beforeAll, describe, expect, test } from '@jest/globals';
import { isCode } from '@longshore/base';

import {
  checkIssued,
  createAuthority,
  createKey,
  createRequest,
  createSelfSigned,
  issueCertificate,
  type Authority,
} from './certificates.ts';
import { identityOf, keyFingerprint } from './identity.ts';
import { splitChain } from './pem.ts';

const DAY_MS = 86_400_000;
const now = Date.now();
const validity = { now, lifetimeMs: 90 * DAY_MS };
let authority: Authority;

beforeAll(async () => {
  authority = await createAuthority('Longshore test', { now, lifetimeMs: 3650 * DAY_MS });
});

function fingerprintOfAuthority(one: Authority): string {
  return keyFingerprint(new X509Certificate(one.certificatePem).publicKey);
}

describe('a certificate that the authority issues', () => {
  test('names role, id and the key of the request, and verifies', async () => {
    const keyPem = createKey();
    const issued = await issueCertificate(
      authority,
      { csrDer: await createRequest(keyPem), subject: { role: 'agent', id: '01ABC' } },
      validity,
    );
    const leaf = new X509Certificate(splitChain(issued.chainPem)[0]!);
    expect(leaf.verify(new X509Certificate(authority.certificatePem).publicKey)).toBe(true);
    expect(identityOf(leaf)).toEqual({ role: 'agent', id: '01ABC', keyFingerprint: keyFingerprint(keyPem) });
    expect(leaf.validToDate.getTime()).toBe(Math.floor(issued.expiresAt / 1000) * 1000);
    expect(issued.keyFingerprint).toBe(keyFingerprint(keyPem));
    const expected = {
      authorityFingerprint: fingerprintOfAuthority(authority),
      keyPem,
      role: 'agent' as const,
      id: '01ABC',
    };
    expect(checkIssued(issued.chainPem, expected).authorityPem.trim()).toBe(authority.certificatePem.trim());
  });

  test('may carry host names beside the one identity', async () => {
    const request = {
      csrDer: await createRequest(createKey()),
      subject: { role: 'server' as const, id: 'n1', hosts: ['localhost', '127.0.0.1', '::1'] },
    };
    const leaf = new X509Certificate((await issueCertificate(authority, request, validity)).chainPem);
    expect(leaf.checkHost('localhost')).toBe('localhost');
    expect(leaf.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(identityOf(leaf)).toMatchObject({ role: 'server', id: 'n1' });
  });

  test('is refused by its receiver when anything differs', async () => {
    const keyPem = createKey();
    const other = await createAuthority('other', validity);
    const csrDer = await createRequest(keyPem);
    const { chainPem } = await issueCertificate(
      authority,
      { csrDer, subject: { role: 'agent', id: 'a1' } },
      validity,
    );
    const right = {
      authorityFingerprint: fingerprintOfAuthority(authority),
      keyPem,
      role: 'agent' as const,
      id: 'a1',
    };
    expect(() => checkIssued(chainPem, right)).not.toThrow();
    for (const wrong of [
      { ...right, id: 'a2' },
      { ...right, role: 'server' as const },
      { ...right, keyPem: createKey() },
      { ...right, authorityFingerprint: fingerprintOfAuthority(other) },
    ]) {
      expect(() => checkIssued(chainPem, wrong)).toThrow(/not right/);
    }
    const swapped = splitChain(chainPem)[0]! + '\n' + other.certificatePem;
    expect(() =>
      checkIssued(swapped, { ...right, authorityFingerprint: fingerprintOfAuthority(other) }),
    ).toThrow(/signature/);
    expect(() => checkIssued(authority.certificatePem, right)).toThrow(/expected a leaf/);
  });

  test('is not made from a request that is damaged or no request', async () => {
    const csrDer = await createRequest(createKey());
    csrDer.writeUInt8(csrDer.readUInt8(csrDer.length - 1) ^ 1, csrDer.length - 1);
    const subject = { role: 'agent' as const, id: 'a1' };
    for (const bytes of [csrDer, Buffer.from('nonsense'), Buffer.alloc(0)]) {
      const thrown: unknown = await issueCertificate(authority, { csrDer: bytes, subject }, validity).catch(
        (e: unknown) => e,
      );
      expect(isCode(thrown, 'invalid')).toBe(true);
    }
  });
});

test('a self-signed certificate names nobody', async () => {
  expect(identityOf(new X509Certificate(await createSelfSigned(createKey(), validity)))).toBeUndefined();
});
