/**
 * All of the server's side of agents, as main sees it: the authority, the
 * agent port, the dialler, pairing, and who is connected.
 *
 *   open ──▶ (the core is made with `directory`) ──▶ start(inbox) ──▶ drain ──▶ close
 */
import { toError, type Clock, type Ids, type Logger } from '@longshore/base';
import type { Address } from '@longshore/protocol/address';
import type { SessionEnd } from '@longshore/protocol/session';
import { encodeToken } from '@longshore/protocol/token';

import type { AgentInbox } from '../app/ports/agents.ts';
import type { Sealer } from '../app/ports/sealer.ts';
import type { Store } from '../app/ports/store.ts';
import { serveAgentSession } from './agent-session.ts';
import { ServerAuthority } from './authority.ts';
import type { AgentConnection, ServeSession } from './connection.ts';
import { Dialler } from './dialler.ts';
import { SessionDirectory } from './directory.ts';
import { Enrolment } from './enrolment.ts';
import { Gateway } from './gateway.ts';
import { AgentPairing } from './pairing.ts';
import { Revocation } from './revocation.ts';

export interface AgentLinksOptions {
  store: Store;
  sealer: Sealer;
  clock: Clock;
  ids: Ids;
  logger: Logger;
  nodeId: string;
  listen: Address;
  /** host:port of the agent port as agents see it; tokens carry it. Asked for when the port is known. */
  publicAddress: (port: number) => string;
  /** Names of this node for its certificate, beside localhost and the host name. */
  hosts?: readonly string[];
  /** Hears of connections that were turned away, and of sessions ended for what their agent sent. */
  counters?: { connectionRefused(port: 'agents', reason: string): void; violated(code: string): void };
  /** Tokens of this creator make built-in workers. */
  builtInCreator?: string;
}

export class AgentLinks implements AsyncDisposable {
  /** Who is connected: for the core. */
  readonly directory = new SessionDirectory();
  readonly authority: ServerAuthority;
  readonly pairing: AgentPairing;
  readonly #options: AgentLinksOptions;
  readonly #running = new Set<Promise<unknown>>();
  #gateway: Gateway | undefined;
  #dialler: Dialler | undefined;
  #revocation: Revocation | undefined;

  private constructor(options: AgentLinksOptions, authority: ServerAuthority) {
    this.#options = options;
    this.authority = authority;
    this.pairing = new AgentPairing({ ...options, authority });
  }

  /** Takes or makes the authority; nothing listens yet. */
  static async open(options: AgentLinksOptions): Promise<AgentLinks> {
    return new AgentLinks(options, await ServerAuthority.open(options));
  }

  /** Opens the agent port and dials. After the core has taken up what it owns. */
  async start(inbox: AgentInbox): Promise<void> {
    const { store, clock, logger, ids, listen, publicAddress, builtInCreator } = this.#options;
    const serve: ServeSession<SessionEnd> = (connection) => this.#serve(connection, inbox);
    const common = { store, authority: this.authority, clock, logger, serve };
    const enrolment = new Enrolment({
      ...common,
      ids,
      serverName: publicAddress(listen.port),
      ...(builtInCreator === undefined ? {} : { builtInCreator }),
    });
    const { counters } = this.#options;
    const refused = (reason: string): void => counters?.connectionRefused('agents', reason);
    this.#gateway = await Gateway.start({ ...common, enrolment, listen, refused });
    this.#revocation = new Revocation({
      store,
      clock,
      logger,
      directory: this.directory,
      cut: (ids) => this.#gateway?.cut(ids),
    });
    this.#dialler = new Dialler(common);
    this.#dialler.start();
  }

  /** Of the agent port, once it listens. */
  get port(): number {
    return this.#gateway?.port ?? this.#options.listen.port;
  }

  /** The text of a one-time token (`Secrets.tokenText`). */
  async tokenText({ id, secret }: { id: string; secret: string }): Promise<string> {
    return encodeToken({
      id,
      secret: Buffer.from(secret, 'base64url'),
      authorityFingerprint: this.authority.fingerprint,
      server: this.#options.publicAddress(this.port),
    });
  }

  /** Health says that this node is leaving; sessions go on. */
  drain(): void {
    this.#gateway?.drain();
  }

  /** Sessions say goodbye, then everything is closed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#revocation?.close();
    this.#gateway?.stopListening();
    this.directory.closeAll('this server node stops');
    await this.#dialler?.[Symbol.asyncDispose]();
    await this.#gateway?.[Symbol.asyncDispose]();
    await Promise.all(this.#running);
    this.authority.close();
  }

  #serve(connection: AgentConnection, inbox: AgentInbox): Promise<SessionEnd> {
    const { clock, logger, ids, nodeId, counters } = this.#options;
    const { id, keyFingerprint } = connection.peer;
    const served = serveAgentSession({
      ...connection,
      inbox,
      directory: this.directory,
      nodeId,
      issueCertificate: async (csrDer) =>
        (await this.authority.issueForAgent(id, csrDer, keyFingerprint)).chainPem,
      packagePiece: (digest, offset) => this.#options.store.read((tx) => tx.packages.piece(digest, offset)),
      violated: (code) => counters?.violated(code),
      clock,
      logger,
      ids,
    }).catch((thrown: unknown): SessionEnd => {
      const error = toError(thrown);
      logger.error('serving a session failed', { agentId: id, error });
      return { kind: 'failed', detail: error.message, error };
    });
    this.#running.add(served);
    return served.finally(() => this.#running.delete(served));
  }
}
