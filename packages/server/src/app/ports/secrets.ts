/** Makes and hashes secrets for `app`, which itself knows no cryptography. `api/secrets.ts` implements it. */
export interface Secrets {
  /** 256 random bits as base64url. */
  make(): string;
  /** SHA-256 of the secret's bytes (not of its text), hex. Enough for what `make` made: it can't be guessed. */
  hash(secret: string): string;
  /** Compares two hashes in constant time. */
  same(a: string, b: string): boolean;
  /** The string of a one-time token: id, secret, the authority's fingerprint, the server's address. */
  tokenText(token: { id: string; secret: string }): Promise<string>;
}
