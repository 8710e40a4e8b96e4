/** What the key of the certificate authority is bound to. */
export const AUTHORITY_CONTEXT = 'authority';

/** Seals what is secret with the master key, which is kept outside the database. */
export interface Sealer {
  /** AES-256-GCM, `v1.…`; `context` is bound in and must be the same to open it. */
  seal(plain: string, context: string): string;
  /** @throws AppError `corrupt` */
  open(sealed: string, context: string): string;
}
