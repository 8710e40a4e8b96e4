/**
 * The client side of TLS, for whoever dials. The chain must lead to the one
 * pinned certificate (our authority; for pairing the agent's own), and then
 * `checkServerIdentity` checks role and id, in place of the host name: grpc-js
 * calls it only when the chain was verified, so verification is never
 * switched off. Make credentials once an identity: grpc-js compares channels
 * by the very object.
 */
import { createSecureContext, type SecureContext } from 'node:tls';
import { X509Certificate } from 'node:crypto';

import { credentials, type ChannelCredentials, type ChannelOptions } from '@grpc/grpc-js';

import { identityOf, keyFingerprint, type PeerIdentity, type Role } from './identity.ts';
import {
  CONNECTION_WINDOW_BYTES,
  HANDSHAKE_TIMEOUT_MS,
  KEEPALIVE_INTERVAL_MS,
  KEEPALIVE_TIMEOUT_MS,
  MESSAGE_BYTES,
} from './link-limits.ts';
import './fragments.ts';

export interface OwnIdentity {
  /** PEM: leaf, then the authority. */
  chainPem: string;
  keyPem: string;
}

/** Whom we mean to reach: any server node, or the one agent with its registered key. */
export interface Expected {
  role: Role;
  id?: string;
  keyFingerprint?: string;
  /** Hears who it is, once it was checked and before anything is sent. */
  accepted?: (identity: PeerIdentity) => void;
}

/** Lets through only a peer that the authority vouches for, in the role (and with the id) expected. */
export function channelCredentials(
  authorityPem: string,
  expected: Expected,
  own?: OwnIdentity,
): ChannelCredentials {
  return pinned(authorityPem, own, (leaf) => {
    const identity = identityOf(leaf);
    if (identity?.role !== expected.role)
      return `its certificate is not that of a Longshore ${expected.role}`;
    if (expected.id !== undefined && identity.id !== expected.id)
      return `it is ${identity.role} ${identity.id}, not ${expected.id}`;
    if (expected.keyFingerprint !== undefined && identity.keyFingerprint !== expected.keyFingerprint)
      return 'its key is another one';
    expected.accepted?.(identity);
    return undefined;
  });
}

/** Lets through only the holder of one key, whose self-signed certificate this is: an agent that is not paired yet. */
export function pinnedKeyCredentials(
  certificatePem: string,
  fingerprint: string,
  own: OwnIdentity,
): ChannelCredentials {
  return pinned(certificatePem, own, (leaf) =>
    keyFingerprint(leaf.publicKey) === fingerprint ? undefined : 'its key is another one',
  );
}

function pinned(
  rootPem: string,
  own: OwnIdentity | undefined,
  objection: (leaf: X509Certificate) => string | undefined,
): ChannelCredentials {
  const pinning = credentials.createFromSecureContext(contextOf(rootPem, own), {
    checkServerIdentity(_host, certificate) {
      const why = objection(new X509Certificate(certificate.raw));
      return why === undefined ? undefined : new Error(`the peer is refused: ${why}`);
    },
  });
  return withHandshakeTimeout(pinning);
}

/**
 * grpc-js waits for a TLS handshake without end: behind a dead network that is until TCP gives up, after minutes, and
 * a dial that hangs so long does not notice that the network is back.
 */
function withHandshakeTimeout(pinning: ChannelCredentials): ChannelCredentials {
  const make = pinning._createSecureConnector.bind(pinning);
  pinning._createSecureConnector = (...args) => {
    const connector = make(...args);
    const connect = connector.connect.bind(connector);
    connector.connect = async (socket) => {
      const timer = setTimeout(
        () => socket.destroy(new Error(`no TLS handshake within ${HANDSHAKE_TIMEOUT_MS / 1000} s`)),
        HANDSHAKE_TIMEOUT_MS,
      );
      timer.unref();
      return connect(socket).finally(() => clearTimeout(timer));
    };
    return connector;
  };
  return pinning;
}

/** One costs some milliseconds: who dials thousands, or again and again, makes it once an identity. */
const contexts = new WeakMap<OwnIdentity, { rootPem: string; context: SecureContext }>();

function contextOf(rootPem: string, own: OwnIdentity | undefined): SecureContext {
  const known = own === undefined ? undefined : contexts.get(own);
  if (known?.rootPem === rootPem) return known.context;
  const context = createSecureContext({
    ca: rootPem,
    minVersion: 'TLSv1.3',
    ...(own === undefined ? {} : { cert: own.chainPem, key: own.keyPem }),
  });
  if (own !== undefined) contexts.set(own, { rootPem, context });
  return context;
}

/**
 * Options of every channel of ours.
 *
 * @param through `proxy` honours `https_proxy` (an agent that dials out); `direct` never does (a server that dials agents)
 */
export function channelOptions(through: 'proxy' | 'direct'): ChannelOptions {
  return {
    // Our own layer is the only one that tries again; grpc-js would buffer for replay.
    'grpc.enable_retries': 0,
    'grpc.enable_channelz': 0,
    // A channel is a connection of its own: bulk must not share the heartbeat's.
    'grpc.use_local_subchannel_pool': 1,
    // No DNS TXT look-ups.
    'grpc.service_config_disable_resolution': 1,
    'grpc.enable_http_proxy': through === 'proxy' ? 1 : 0,
    'grpc.max_receive_message_length': MESSAGE_BYTES,
    'grpc.max_send_message_length': MESSAGE_BYTES,
    'grpc.keepalive_time_ms': KEEPALIVE_INTERVAL_MS,
    'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
    'grpc.keepalive_permit_without_calls': 1,
    'grpc-node.flow_control_window': CONNECTION_WINDOW_BYTES,
    // An IP address can't be a server name; identity is checked by role and id.
    'grpc.ssl_target_name_override': SERVER_NAME,
  };
}

/** The fixed TLS server name of every peer. */
export const SERVER_NAME = 'longshore.internal';
