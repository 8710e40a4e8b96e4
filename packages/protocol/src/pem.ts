/** PEM texts: certificates one after another, leaf first. */

const BLOCK = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

/** Each certificate of a chain as a PEM text of its own. */
export function splitChain(pem: string): string[] {
  return pem.match(BLOCK) ?? [];
}

export function joinChain(certificates: readonly string[]): string {
  return certificates.map((one) => one.trim() + '\n').join('');
}
