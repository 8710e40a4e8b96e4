/** The two calls of a pairing, as promises with deadlines and our own errors. */
import { Metadata } from '@grpc/grpc-js';
import { AppError } from '@longshore/base';
import type {
  BeginRequest,
  BeginResponse,
  CompleteRequest,
  CompleteResponse,
  PairingClient,
} from '@longshore/protocol/gen/longshore/trust/v1/trust';
import { fromStatus } from '@longshore/protocol/grpc-status';

import { PAIRING_CALL_TIMEOUT_MS } from '../limits.ts';

const deadline = (): { deadline: number } => ({ deadline: Date.now() + PAIRING_CALL_TIMEOUT_MS });

/** @throws AppError */
export function beginPairing(client: PairingClient, request: BeginRequest): Promise<BeginResponse> {
  return new Promise((resolve, reject) => {
    client.begin(request, new Metadata(), deadline(), (error, response) => {
      if (error === null) resolve(response);
      else reject(pairingError(error));
    });
  });
}

/** @throws AppError */
export function completePairing(client: PairingClient, request: CompleteRequest): Promise<CompleteResponse> {
  return new Promise((resolve, reject) => {
    client.complete(request, new Metadata(), deadline(), (error, response) => {
      if (error === null) resolve(response);
      else reject(pairingError(error));
    });
  });
}

/** An agent that was paired before has no such service any more. */
function pairingError(error: unknown): AppError {
  const told = fromStatus(error, 'pairing with the agent');
  return told.code === 'gone' ? pairedAlready(error) : told;
}

export function pairedAlready(cause?: unknown): AppError {
  return new AppError(
    'conflict',
    'this agent is paired already: `longshore-agent configure --reset` on its machine makes a new pairing string',
    { cause },
  );
}
