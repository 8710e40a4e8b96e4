/**
 * Pairing a listening agent: `links` implements it, the REST handler of
 * `POST /workers` and that of `POST /targets` call it. The pairing string is a secret until it was used.
 */
import type { TargetClaim } from '../../domain/model/target-claim.ts';
import type { Worker } from '../../domain/worker.ts';

export interface ListeningAgentRequest {
  /** `lsp_…`, as `longshore-agent configure` printed it. */
  pairing: string;
  /** host:port to dial instead of the one in the pairing string; null takes that one. */
  address: string | null;
  worker: {
    spaceId: string;
    /** Empty: the agent's host name of the address. */
    name: string;
    /** Ids, at least one unless it is a target; that they exist is checked again in the transaction that inserts the worker. */
    poolIds: string[];
    labels: Record<string, string>;
    slots: number;
    /** The deployment target that it is to be, under the same name; null: none. */
    target: TargetClaim | null;
  };
  /** Who asked, for the audit record. */
  createdBy: string;
}

export interface PairingPort {
  /**
   * Dials the agent, proves the one-time secret both ways bound to both TLS keys, issues its certificate and
   * inserts the worker. The dialler takes the new worker up by itself.
   *
   * @returns the worker as it was inserted
   * @throws AppError `invalid` (the pairing string, or a pool that is not there), `conflict` (the name is taken, or the
   * agent is paired already), `unavailable` (it can't be reached), `forbidden` (wrong key or secret)
   */
  pairListeningAgent(request: ListeningAgentRequest): Promise<Worker>;
}
