/**
 * Registering a polling agent with a one-time token. The token carries the
 * fingerprint of the server's authority: nothing is trusted on first use, and
 * the token's secret is sent only to a server that the authority vouches for.
 */
import { Metadata } from '@grpc/grpc-js';
import { parseAddress, formatAddress } from '@longshore/protocol/address';
import { checkIssued, createRequest } from '@longshore/protocol/certificates';
import { channelCredentials, channelOptions } from '@longshore/protocol/credentials';
import {
  EnrolmentClient,
  type RegisterRequest,
  type RegisterResponse,
} from '@longshore/protocol/gen/longshore/trust/v1/trust';
import { fromStatus } from '@longshore/protocol/grpc-status';
import { fetchAuthority } from '@longshore/protocol/peer-chain';
import { parseToken } from '@longshore/protocol/token';

import { ENROLMENT_CALL_TIMEOUT_MS } from '../limits.ts';
import type { AgentRecord, IdentityStore } from './identity-store.ts';

const DEFAULT_PORT = 10_943;

export interface Registration {
  /** `lst_…` */
  token: string;
  /** host:port instead of the token's; empty takes that. */
  server: string;
  name: string;
  /** Empty: all pools of the token. */
  pools: string[];
  labels: Record<string, string>;
  /** 0: the server's default. */
  slots: number;
  ephemeral: boolean;
}

export interface Registered extends AgentRecord {
  /** For people: `worker of linux`, `deployment target of Production, with web`. */
  registeredAs: string[];
  warnings: string[];
}

/**
 * Gets an identity and stores it. May be repeated when the answer was lost.
 *
 * @throws AppError `invalid` (the token's text), `forbidden` (another server), `unauthenticated`, `gone` (the token was
 * used or expired), `conflict` (the name is taken), `unavailable`
 */
export async function register(store: IdentityStore, registration: Registration): Promise<Registered> {
  const token = parseToken(registration.token);
  const address = parseAddress(
    registration.server === '' ? token.server : registration.server,
    'server',
    DEFAULT_PORT,
  );
  const authorityPem = await fetchAuthority(address, token.authorityFingerprint);
  const keyPem = store.key();
  const response = await call(formatAddress(address), authorityPem, {
    tokenId: token.id,
    tokenSecret: token.secret,
    csrDer: createRequest(keyPem),
    name: registration.name,
    pools: registration.pools,
    labels: registration.labels,
    slots: registration.slots,
    ephemeral: registration.ephemeral,
  });
  const { agentId, certificateChainPem, serverName, registeredAs, warnings } = response;
  const { authorityFingerprint } = token;
  checkIssued(certificateChainPem, { authorityFingerprint, keyPem, role: 'agent', id: agentId });
  const record: AgentRecord = {
    version: 1,
    mode: 'polling',
    agentId,
    name: registration.name,
    server: formatAddress(address),
    serverName,
    authorityFingerprint,
    ephemeral: registration.ephemeral,
  };
  store.save(record, certificateChainPem);
  return { ...record, registeredAs, warnings };
}

function call(address: string, authorityPem: string, request: RegisterRequest): Promise<RegisterResponse> {
  const client = new EnrolmentClient(
    address,
    channelCredentials(authorityPem, { role: 'server' }),
    channelOptions('proxy'),
  );
  return new Promise<RegisterResponse>((resolve, reject) => {
    const options = { deadline: Date.now() + ENROLMENT_CALL_TIMEOUT_MS };
    client.register(request, new Metadata(), options, (error, response) => {
      if (error === null) resolve(response);
      else reject(fromStatus(error, `registering with the server at ${address}`));
    });
  }).finally(() => client.close());
}
