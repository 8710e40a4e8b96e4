/**
 * The certificate authority's craft: keys, requests, certificates; EC P-256
 * throughout. What a certificate says of role and id is the issuer's word
 * alone: of a request only its key is used, once its signature proved it.
 *
 * OpenSSL (node:crypto) signs, verifies and reads keys; only the frame around
 * them is put together here, for the library that does it (@peculiar/x509)
 * takes 13 MB of memory in each process that used it once. The tests compare
 * the two.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  verify,
  X509Certificate,
  type KeyObject,
} from 'node:crypto';
import { isIP } from 'node:net';

import { AppError } from '@longshore/base';

import {
  bitString,
  contextTag,
  element,
  integer,
  oid,
  readAll,
  readInside,
  sequence,
  TAG,
  time,
  type Element,
} from './der.ts';
import { identityOf, identityUri, keyFingerprint, type Role } from './identity.ts';
import { joinChain, splitChain } from './pem.ts';

/** Peers' clocks may be behind by this much. */
const BACKDATE_MS = 3_600_000;

const ECDSA_WITH_SHA256 = sequence(oid('1.2.840.10045.4.3.2'));
/** What the SubjectPublicKeyInfo of a P-256 key begins with; its uncompressed point follows. */
const P256_KEY_START = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex');
const P256_KEY_BYTES = 91;
const COMMON_NAME = oid('2.5.4.3');
const EXTENSION = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
} as const;
const TRUE = element(TAG.boolean, Buffer.of(0xff));

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

/** A new private key, PKCS #8 PEM. */
export function createKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
}

export function createAuthority(name: string, validity: Validity): Authority {
  const keyPem = createKey();
  const subject = commonName(name);
  const certificatePem = signedCertificate(keyPem, {
    issuer: subject,
    subject,
    publicKey: publicKeyOf(keyPem),
    validity,
    extensions: [
      extension('basicConstraints', 'critical', sequence(TRUE, integer(Buffer.of(0)))),
      // keyCertSign and cRLSign: bits 5 and 6.
      extension('keyUsage', 'critical', bitString(Buffer.of(0b0000_0110), 1)),
      extension(
        'subjectKeyIdentifier',
        'plain',
        element(TAG.octetString, keyIdentifier(publicKeyOf(keyPem))),
      ),
    ],
  });
  return { certificatePem, keyPem };
}

/** A certificate request, DER: shows possession of the key and nothing else. */
export function createRequest(keyPem: string): Buffer {
  const info = sequence(
    integer(Buffer.of(0)),
    commonName('longshore'),
    publicKeyOf(keyPem),
    element(contextTag(0, 'constructed')),
  );
  return signed(info, keyPem);
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
export function issueCertificate(
  authority: Authority,
  request: { csrDer: Uint8Array; subject: Subject },
  validity: Validity,
): Issued {
  const key = requestKey(request.csrDer);
  const { role, id, hosts = [] } = request.subject;
  const leaf = signedCertificate(authority.keyPem, {
    issuer: subjectOf(authority.certificatePem),
    subject: commonName(`${role} ${id}`),
    publicKey: key.export({ type: 'spki', format: 'der' }),
    validity,
    extensions: [
      extension('basicConstraints', 'critical', sequence()),
      // digitalSignature: bit 0.
      extension('keyUsage', 'critical', bitString(Buffer.of(0b1000_0000), 7)),
      // TLS, at either end.
      extension('extendedKeyUsage', 'plain', sequence(oid('1.3.6.1.5.5.7.3.1'), oid('1.3.6.1.5.5.7.3.2'))),
      extension('subjectAltName', 'plain', sequence(uriName(identityUri(role, id)), ...hosts.map(hostName))),
      extension(
        'authorityKeyIdentifier',
        'plain',
        sequence(element(contextTag(0, 'primitive'), keyIdentifier(publicKeyOf(authority.keyPem)))),
      ),
    ],
  });
  return {
    chainPem: joinChain([leaf, authority.certificatePem]),
    keyFingerprint: keyFingerprint(key),
    expiresAt: validity.now + validity.lifetimeMs,
  };
}

/**
 * The key that a request proves.
 *
 * @throws AppError `invalid`
 */
export function requestKey(csrDer: Uint8Array): KeyObject {
  const wrong = (why: string, cause?: unknown): AppError =>
    new AppError('invalid', `the certificate request is not right: ${why}`, { cause });
  let parts: ReturnType<typeof requestParts>;
  try {
    parts = requestParts(Buffer.from(csrDer));
  } catch (thrown) {
    throw wrong('it can not be read', thrown);
  }
  const { info, spki, signature } = parts;
  const plain =
    spki.length === P256_KEY_BYTES && spki.subarray(0, P256_KEY_START.length).equals(P256_KEY_START);
  if (!plain) throw wrong('its key must be EC P-256');
  let key: KeyObject;
  try {
    key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  } catch (thrown) {
    throw wrong('its key is none', thrown);
  }
  if (!verify('sha256', info, key, signature)) throw wrong('its signature does not fit its key');
  return key;
}

/** A certificate that vouches for nothing but its own key, for a listening agent that is not paired yet. */
export function createSelfSigned(keyPem: string, validity: Validity): string {
  const name = commonName('longshore agent, not paired');
  const publicKey = publicKeyOf(keyPem);
  return signedCertificate(keyPem, { issuer: name, subject: name, publicKey, validity, extensions: [] });
}

/** PKCS #10: CertificationRequest. */
function requestParts(csr: Buffer): { info: Buffer; spki: Buffer; signature: Buffer } {
  const [info, algorithm, signature] = expectTags(readInside(csr, TAG.sequence), [
    TAG.sequence,
    TAG.sequence,
    TAG.bitString,
  ]);
  const [, , spki] = expectTags(readAll(info.content).slice(0, 3), [TAG.integer, TAG.sequence, TAG.sequence]);
  if (!algorithm.whole.equals(ECDSA_WITH_SHA256))
    throw new AppError('corrupt', 'it is signed by another algorithm');
  if (signature.content[0] !== 0) throw new AppError('corrupt', 'its signature is cut');
  return { info: info.whole, spki: spki.whole, signature: signature.content.subarray(1) };
}

function expectTags(elements: Element[], tags: [number, number, number]): [Element, Element, Element] {
  if (elements.length !== tags.length || elements.some(({ tag }, i) => tag !== tags[i]))
    throw new AppError('corrupt', 'its parts are not those expected');
  return elements as [Element, Element, Element];
}

interface ToBeSigned {
  issuer: Buffer;
  subject: Buffer;
  publicKey: Buffer;
  validity: Validity;
  extensions: Buffer[];
}

/** RFC 5280, version 3. As PEM. */
function signedCertificate(
  keyPem: string,
  { issuer, subject, publicKey, validity: { now, lifetimeMs }, extensions }: ToBeSigned,
): string {
  const certificate = sequence(
    element(contextTag(0, 'constructed'), integer(Buffer.of(2))),
    integer(serialNumber()),
    ECDSA_WITH_SHA256,
    issuer,
    sequence(time(now - BACKDATE_MS), time(now + lifetimeMs)),
    subject,
    publicKey,
    ...(extensions.length === 0 ? [] : [element(contextTag(3, 'constructed'), sequence(...extensions))]),
  );
  return joinChain([new X509Certificate(signed(certificate, keyPem)).toString()]);
}

function signed(content: Buffer, keyPem: string): Buffer {
  const signature = sign('sha256', content, createPrivateKey(keyPem));
  return sequence(content, ECDSA_WITH_SHA256, bitString(signature));
}

/** 127 random bits, positive. */
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes.writeUInt8(bytes.readUInt8(0) & 0x7f, 0);
  return bytes;
}

