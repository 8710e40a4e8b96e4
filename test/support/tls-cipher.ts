/** One direction of a TLS 1.3 connection under one traffic secret (RFC 8446, sections 5.2 and 7): its records, in order, in clear. */
import { createDecipheriv, createHmac, type CipherGCMTypes } from 'node:crypto';

interface Suite {
  cipher: CipherGCMTypes | 'chacha20-poly1305';
  keyBytes: number;
  hash: 'sha256' | 'sha384';
}

const SUITES: Readonly<Record<number, Suite>> = {
  0x1301: { cipher: 'aes-128-gcm', keyBytes: 16, hash: 'sha256' },
  0x1302: { cipher: 'aes-256-gcm', keyBytes: 32, hash: 'sha384' },
  0x1303: { cipher: 'chacha20-poly1305', keyBytes: 32, hash: 'sha256' },
};
const IV_BYTES = 12;
const TAG_BYTES = 16;
const HASH_BYTES = { sha256: 32, sha384: 48 };
export const RECORD_HEADER_BYTES = 5;

export class TlsCipher {
  readonly #suite: Suite;
  readonly #secret: Buffer;
  readonly #key: Buffer;
  readonly #iv: Buffer;
  #sequence = 0n;

  private constructor(suite: Suite, secret: Buffer) {
    this.#suite = suite;
    this.#secret = secret;
    this.#key = expandLabel(suite, secret, 'key', suite.keyBytes);
    this.#iv = expandLabel(suite, secret, 'iv', IV_BYTES);
  }

  /** @param suite as a ServerHello names it @throws Error when it is none of TLS 1.3's usual ones */
  static of(suite: number, secret: Buffer): TlsCipher {
    const known = SUITES[suite];
    if (known === undefined) throw new Error(`no cipher suite of TLS 1.3 is known as ${suite.toString(16)}`);
    return new TlsCipher(known, secret);
  }

  /** What follows a KeyUpdate. */
  next(): TlsCipher {
    const { hash } = this.#suite;
    return new TlsCipher(
      this.#suite,
      expandLabel(this.#suite, this.#secret, 'traffic upd', HASH_BYTES[hash]),
    );
  }

  /** The next record, whole. @throws Error when it is not this secret's next */
  open(record: Buffer): { type: number; content: Buffer } {
    const nonce = Buffer.from(this.#iv);
    const sequence = Buffer.alloc(IV_BYTES);
    sequence.writeBigUInt64BE(this.#sequence++, IV_BYTES - 8);
    for (const [n, byte] of sequence.entries()) nonce[n]! ^= byte;
    const header = record.subarray(0, RECORD_HEADER_BYTES);
    const sealed = record.subarray(RECORD_HEADER_BYTES, -TAG_BYTES);
    const decipher = createDecipheriv(this.#suite.cipher as CipherGCMTypes, this.#key, nonce, {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(header, { plaintextLength: sealed.length });
    decipher.setAuthTag(record.subarray(-TAG_BYTES));
    const padded = Buffer.concat([decipher.update(sealed), decipher.final()]);
    // The type is the last byte that is not zero.
    let end = padded.length - 1;
    while (end > 0 && padded[end] === 0) end -= 1;
    return { type: padded[end] ?? 0, content: padded.subarray(0, end) };
  }
}

/** HKDF-Expand-Label without a context, of no more than one block of the hash. */
function expandLabel({ hash }: Suite, secret: Buffer, label: string, length: number): Buffer {
  const name = Buffer.from(`tls13 ${label}`);
  const info = Buffer.concat([
    Buffer.from([length >> 8, length & 255, name.length]),
    name,
    Buffer.from([0, 1]),
  ]);
  return createHmac(hash, secret).update(info).digest().subarray(0, length);
}
