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
} from './link-limits.ts';

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

export function createLinkServer(logger: Logger): LinkServer {
  const server = new Server({
    'grpc.enable_channelz': 0,
    'grpc.max_receive_message_length': MESSAGE_BYTES,
    'grpc.max_send_message_length': MESSAGE_BYTES,
    'grpc.keepalive_time_ms': KEEPALIVE_INTERVAL_MS,
    'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
    'grpc.max_connection_idle_ms': CONNECTION_IDLE_MS,
  });
  const inside = server as unknown as ServerInside;
  const settable = typeof inside.commonServerOptions === 'object';
  if (settable && inside.commonServerOptions !== undefined) {
    inside.commonServerOptions.settings = {
      ...inside.commonServerOptions.settings,
      initialWindowSize: CONNECTION_WINDOW_BYTES,
    };
  }
  // TLS is the port's: these credentials say only that grpc-js has none to do.
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const http2Server = inside.http2Servers instanceof Map ? [...inside.http2Servers.keys()].at(-1) : undefined;
  http2Server?.on('session', (session: ServerHttp2Session) =>
    session.setLocalWindowSize(CONNECTION_WINDOW_BYTES),
  );
  const wideWindow = settable && http2Server !== undefined;
  if (!wideWindow) {
    logger.warn(
      'this grpc-js does not let its receive window be widened: transfers from a distance are slow',
    );
  }
  return { server, injector, wideWindow };
}
