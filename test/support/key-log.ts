/**
 * The secrets of a program's TLS connections, as Node writes them down for who
 * asks it to (`--tls-keylog`, the format of NSS): nothing in the program knows
 * of it. Lines come a moment after they were needed, so each is waited for.
 */
import { closeSync, existsSync, openSync, readSync } from 'node:fs';

import { until } from './until.ts';

/** Of TLS 1.3, by the connection's first ClientHello. */
export type SecretName =
  | 'CLIENT_HANDSHAKE_TRAFFIC_SECRET'
  | 'SERVER_HANDSHAKE_TRAFFIC_SECRET'
  | 'CLIENT_TRAFFIC_SECRET_0'
  | 'SERVER_TRAFFIC_SECRET_0';

const READ_BYTES = 64 * 1024;
const LINE_MS = 20_000;
const LOOK_AGAIN_MS = 2;

export class KeyLog {
  readonly #file: string;
  readonly #secrets = new Map<string, Buffer>();
  #at = 0;
  #begun = '';

  /** @param file need not be there yet */
  constructor(file: string) {
    this.#file = file;
  }

  /** For the program whose secrets are wanted. */
  env(): NodeJS.ProcessEnv {
    return { NODE_OPTIONS: `--tls-keylog=${this.#file}` };
  }

  /** @returns undefined when the connection is over before it comes @throws Error when it does not come */
  async secret(
    name: SecretName,
    { clientRandom, over }: { clientRandom: Buffer; over: () => boolean },
  ): Promise<Buffer | undefined> {
    const key = `${name} ${clientRandom.toString('hex')}`;
    const found = await until(
      `${this.#file} has the ${name}`,
      () => {
        if (!this.#secrets.has(key)) this.#readOn();
        return this.#secrets.get(key) ?? (over() ? 'over' : undefined);
      },
      { timeoutMs: LINE_MS, pauseMs: LOOK_AGAIN_MS },
    );
    return found === 'over' ? undefined : found;
  }

  #readOn(): void {
    if (!existsSync(this.#file)) return;
    const file = openSync(this.#file, 'r');
    try {
      const part = Buffer.alloc(READ_BYTES);
      for (let read = 1; read > 0; this.#at += read) {
        read = readSync(file, part, 0, READ_BYTES, this.#at);
        this.#take(part.toString('latin1', 0, read));
      }
    } finally {
      closeSync(file);
    }
  }

  #take(text: string): void {
    const lines = `${this.#begun}${text}`.split('\n');
    this.#begun = lines.pop() ?? '';
    for (const line of lines) {
      const [name = '', random = '', secret = ''] = line.split(' ');
      this.#secrets.set(`${name} ${random}`, Buffer.from(secret, 'hex'));
    }
  }
}
