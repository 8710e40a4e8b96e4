/** The link over real TLS: the agent dials the gateway (polling), or the server dials the agent's port (listening). */
import { createIds, silentLogger, systemClock } from '@longshore/base';
import { channelCredentials, channelOptions } from '@longshore/protocol/credentials';
import { AgentGatewayClient, AgentHostClient } from '@longshore/protocol/gen/longshore/link/v1/link';
import {
  agentDataDuplex,
  agentLinkDuplex,
  serverDataDuplex,
  serverLinkDuplex,
} from '@longshore/protocol/grpc-duplex';
import type { SessionEnd } from '@longshore/protocol/session';
import { HostListener } from '@longshore/agent/links/host-listener';
import { serveAgentSession, type ServeOptions } from '@longshore/server/links/agent-session';
import type { AgentConnection } from '@longshore/server/links/connection';
import { SessionDirectory } from '@longshore/server/links/directory';
import { Enrolment } from '@longshore/server/links/enrolment';
import { Gateway } from '@longshore/server/links/gateway';

import type { Transport } from './link-behaviour.ts';
import { NODE_ID, type Agent, type RecordingInbox } from './link-rig.ts';
import { TrustStage } from './trust-stage.ts';

/** Nobody listens there. */
const NOWHERE = '127.0.0.1:1';

const ids = createIds();

function serveOptions(inbox: RecordingInbox): Omit<ServeOptions, keyof AgentConnection> {
  return {
    inbox,
    directory: new SessionDirectory(),
    nodeId: NODE_ID,
    issueCertificate: () => Promise.reject(new Error('none here')),
    clock: systemClock,
    logger: silentLogger,
    ids,
  };
}

export async function polling(): Promise<Transport> {
  const stage = await TrustStage.start();
  const own = await stage.worker();
  const { authority, store } = stage;
  let refused = false;
  let accept: (connection: AgentConnection) => Promise<void> = () => Promise.resolve();
  const common = { store, authority, clock: systemClock, logger: silentLogger, ids };
  const gateway = await Gateway.start({
    ...common,
    enrolment: new Enrolment({ ...common, serverName: 'test' }),
    serve: (connection) => accept(connection),
    listen: { host: '127.0.0.1', port: 0 },
  });
  const address = `127.0.0.1:${gateway.port}`;
  const credentials = channelCredentials(authority.certificatePem, { role: 'server' }, own);
  return {
    agentId: own.id,
    async connect(agent: Agent, inbox: RecordingInbox) {
      const served = Promise.withResolvers<SessionEnd>();
      accept = async (connection) => {
        const end = serveAgentSession({ ...connection, ...serveOptions(inbox) });
        served.resolve(end);
        await end;
      };
      const stop = new AbortController();
      const control = new AgentGatewayClient(address, credentials, channelOptions('direct'));
      const call = control.link();
      let dataConnections = 0;
      const open = (): ReturnType<typeof agentDataDuplex> => {
        const bulk = new AgentGatewayClient(
          refused ? NOWHERE : address,
          credentials,
          channelOptions('direct'),
        );
        const duplex = agentDataDuplex(bulk.data());
        if (!refused) dataConnections += 1;
        void duplex.closed.then(() => bulk.close());
        return duplex;
      };
      const agentEnd = agent.engine.runSession(
        agentLinkDuplex(call),
        { kind: 'dial', open },
        { peer: NODE_ID, signal: stop.signal },
      );
      void agentEnd.then(() => control.close());
      return {
        agentEnd,
        serverEnd: served.promise,
        cut: () => gateway.cut(new Set([own.id])),
        stop: () => stop.abort(),
        dataConnections: () => dataConnections,
      };
    },
    refuseData: (refuse) => void (refused = refuse),
    async close() {
      await gateway[Symbol.asyncDispose]();
      await stage[Symbol.asyncDispose]();
    },
  };
}

export async function listening(): Promise<Transport> {
  const stage = await TrustStage.start();
  const own = await stage.worker({ mode: 'listening' });
  let refused = false;
  let serve: HostServe = () => Promise.resolve({ kind: 'again', detail: '' });
  const listener = await HostListener.start({
    store: stage.paired(own),
    clock: systemClock,
    logger: silentLogger,
    listen: { host: '127.0.0.1', port: 0 },
    name: 'listening',
    identified: () => undefined,
    unwanted: () => undefined,
    serve: (connection) => serve(connection),
  });
  const address = `127.0.0.1:${listener.port}`;
  const credentials = channelCredentials(
    stage.authority.certificatePem,
    { role: 'agent', id: own.id },
    stage.authority.own,
  );
  return {
    agentId: own.id,
    async connect(agent: Agent, inbox: RecordingInbox) {
      const ended = Promise.withResolvers<SessionEnd>();
      const stop = new AbortController();
      serve = async ({ duplex, data, nodeId }) => {
        const end = await agent.engine.runSession(duplex, data, { peer: nodeId, signal: stop.signal });
        ended.resolve(end);
        return { kind: 'again', detail: end.kind };
      };
      const control = new AgentHostClient(address, credentials, channelOptions('direct'));
      const call = control.link();
      let dataConnections = 0;
      const open = (): ReturnType<typeof serverDataDuplex> => {
        const bulk = new AgentHostClient(refused ? NOWHERE : address, credentials, channelOptions('direct'));
        const duplex = serverDataDuplex(bulk.data());
        if (!refused) dataConnections += 1;
        void duplex.closed.then(() => bulk.close());
        return duplex;
      };
      const peer = { role: 'agent' as const, id: own.id, keyFingerprint: 'f' };
      const serverEnd = serveAgentSession({
        duplex: serverLinkDuplex(call),
        data: { kind: 'dial', open },
        peer,
        ...serveOptions(inbox),
      });
      void serverEnd.then(() => control.close());
      return {
        agentEnd: ended.promise,
        serverEnd,
        cut: () => call.cancel(),
        stop: () => stop.abort(),
        dataConnections: () => dataConnections,
      };
    },
    refuseData: (refuse) => void (refused = refuse),
    async close() {
      await listener[Symbol.asyncDispose]();
      await stage[Symbol.asyncDispose]();
    },
  };
}

type HostServe = Parameters<typeof HostListener.start>[0]['serve'];
