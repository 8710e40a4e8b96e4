/**
 * Server reflection, so that `grpcurl` needs no proto files. What it takes
 * (proto-loader, protobufjs, the descriptors) is loaded at the first question,
 * for it costs memory that few servers ever need.
 */
import { EventEmitter } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import type {
  Server,
  ServerDuplexStream,
  ServiceDefinition,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { toError, type Logger } from '@longshore/base';
import { toStatus } from '@longshore/protocol/grpc-status';

const VERSIONS = ['v1', 'v1alpha'] as const;
const PROTOS = ['longshore/link/v1/link.proto', 'longshore/trust/v1/trust.proto'];

type RawStream = ServerDuplexStream<Buffer, Buffer>;
interface Loaded {
  definition: ServiceDefinition;
  implementation: UntypedServiceImplementation;
}

const bytes = (value: Buffer): Buffer => value;

/** Registers the method of each version as raw bytes; the real service is made when it is called. */
export function addReflection(server: Server, logger: Logger): void {
  let loading: Promise<Map<string, Loaded>> | undefined;
  for (const version of VERSIONS) {
    const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
    server.addService(
      {
        ServerReflectionInfo: {
          path,
          requestStream: true,
          responseStream: true,
          requestSerialize: bytes,
          requestDeserialize: bytes,
          responseSerialize: bytes,
          responseDeserialize: bytes,
        },
      },
      {
        ServerReflectionInfo: (stream: RawStream) => {
          stream.pause();
          loading ??= load();
          loading.then(
            (services) => serve(stream, services.get(path)),
            (thrown: unknown) => {
              loading = undefined;
              logger.error('reflection could not be loaded', { error: toError(thrown) });
              stream.emit('error', toStatus(thrown));
            },
          );
        },
      },
    );
  }
}

/** The library's handler, given a stream of messages in place of bytes. */
function serve(stream: RawStream, loaded: Loaded | undefined): void {
  const [name, method] = Object.entries(loaded?.definition ?? {})[0] ?? [];
  if (loaded === undefined || name === undefined || method === undefined) {
    stream.end();
    return;
  }
  const messages = Object.assign(new EventEmitter(), {
    write: (message: unknown): boolean => stream.write(method.responseSerialize(message)),
    end: (): void => {
      stream.end();
    },
  });
  const handler = loaded.implementation[name] as unknown as (call: typeof messages) => void;
  handler(messages);
  stream.on('data', (request: Buffer) => messages.emit('data', method.requestDeserialize(request)));
  stream.on('end', () => messages.emit('end'));
  stream.resume();
}

async function load(): Promise<Map<string, Loaded>> {
  const [{ ReflectionService }, protoLoader] = await Promise.all([
    import('@grpc/reflection'),
    import('@grpc/proto-loader'),
  ]);
  const root = protoRoot();
  const files = await protoLoader.load(PROTOS, {
    includeDirs: [root],
    longs: String,
    defaults: true,
    oneofs: true,
  });
  const services = new Map<string, Loaded>();
  const collector = {
    addService(definition: ServiceDefinition, implementation: UntypedServiceImplementation): void {
      const [method] = Object.values(definition);
      if (method !== undefined) services.set(method.path, { definition, implementation });
    },
  };
  new ReflectionService(files).addToServer(collector);
  return services;
}

/** Beside the bundle, or at the top of the checkout. */
function protoRoot(): string {
  const candidates = [join(import.meta.dirname, 'proto'), join(import.meta.dirname, '../../../../proto')];
  const found = candidates.find((folder) => existsSync(join(folder, 'longshore')));
  if (found === undefined)
    throw new Error(`the proto folder is not where it should be: ${candidates.join(', ')}`);
  return found;
}
