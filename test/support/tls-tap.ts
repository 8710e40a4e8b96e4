/**
 * Reads along a TLS 1.3 connection with the secrets of one of its ends.
 *
 *   each direction: plain ──first sealed record──▶ handshake ──Finished──▶ application ──KeyUpdate──▶ application
 *
 * Always true: it gets whole records, all of a direction and in order, from
 * the connection's first byte on; what it can't read it says, it never guesses.
 */
import type { KeyLog, SecretName } from './key-log.ts';
import { RECORD_HEADER_BYTES, TlsCipher } from './tls-cipher.ts';

export type TlsSide = 'client' | 'server';

interface Side {
  epoch: 'plain' | 'handshake' | 'application';
  cipher: TlsCipher | undefined;
  /** Of handshake messages, which may span records. */
  begun: Buffer;
  /** A record of it passed unread: so do those after it. */
  lost: boolean;
}

const RECORD = { changeCipherSpec: 20, alert: 21, handshake: 22, applicationData: 23 };
const LONGEST_RECORD_BYTES = RECORD_HEADER_BYTES + 2 ** 14 + 256;
const MESSAGE = { clientHello: 1, serverHello: 2, finished: 20, keyUpdate: 24 };
const MESSAGE_HEADER_BYTES = 4;
/** Within a hello: its length, the legacy version, then 32 bytes. */
const RANDOM_AT = MESSAGE_HEADER_BYTES + 2;
const RANDOM_BYTES = 32;
/** A ServerHello with this random asks for another ClientHello (RFC 8446, 4.1.3). */
const HELLO_RETRY = 'cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c';
const SECRETS: Record<TlsSide, Record<'handshake' | 'application', SecretName>> = {
  client: { handshake: 'CLIENT_HANDSHAKE_TRAFFIC_SECRET', application: 'CLIENT_TRAFFIC_SECRET_0' },
  server: { handshake: 'SERVER_HANDSHAKE_TRAFFIC_SECRET', application: 'SERVER_TRAFFIC_SECRET_0' },
};
const NOTHING = Buffer.alloc(0);

/** The length of the record with which these bytes begin; 0 when not all of it is here; all of them when it is none. */
export function recordOf(bytes: Buffer): number {
  if (bytes.length < RECORD_HEADER_BYTES) return 0;
  const length = RECORD_HEADER_BYTES + bytes.readUInt16BE(3);
  if (!isRecord(bytes) || length > LONGEST_RECORD_BYTES) return bytes.length;
  return bytes.length < length ? 0 : length;
}

export class TlsTap {
  readonly #keys: KeyLog;
  readonly #sides: Record<TlsSide, Side> = { client: newSide(), server: newSide() };
  #clientRandom: Buffer | undefined;
  #suite: number | undefined;
  #keyUpdates = 0;
  #over = false;

  constructor(keys: KeyLog) {
    this.#keys = keys;
  }

  /** How often either side changed its keys. */
  get keyUpdates(): number {
    return this.#keyUpdates;
  }

  /** No secret is waited for any more. */
  end(): void {
    this.#over = true;
  }

  /** @returns the application's bytes of a whole record; undefined when the connection was over before it could be read */
  async read(from: TlsSide, record: Buffer): Promise<Buffer | undefined> {
    if (!isRecord(record)) throw new Error(`the ${from} sent something else than TLS`);
    const side = this.#sides[from];
    if (side.lost) return undefined;
    const type = record[0];
    if (type === RECORD.changeCipherSpec || (type === RECORD.alert && side.epoch === 'plain')) return NOTHING;
    if (side.epoch === 'plain' && type === RECORD.handshake) {
      this.#handshake(side, record.subarray(RECORD_HEADER_BYTES));
      return NOTHING;
    }
    if (side.epoch === 'plain') side.epoch = 'handshake';
    side.cipher ??= await this.#cipher(from, side.epoch);
    if (side.cipher === undefined) {
      side.lost = true;
      return undefined;
    }
    const inner = side.cipher.open(record);
    if (inner.type === RECORD.applicationData) return inner.content;
    if (inner.type === RECORD.handshake) this.#handshake(side, inner.content);
    return NOTHING;
  }

  async #cipher(from: TlsSide, epoch: 'handshake' | 'application'): Promise<TlsCipher | undefined> {
    const clientRandom = this.#clientRandom;
    if (clientRandom === undefined || this.#suite === undefined)
      throw new Error(`the ${from} sealed a record before both sides had said hello`);
    const over = (): boolean => this.#over;
    const secret = await this.#keys.secret(SECRETS[from][epoch], { clientRandom, over });
    return secret === undefined ? undefined : TlsCipher.of(this.#suite, secret);
  }

  #handshake(side: Side, bytes: Buffer): void {
    side.begun = Buffer.concat([side.begun, bytes]);
    while (side.begun.length >= MESSAGE_HEADER_BYTES) {
      const length = MESSAGE_HEADER_BYTES + side.begun.readUIntBE(1, 3);
      if (side.begun.length < length) return;
      this.#message(side, side.begun.subarray(0, length));
      side.begun = side.begun.subarray(length);
    }
  }

  #message(side: Side, message: Buffer): void {
    switch (message[0]) {
      case MESSAGE.clientHello:
        this.#clientRandom = Buffer.from(message.subarray(RANDOM_AT, RANDOM_AT + RANDOM_BYTES));
        return;
      case MESSAGE.serverHello: {
        if (message.subarray(RANDOM_AT, RANDOM_AT + RANDOM_BYTES).toString('hex') === HELLO_RETRY) return;
        const sessionIdAt = RANDOM_AT + RANDOM_BYTES;
        this.#suite = message.readUInt16BE(sessionIdAt + 1 + message.readUInt8(sessionIdAt));
        return;
      }
      case MESSAGE.finished:
        side.epoch = 'application';
        side.cipher = undefined;
        return;
      case MESSAGE.keyUpdate:
        side.cipher = side.cipher?.next();
        this.#keyUpdates += 1;
        return;
      default: // certificates, tickets and the like: they change nothing here
    }
  }
}

function isRecord(bytes: Buffer): boolean {
  const type = bytes[0] ?? 0;
  return type >= RECORD.changeCipherSpec && type <= RECORD.applicationData && bytes[1] === 3;
}

function newSide(): Side {
  return { epoch: 'plain', cipher: undefined, begun: NOTHING, lost: false };
}
