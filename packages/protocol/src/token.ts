/**
 * The one-time token of `longshore-agent register`: what admits the agent,
 * what proves the server to it (so that nothing is trusted on first use), and
 * where the server is.
 */
import { AppError, isId } from '@longshore/base';

import { parseAddress } from './address.ts';
import { decodeChecked, encodeChecked, fieldOfLength } from './checked-text.ts';

export interface RegistrationTokenText {
  id: string;
  /** 32 random bytes; the server keeps their SHA-256 only. */
  secret: Buffer;
  /** SHA-256 of the authority's SubjectPublicKeyInfo, hex. */
  authorityFingerprint: string;
  /** host:port of a server's agent port. */
  server: string;
}

export const TOKEN_SECRET_BYTES = 32;
const KIND = { prefix: 'lst_', what: 'one-time token' };

export function encodeToken(token: RegistrationTokenText): string {
  return encodeChecked(KIND, [
    Buffer.from(token.id),
    token.secret,
    Buffer.from(token.authorityFingerprint, 'hex'),
    Buffer.from(token.server),
  ]);
}

/** @throws AppError `invalid`, which never shows the text */
export function parseToken(text: string): RegistrationTokenText {
  const [id, secret, fingerprint, server] = decodeChecked(KIND, text, 4);
  const token = {
    id: String(id),
    secret: fieldOfLength(KIND, secret, TOKEN_SECRET_BYTES),
    authorityFingerprint: fieldOfLength(KIND, fingerprint, 32).toString('hex'),
    server: String(server),
  };
  if (!isId(token.id)) throw new AppError('invalid', 'this is not a one-time token: its id is none');
  parseAddress(token.server, 'server address of the token');
  return token;
}
