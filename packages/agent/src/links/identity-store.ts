/**
 * The agent's identity on disk, below `<dataDir>/identity/`, mode 0700 and
 * files 0600. Each file is replaced whole (temp + rename), the record last:
 * where there is a record, there is all that it needs.
 *
 *   key.pem          made here, never leaves this machine
 *   certificate.pem  leaf, then the authority
 *   agent.json       who we are, and to whom
 *   pairing.json     listening, until paired: the one-time secret
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

import { AppError, isErrno, isId, toError } from '@longshore/base';
import { readJson, shape, type Shape } from '@longshore/base/shape';
import { createKey } from '@longshore/protocol/certificates';
import type { OwnIdentity } from '@longshore/protocol/credentials';
import { splitChain } from '@longshore/protocol/pem';

export interface AgentRecord {
  version: 1;
  mode: 'polling' | 'listening';
  agentId: string;
  name: string;
  /** host:port that a polling agent dials first; empty when listening. */
  server: string;
  serverName: string;
  /** SHA-256 of the authority's SubjectPublicKeyInfo, hex. */
  authorityFingerprint: string;
  ephemeral: boolean;
}

/** What a listening agent needs before it is paired. */
export interface PairingRecord {
  version: 1;
  /** Hex. */
  secret: string;
  /** host:port as the pairing string names it. */
  address: string;
}

const RECORD: Shape<AgentRecord> = shape.fields({
  version: shape.only(1),
  mode: shape.only('polling', 'listening'),
  agentId: shape.such('an id', isId),
  name: shape.text,
  server: shape.text,
  serverName: shape.text,
  authorityFingerprint: shape.hex,
  ephemeral: shape.flag,
});
const PAIRING: Shape<PairingRecord> = shape.fields({
  version: shape.only(1),
  secret: shape.hex,
  address: shape.text,
});

export interface StoredIdentity extends OwnIdentity {
  record: AgentRecord;
  authorityPem: string;
  /** Of the certificate, milliseconds since the epoch. */
  issuedAt: number;
  expiresAt: number;
}

export class IdentityStore {
  readonly #folder: string;

  constructor(dataDir: string) {
    this.#folder = join(dataDir, 'identity');
  }

  /** @throws AppError `corrupt` */
  load(): StoredIdentity | undefined {
    const text = this.#read('agent.json');
    if (text === undefined) return undefined;
    const chainPem = this.#read('certificate.pem');
    const keyPem = this.#read('key.pem');
    if (chainPem === undefined || keyPem === undefined) throw this.#damaged('a file is missing');
    const [leafPem, authorityPem] = splitChain(chainPem);
    if (leafPem === undefined || authorityPem === undefined) throw this.#damaged('certificate.pem');
    this.#usable('key.pem', () => createPrivateKey(keyPem));
    this.#usable('certificate.pem', () => new X509Certificate(authorityPem));
    const leaf = this.#usable('certificate.pem', () => new X509Certificate(leafPem));
    const [issuedAt, expiresAt] = [Date.parse(leaf.validFrom), Date.parse(leaf.validTo)];
    if (!Number.isFinite(issuedAt) || !Number.isFinite(expiresAt))
      throw this.#damaged('certificate.pem has no times that can be read');
    return {
      record: this.#parse(text, RECORD, 'agent.json'),
      chainPem,
      keyPem,
      authorityPem,
      issuedAt,
      expiresAt,
    };
  }

  /** The key, made at the first call: a registration that is repeated uses the same. */
  key(): string {
    const there = this.#read('key.pem');
    if (there !== undefined) return there;
    const made = createKey();
    this.#write('key.pem', made);
    return made;
  }

  /** A key that was made elsewhere takes the place of ours. */
  importKey(keyPem: string): void {
    this.#write('key.pem', keyPem);
  }

  save(record: AgentRecord, chainPem: string): void {
    this.#write('certificate.pem', chainPem);
    this.#write('agent.json', JSON.stringify(record, null, 2) + '\n');
    this.#remove('pairing.json');
  }

  replaceCertificate(chainPem: string): void {
    this.#write('certificate.pem', chainPem);
  }

  pairing(): PairingRecord | undefined {
    const text = this.#read('pairing.json');
    return text === undefined ? undefined : this.#parse(text, PAIRING, 'pairing.json');
  }

  savePairing(pairing: PairingRecord): void {
    this.#write('pairing.json', JSON.stringify(pairing, null, 2) + '\n');
  }

  /** Forgets who we are, the key too. */
  clear(): void {
    for (const name of ['agent.json', 'pairing.json', 'certificate.pem', 'key.pem']) this.#remove(name);
  }

  #read(name: string): string | undefined {
    try {
      return readFileSync(join(this.#folder, name), 'utf8');
    } catch (thrown) {
      if (isErrno(thrown, 'ENOENT')) return undefined;
      throw new AppError('unavailable', `reading ${join(this.#folder, name)} failed`, { cause: thrown });
    }
  }

  #write(name: string, content: string): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    chmodSync(this.#folder, 0o700);
    const target = join(this.#folder, name);
    const temporary = `${target}.${process.pid}.new`;
    rmSync(temporary, { force: true });
    try {
      writeDurably(temporary, content);
      renameSync(temporary, target);
    } catch (thrown) {
      rmSync(temporary, { force: true });
      throw thrown;
    }
    const folder = openSync(this.#folder, 'r');
    fsyncSync(folder);
    closeSync(folder);
  }

  #remove(name: string): void {
    rmSync(join(this.#folder, name), { force: true });
  }

  #parse<T>(text: string, of: Shape<T>, name: string): T {
    try {
      return readJson(text, of, name);
    } catch (thrown) {
      throw this.#damaged(toError(thrown).message);
    }
  }

  #usable<T>(name: string, read: () => T): T {
    try {
      return read();
    } catch {
      throw this.#damaged(`${name} does not hold what it should`);
    }
  }

  #damaged(what: string): AppError {
    return new AppError('corrupt', `the identity below ${this.#folder} can't be used: ${what}`);
  }
}

/** All of it, or an error: a disk with little room takes a part of a write without a word. */
function writeDurably(path: string, content: string): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    const bytes = Buffer.from(content);
    for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
