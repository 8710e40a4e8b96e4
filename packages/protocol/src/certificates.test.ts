import 'reflect-metadata';

import { createPrivateKey, webcrypto, X509Certificate } from 'node:crypto';

import { beforeAll, describe, expect, test } from '@jest/globals';
import { isCode } from '@longshore/base';
import * as x509 from '@peculiar/x509';

import {
  checkIssued,
  createAuthority,
  createKey,
  createRequest,
  createSelfSigned,
  issueCertificate,
  requestKey,
  type Authority,
} from './certificates.ts';
import { identityOf, keyFingerprint } from './identity.ts';
import { splitChain } from './pem.ts';

const P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY_MS = 86_400_000;
const now = Date.now();
const validity = { now, lifetimeMs: 90 * DAY_MS };
let authority: Authority;

beforeAll(() => {
  authority = createAuthority('Longshore test', { now, lifetimeMs: 3650 * DAY_MS });
});

function fingerprintOfAuthority(one: Authority): string {
  return keyFingerprint(new X509Certificate(one.certificatePem).publicKey);
}

describe('a certificate that the authority issues', () => {
  test('names role, id and the key of the request, and verifies', () => {
    const keyPem = createKey();
    const issued = issueCertificate(
      authority,
      { csrDer: createRequest(keyPem), subject: { role: 'agent', id: '01ABC' } },
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

  test('may carry host names beside the one identity', () => {
    const request = {
      csrDer: createRequest(createKey()),
      subject: { role: 'server' as const, id: 'n1', hosts: ['localhost', '127.0.0.1', '::1'] },
    };
    const leaf = new X509Certificate(issueCertificate(authority, request, validity).chainPem);
    expect(leaf.checkHost('localhost')).toBe('localhost');
    expect(leaf.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(identityOf(leaf)).toMatchObject({ role: 'server', id: 'n1' });
  });

  test('is refused by its receiver when anything differs', () => {
    const keyPem = createKey();
    const other = createAuthority('other', validity);
    const csrDer = createRequest(keyPem);
    const { chainPem } = issueCertificate(
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

  test('is not made from a request that is damaged or no request', () => {
    const csrDer = createRequest(createKey());
    csrDer.writeUInt8(csrDer.readUInt8(csrDer.length - 1) ^ 1, csrDer.length - 1);
    const subject = { role: 'agent' as const, id: 'a1' };
    for (const bytes of [csrDer, Buffer.from('nonsense'), Buffer.alloc(0)]) {
      expect(refusal(() => issueCertificate(authority, { csrDer: bytes, subject }, validity))).toBe(
        'invalid',
      );
    }
  });

  test('is not made from a request with any one bit wrong', () => {
    const csrDer = createRequest(createKey());
    for (let bit = 0; bit < csrDer.length * 8; bit += 1) {
      const damaged = Buffer.from(csrDer);
      damaged.writeUInt8(damaged.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect([bit, refusal(() => requestKey(damaged))]).toEqual([bit, 'invalid']);
    }
  });

  test('is not made for a key of another kind', async () => {
    for (const namedCurve of ['P-384', 'P-521']) {
      const csr = await peculiarRequest({ name: 'ECDSA', namedCurve, hash: 'SHA-256' });
      expect(refusal(() => requestKey(csr))).toBe('invalid');
    }
  });
});

/** As another implementation writes and reads them. */
describe('next to @peculiar/x509', () => {
  test('its requests are taken, and ours by it', async () => {
    const ours = new x509.Pkcs10CertificateRequest(createRequest(createKey()));
    expect(await ours.verify()).toBe(true);
    expect(keyFingerprint(requestKey(await peculiarRequest()))).toHaveLength(64);
  });

  test('an authority that it made issues with our code', async () => {
    const keys = await webcrypto.subtle.generateKey(P256, true, ['sign', 'verify']);
    const made = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: '01',
      name: [{ CN: ['Longshore certificate authority'] }],
      notBefore: new Date(now - DAY_MS),
      notAfter: new Date(now + DAY_MS),
      keys,
      signingAlgorithm: P256,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
    const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
    const older: Authority = {
      certificatePem: made.toString('pem'),
      keyPem: key.export({ type: 'pkcs8', format: 'pem' }) as string,
    };
    const request = { csrDer: createRequest(createKey()), subject: { role: 'agent' as const, id: 'a1' } };
    const leaf = new X509Certificate(issueCertificate(older, request, validity).chainPem);
    const root = new X509Certificate(older.certificatePem);
    // Compares the name byte for byte, and the key identifiers.
    expect(leaf.checkIssued(root)).toBe(true);
    expect(leaf.verify(root.publicKey)).toBe(true);
  });

  test('it reads in ours what we meant', async () => {
    const subject = {
      role: 'server' as const,
      id: 'n1',
      hosts: ['a.example', '10.1.2.3', '2001:db8::5:0:1'],
    };
    const { chainPem } = issueCertificate(
      authority,
      { csrDer: createRequest(createKey()), subject },
      validity,
    );
    const leaf = new x509.X509Certificate(splitChain(chainPem)[0]!);
    const root = new x509.X509Certificate(authority.certificatePem);
    expect(await leaf.verify({ publicKey: root, date: new Date(now) })).toBe(true);
    expect(leaf.getExtension(x509.BasicConstraintsExtension)).toMatchObject({ ca: false, critical: true });
    expect(root.getExtension(x509.BasicConstraintsExtension)).toMatchObject({ ca: true, pathLength: 0 });
    expect(leaf.getExtension(x509.KeyUsagesExtension)?.usages).toBe(x509.KeyUsageFlags.digitalSignature);
    expect(root.getExtension(x509.KeyUsagesExtension)?.usages).toBe(
      x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
    );
    expect(leaf.getExtension(x509.ExtendedKeyUsageExtension)?.usages).toEqual([
      x509.ExtendedKeyUsage.serverAuth,
      x509.ExtendedKeyUsage.clientAuth,
    ]);
    expect(leaf.getExtension(x509.SubjectAlternativeNameExtension)?.names.toJSON()).toEqual([
      { type: 'url', value: 'longshore://server/n1' },
      { type: 'dns', value: 'a.example' },
      { type: 'ip', value: '10.1.2.3' },
      { type: 'ip', value: '2001:db8::5:0:1' },
    ]);
    expect(leaf.getExtension(x509.AuthorityKeyIdentifierExtension)?.keyId).toBe(
      root.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId,
    );
    expect(leaf.notAfter.getTime()).toBe(Math.floor((now + validity.lifetimeMs) / 1000) * 1000);
  });
});

function refusal(doing: () => unknown): string {
  try {
    doing();
    return 'taken';
  } catch (thrown) {
    return isCode(thrown, 'invalid') ? 'invalid' : String(thrown);
  }
}

async function peculiarRequest(algorithm = P256): Promise<Buffer> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: ['another'] }],
    keys,
    signingAlgorithm: algorithm,
  });
  return Buffer.from(request.rawData);
}

test('a chain that can not be read is refused like any other that is not right', () => {
  const block = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
  const right = { authorityFingerprint: '', keyPem: createKey(), role: 'agent' as const, id: 'w1' };
  expect(() => checkIssued(block + block, right)).toThrow(
    expect.objectContaining({ code: 'forbidden', message: expect.stringContaining('it can not be read') }),
  );
});

test('a self-signed certificate names nobody', () => {
  expect(identityOf(new X509Certificate(createSelfSigned(createKey(), validity)))).toBeUndefined();
});