function commonName(text: string): Buffer {
  return sequence(element(TAG.set, sequence(COMMON_NAME, element(TAG.utf8, Buffer.from(text)))));
}

/** Byte for byte: verifiers compare names so. */
function subjectOf(certificatePem: string): Buffer {
  const { raw } = new X509Certificate(certificatePem);
  const [certificate] = readInside(raw, TAG.sequence);
  const [, , , , , subject] = readAll(certificate?.content ?? Buffer.alloc(0));
  if (subject?.tag !== TAG.sequence) throw new AppError('corrupt', 'the authority has no name');
  return subject.whole;
}

/** SubjectPublicKeyInfo. */
function publicKeyOf(keyPem: string): Buffer {
  return createPublicKey(keyPem).export({ type: 'spki', format: 'der' });
}

/** RFC 5280's first method: SHA-1 of the key's bits. It names, and protects nothing. */
function keyIdentifier(spki: Buffer): Buffer {
  const [, bits] = readInside(spki, TAG.sequence);
  return createHash('sha1')
    .update(bits?.content.subarray(1) ?? '')
    .digest();
}

function extension(name: keyof typeof EXTENSION, weight: 'critical' | 'plain', value: Buffer): Buffer {
  const critical = weight === 'critical' ? [TRUE] : [];
  return sequence(oid(EXTENSION[name]), ...critical, element(TAG.octetString, value));
}

function uriName(uri: string): Buffer {
  return element(contextTag(6, 'primitive'), Buffer.from(uri, 'latin1'));
}

function hostName(host: string): Buffer {
  const family = isIP(host);
  if (family === 0) return element(contextTag(2, 'primitive'), Buffer.from(host, 'latin1'));
  const address = family === 4 ? host.split('.').map(Number) : ipv6Bytes(host);
  return element(contextTag(7, 'primitive'), Buffer.from(address));
}

function ipv6Bytes(address: string): number[] {
  // As a URL it has no dotted tail, no zone, and at most one `::`.
  const plain = new URL(`http://[${address.split('%')[0] ?? ''}]/`).hostname.slice(1, -1);
  const [head = [], tail = []] = plain.split('::').map((half) => (half === '' ? [] : half.split(':')));
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0');
  return [...head, ...zeros, ...tail]
    .map((group) => Number.parseInt(group, 16))
    .flatMap((n) => [n >> 8, n & 0xff]);
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
  const [leaf, authority] = [leafPem, authorityPem].map((pem) => readCertificate(pem));
  if (leaf === undefined || authority === undefined) throw wrong('it can not be read');
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

function readCertificate(pem: string): X509Certificate | undefined {
  try {
    const certificate = new X509Certificate(pem);
    // A key of a kind that nobody here knows is told only when it is asked for.
    return certificate.publicKey.type === 'public' ? certificate : undefined;
  } catch {
    return undefined;
  }
}
