/**
 * A gRPC server that gets its connections from a `TlsPort`. It also widens the
 * HTTP/2 receive window, which grpc-js leaves at 64 KiB for servers without
 * an option (0.7 MiB/s at 50 ms of round trip): by two private fields, whose
 * presence is checked; without them it is slow over distance, and says so.
 */
import type { Http2Server, ServerHttp2Session, Settings } from 'node:http2';

import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { Logger } from '@longshore/base';

import {
  CONNECTION_IDLE_MS,
  CONNECTION_WINDOW_BYTES,
  KEEPALIVE_INTERVAL_MS,
  KEEPALIVE_TIMEOUT_MS,
  MESSAGE_BYTES,
  PEER_STREAMS,
  UNVERIFIED_HTTP2_MEGABYTES,
  UNVERIFIED_MESSAGE_BYTES,
  UNVERIFIED_STREAMS,
} from './link-limits.ts';
import './fragments.ts';

export type ConnectionInjector = ReturnType<Server['createConnectionInjector']>;

/** The private fields of grpc-js 1.14 that the wider window needs. */
interface ServerInside {
  commonServerOptions?: { settings?: Settings };
  http2Servers?: Map<Http2Server, unknown>;
}

export interface LinkServer {
  /** To add services to. */
  server: Server;
  injector: ConnectionInjector;
  /** True where grpc-js let the window be widened. */
  wideWindow: boolean;
}

/** Who calls: `known` peers move bulk; `anybody` may not make this process hold more than a little for it. */
export type Callers = 'known' | 'anybody';

export function createLinkServer(logger: Logger, callers: Callers = 'known'): LinkServer {
  const server = new Server({
    'grpc.enable_channelz': 0,
    'grpc.max_send_message_length': MESSAGE_BYTES,
    'grpc.keepalive_time_ms': KEEPALIVE_INTERVAL_MS,
    'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
    'grpc.max_connection_idle_ms': CONNECTION_IDLE_MS,
    ...(callers === 'known'
      ? { 'grpc.max_receive_message_length': MESSAGE_BYTES, 'grpc.max_concurrent_streams': PEER_STREAMS }
      : {
          'grpc.max_receive_message_length': UNVERIFIED_MESSAGE_BYTES,
          'grpc.max_concurrent_streams': UNVERIFIED_STREAMS,
          'grpc-node.max_session_memory': UNVERIFIED_HTTP2_MEGABYTES,
        }),
  });
  const wideWindow = callers === 'known' && widenWindow(server);
  // TLS is the port's: these credentials say only that grpc-js has none to do.
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  if (callers === 'anybody') return { server, injector, wideWindow };
  const http2Servers = (server as unknown as ServerInside).http2Servers;
  const http2Server = http2Servers instanceof Map ? [...http2Servers.keys()].at(-1) : undefined;
  http2Server?.on('session', (session: ServerHttp2Session) =>
    session.setLocalWindowSize(CONNECTION_WINDOW_BYTES),
  );
  if (!wideWindow || http2Server === undefined) {
    logger.warn(
      'this grpc-js does not let its receive window be widened: transfers from a distance are slow',
    );
    return { server, injector, wideWindow: false };
  }
  return { server, injector, wideWindow };
}

/** Of the streams; before the first connection. */
function widenWindow(server: Server): boolean {
  const inside = server as unknown as ServerInside;
  if (typeof inside.commonServerOptions !== 'object') return false;
  inside.commonServerOptions.settings = {
    ...inside.commonServerOptions.settings,
    initialWindowSize: CONNECTION_WINDOW_BYTES,
  };
  return true;
}
