/**
 * The certificate authority's craft: keys, requests, certificates; EC P-256
 * throughout. What a certificate says of role and id is the issuer's word
 * alone: of a request only its key is used, once its signature proved it.
 *
 * The X.509 library is loaded at the first use: neither an agent that merely
 * runs nor its start need it.
 */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  webcrypto,
  X509Certificate,
  type KeyObject,
} from 'node:crypto';

import { AppError } from '@longshore/base';

import { identityOf, identityUri, keyFingerprint, type Role } from './identity.ts';
import { joinChain, splitChain } from './pem.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
/** Peers' clocks may be behind by this much. */
const BACKDATE_MS = 3_600_000;

export interface Authority {
  certificatePem: string;
  keyPem: string;
}

export interface Subject {
  role: Role;
  id: string;
  /** Host names and addresses, for tools such as grpcurl that check them; our own peers check role and id. */
  hosts?: readonly string[];
}

export interface Validity {
  now: number;
  lifetimeMs: number;
}

type X509 = typeof import('@peculiar/x509');
let loading: Promise<X509> | undefined;

function loadX509(): Promise<X509> {
  loading ??= (async () => {
    await import('reflect-metadata');
    const loaded: X509 & { default?: X509 } = await import('@peculiar/x509');
    // A bundler may bring the CommonJS build, whose names are below `default`.
    const x509 = loaded.default?.cryptoProvider === undefined ? loaded : loaded.default;
    x509.cryptoProvider.set(webcrypto);
    return x509;
  })();
  return loading;
}

/** A new private key, PKCS #8 PEM. */
export function createKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
}

async function webKeys(keyPem: string): Promise<webcrypto.CryptoKeyPair> {
  const key = createPrivateKey(keyPem);
  const pkcs8 = key.export({ type: 'pkcs8', format: 'der' });
  const jwk = { ...key.export({ format: 'jwk' }) };
  delete jwk.d;
  const privateKey = await webcrypto.subtle.importKey('pkcs8', pkcs8, ALGORITHM, false, ['sign']);
  const publicKey = await webcrypto.subtle.importKey('jwk', jwk, ALGORITHM, true, ['verify']);
  return { privateKey, publicKey };
}

/** 127 random bits, positive. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8(bytes.readUInt8(0) & 0x7f, 0);
  return bytes.toString('hex');
}

function period({ now, lifetimeMs }: Validity): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(now - BACKDATE_MS), notAfter: new Date(now + lifetimeMs) };
}

export async function createAuthority(name: string, validity: Validity): Promise<Authority> {
  const x509 = await loadX509();
  const keyPem = createKey();
  const keys = await webKeys(keyPem);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ CN: [name] }],
    ...period(validity),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificatePem: joinChain([certificate.toString('pem')]), keyPem };
}

/** A certificate request, DER: shows possession of the key and nothing else. */
export async function createRequest(keyPem: string): Promise<Buffer> {
  const x509 = await loadX509();
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: ['longshore'] }],
    keys: await webKeys(keyPem),
    signingAlgorithm: ALGORITHM,
  });
  return Buffer.from(request.rawData);
}

export interface Issued {
  /** PEM: leaf, then the authority. */
  chainPem: string;
  keyFingerprint: string;
  expiresAt: number;
}

/**
 * Signs a certificate for the key of a request.
 *
 * @throws AppError `invalid` when the request can't be read, its signature is wrong, or its key is not EC P-256
 */
