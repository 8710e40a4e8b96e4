/**
 * The standard health service (grpc.health.v1). Two messages of one field
 * each, so they are written here by hand: the library for it would load a
 * second protobuf implementation into every server.
 */
import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import {
  status,
  type sendUnaryData,
  type Server,
  type ServerUnaryCall,
  type ServerWritableStream,
} from '@grpc/grpc-js';

const SERVING = 1;
const NOT_SERVING = 2;

/** Tag of field 1: a string of the request, an enumeration of the response. */
const SERVICE_TAG = 10;
const STATUS_TAG = 8;

/** An object, for grpc-js takes an empty string for no message at all. */
interface HealthRequest {
  service: string;
}

interface Method {
  path: string;
  responseStream: boolean;
}

function method({ path, responseStream }: Method) {
  return {
    path,
    requestStream: false,
    responseStream,
    requestSerialize: ({ service }: HealthRequest): Buffer =>
      Buffer.from(new BinaryWriter().uint32(SERVICE_TAG).string(service).finish()),
    requestDeserialize: readRequest,
    responseSerialize: (value: number): Buffer =>
      Buffer.from(new BinaryWriter().uint32(STATUS_TAG).int32(value).finish()),
    responseDeserialize: (bytes: Buffer): number => bytes.readUInt8(1),
  } as const;
}

function readRequest(bytes: Buffer): HealthRequest {
  const reader = new BinaryReader(bytes);
  let service = '';
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag !== SERVICE_TAG) break; // Of a later version; what we know comes first.
    service = reader.string();
  }
  return { service };
}

type Watcher = ServerWritableStream<HealthRequest, number>;

export class Health {
  readonly #services: ReadonlySet<string>;
  readonly #watchers = new Set<Watcher>();
  #status = SERVING;

  /** @param services names that may be asked for, beside the empty one, which is the server as a whole */
  constructor(services: readonly string[]) {
    this.#services = new Set(['', ...services]);
  }

  addTo(server: Server): void {
    server.addService(
      {
        Check: method({ path: '/grpc.health.v1.Health/Check', responseStream: false }),
        Watch: method({ path: '/grpc.health.v1.Health/Watch', responseStream: true }),
      },
      {
        Check: (call: ServerUnaryCall<HealthRequest, number>, reply: sendUnaryData<number>) => {
          if (this.#services.has(call.request.service)) reply(null, this.#status);
          else reply({ code: status.NOT_FOUND, details: `there is no service ${call.request.service}` });
        },
        Watch: (call: Watcher) => {
          this.#watchers.add(call);
          call.on('cancelled', () => this.#watchers.delete(call));
          call.write(this.#status);
        },
      },
    );
  }

  /** The server drains: look for another node. */
  notServing(): void {
    this.#status = NOT_SERVING;
    for (const watcher of this.#watchers) {
      watcher.write(NOT_SERVING);
      watcher.end();
    }
    this.#watchers.clear();
  }
}
