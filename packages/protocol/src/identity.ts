/**
 * Who a TLS peer is. Role and id stand in exactly one SAN URI,
 * `longshore://agent/<id>` or `longshore://server/<nodeId>`, and the key in
 * the certificate is the identity that the server registered. Default deny:
 * whatever is not exactly that is nobody.
 */
import { createHash, createPublicKey, X509Certificate, type KeyObject } from 'node:crypto';

import { isId } from '@longshore/base';

export type Role = 'agent' | 'server';

export interface PeerIdentity {
  role: Role;
  id: string;
  /** SHA-256 of the SubjectPublicKeyInfo, hex. */
  keyFingerprint: string;
}

const URI = /^URI:longshore:\/\/(agent|server)\/([^/]+)$/;

export function identityUri(role: Role, id: string): string {
  return `longshore://${role}/${id}`;
}

/** Of a certificate whose chain was verified already; undefined when it names no one of ours, or more than one. */
export function identityOf(certificate: X509Certificate): PeerIdentity | undefined {
  const names = certificate.subjectAltName;
  // Node quotes a name that could be mistaken for two: ours never need that.
  if (names === undefined || names.includes('"')) return undefined;
  const uris = names.split(', ').filter((name) => name.startsWith('URI:'));
  const [, role, id] = (uris.length === 1 && URI.exec(uris[0] ?? '')) || [];
  if (role === undefined || id === undefined || !isId(id)) return undefined;
  return { role: role as Role, id, keyFingerprint: keyFingerprint(certificate.publicKey) };
}

/** SHA-256 of the key's SubjectPublicKeyInfo, hex; of a private key, that of its public half. */
export function keyFingerprint(key: KeyObject | string): string {
  const publicKey = typeof key === 'string' || key.type === 'private' ? createPublicKey(key) : key;
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}

/** What grpc-js tells of a call's peer: empty unless TLS verified its chain. */
export interface AuthenticatedCall {
  getAuthContext(): { sslPeerCertificate?: { raw?: Buffer } };
}

/** The peer of a gRPC call; undefined when it showed no certificate that the authority vouches for. */
export function identityOfCall(call: AuthenticatedCall): PeerIdentity | undefined {
  const raw = call.getAuthContext().sslPeerCertificate?.raw;
  return raw === undefined ? undefined : identityOf(new X509Certificate(raw));
}
