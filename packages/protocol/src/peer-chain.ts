/**
 * Reads the certificates that a peer shows, where all that we hold is a
 * fingerprint: of the authority (in a one-time token), or of the agent's key
 * (in a pairing string). The handshake proves that the peer holds the key of
 * its first certificate. Nothing is believed and nothing is sent: TLS, still
 * verifying, refuses the unknown chain and ends the connection right after.
 * Only what fits the fingerprint is then used as the root of a real one.
 */
import { X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';

import { AppError, systemClock } from '@longshore/base';

import { formatAddress, type Address } from './address.ts';
import { SERVER_NAME } from './credentials.ts';
import { keyFingerprint } from './identity.ts';
import { HANDSHAKE_TIMEOUT_MS } from './link-limits.ts';
import { validityProblem } from './validity.ts';

/**
 * The certificate of the authority with this fingerprint, as PEM.
 *
 * @throws AppError `forbidden` when the server shows another, `unavailable` when it can't be reached
 */
export async function fetchAuthority(address: Address, fingerprint: string): Promise<string> {
  const chain = await readPeerChain(address);
  const authority = chain.find((one) => keyFingerprint(one.publicKey) === fingerprint);
  if (authority === undefined) {
    throw new AppError(
      'forbidden',
      `the server at ${formatAddress(address)} is not the one that made this token: its authority has another key`,
    );
  }
  if (!authority.ca || !authority.verify(authority.publicKey)) {
    throw new AppError(
      'forbidden',
      `the authority that the server at ${formatAddress(address)} shows is not well made`,
    );
  }
  return authority.toString();
}

/**
 * The self-signed certificate of an agent that is not paired yet, as PEM.
 *
 * @throws AppError `forbidden` when it has another key, `unavailable` when it can't be reached
 */
export async function fetchPinnedCertificate(address: Address, fingerprint: string): Promise<string> {
  const [leaf] = await readPeerChain(address);
  if (leaf === undefined || keyFingerprint(leaf.publicKey) !== fingerprint) {
    throw new AppError(
      'forbidden',
      `the agent at ${formatAddress(address)} has another key than the pairing string says`,
    );
  }
  return leaf.toString();
}

/** Why TLS refused the certificate that `address` shows, if its time is the reason; nothing is believed of it. */
export async function untimelyCertificateAt(address: Address): Promise<string | undefined> {
  const [leaf] = await readPeerChain(address);
  return leaf === undefined ? undefined : validityProblem(leaf, systemClock.now());
}

/** Leaf first. */
function readPeerChain(address: Address): Promise<X509Certificate[]> {
  return new Promise((resolve, reject) => {
    let chain: X509Certificate[] | undefined;
    const socket = connect({
      ...address,
      servername: SERVER_NAME,
      ALPNProtocols: ['h2'],
      minVersion: 'TLSv1.3',
    });
    const settle = (why: string, cause?: unknown): void => {
      socket.destroy();
      if (chain !== undefined) resolve(chain);
      else
        reject(new AppError('unavailable', `${formatAddress(address)} can't be reached: ${why}`, { cause }));
    };
    // Before Node's own listener, which verifies and then destroys the socket.
    socket.prependListener('secure', () => {
      chain = chainOf(socket.getPeerX509Certificate());
    });
    socket.setTimeout(HANDSHAKE_TIMEOUT_MS, () =>
      settle(`no TLS handshake within ${HANDSHAKE_TIMEOUT_MS / 1000} s`),
    );
    socket.once('secureConnect', () => settle('connected'));
    socket.on('error', (error: Error) => settle(error.message, error));
    socket.once('close', () => settle('it closed the connection'));
  });
}

function chainOf(leaf: X509Certificate | undefined): X509Certificate[] {
  const chain: X509Certificate[] = [];
  for (let one = leaf; one !== undefined && chain.length < 5; one = one.issuerCertificate) {
    chain.push(one);
    if (one.issuerCertificate?.fingerprint256 === one.fingerprint256) break;
  }
  return chain;
}