export async function issueCertificate(
  authority: Authority,
  request: { csrDer: Uint8Array; subject: Subject },
  validity: Validity,
): Promise<Issued> {
  const x509 = await loadX509();
  const csr = await readRequest(x509, request.csrDer);
  const authorityKeys = await webKeys(authority.keyPem);
  const issuer = new x509.X509Certificate(authority.certificatePem);
  const { role, id, hosts = [] } = request.subject;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: [{ CN: [`${role} ${id}`] }],
    issuer: issuer.subjectName.toJSON(),
    ...period(validity),
    publicKey: csr.publicKey,
    signingKey: authorityKeys.privateKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([
        x509.ExtendedKeyUsage.serverAuth,
        x509.ExtendedKeyUsage.clientAuth,
      ]),
      new x509.SubjectAlternativeNameExtension([
        { type: 'url', value: identityUri(role, id) },
        ...hosts.map((host) => ({
          type: /^[\d.]+$|:/.test(host) ? ('ip' as const) : ('dns' as const),
          value: host,
        })),
      ]),
      await x509.AuthorityKeyIdentifierExtension.create(authorityKeys.publicKey),
    ],
  });
  const leaf = certificate.toString('pem');
  return {
    chainPem: joinChain([leaf, authority.certificatePem]),
    keyFingerprint: keyFingerprint(new X509Certificate(leaf).publicKey),
    expiresAt: validity.now + validity.lifetimeMs,
  };
}

async function readRequest(
  x509: X509,
  csrDer: Uint8Array,
): Promise<InstanceType<X509['Pkcs10CertificateRequest']>> {
  const wrong = (why: string, cause?: unknown): AppError =>
    new AppError('invalid', `the certificate request is not right: ${why}`, { cause });
  let csr;
  try {
    csr = new x509.Pkcs10CertificateRequest(Buffer.from(csrDer));
  } catch (thrown) {
    throw wrong('it can not be read', thrown);
  }
  const { name, namedCurve } = csr.publicKey.algorithm as { name: string; namedCurve?: string };
  if (name !== 'ECDSA' || namedCurve !== 'P-256') throw wrong('its key must be EC P-256');
  const verified = await csr.verify().catch(() => false);
  if (!verified) throw wrong('its signature does not fit its key');
  return csr;
}

/**
 * The key that a request proves.
 *
 * @throws AppError `invalid`
 */
export async function requestKey(csrDer: Uint8Array): Promise<KeyObject> {
  const csr = await readRequest(await loadX509(), csrDer);
  return createPublicKey({ key: Buffer.from(csr.publicKey.rawData), format: 'der', type: 'spki' });
}

/** A certificate that vouches for nothing but its own key, for a listening agent that is not paired yet. */
export async function createSelfSigned(keyPem: string, validity: Validity): Promise<string> {
  const x509 = await loadX509();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ CN: ['longshore agent, not paired'] }],
    ...period(validity),
    keys: await webKeys(keyPem),
    signingAlgorithm: ALGORITHM,
  });
  return joinChain([certificate.toString('pem')]);
}

/**
 * Checks what an authority issued to us before it is kept: the authority is the one expected, its signature is right,
 * the key is ours, role and id are those expected.
 *
 * @throws AppError `forbidden`
 */
export function checkIssued(
  chainPem: string,
  expected: { authorityFingerprint: string; keyPem: string; role: Role; id: string },
): { authorityPem: string; expiresAt: number } {
  const wrong = (why: string): AppError =>
    new AppError('forbidden', `the certificate received is not right: ${why}`);
  const [leafPem, authorityPem, ...rest] = splitChain(chainPem);
  if (leafPem === undefined || authorityPem === undefined || rest.length > 0)
    throw wrong('expected a leaf and its authority');
  const leaf = new X509Certificate(leafPem);
  const authority = new X509Certificate(authorityPem);
  if (keyFingerprint(authority.publicKey) !== expected.authorityFingerprint)
    throw wrong('another authority signed it');
  if (!authority.verify(authority.publicKey) || !authority.ca) throw wrong('its authority is none');
  if (!leaf.checkIssued(authority) || !leaf.verify(authority.publicKey))
    throw wrong('its signature does not fit its authority');
  const identity = identityOf(leaf);
  if (identity?.role !== expected.role || identity.id !== expected.id) throw wrong('it names someone else');
  if (identity.keyFingerprint !== keyFingerprint(expected.keyPem)) throw wrong('it is for another key');
  return { authorityPem: joinChain([authorityPem]), expiresAt: leaf.validToDate.getTime() };
}
