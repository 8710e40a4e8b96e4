/** Why a certificate is not valid now, in words that name both times: a clock that is set wrong is found by them. */
import type { X509Certificate } from 'node:crypto';

/** What TLS says when a certificate's time is the reason. */
const TIMES_OF_TLS = /certificate (is not yet valid|has expired)/;

export function isAboutValidity(message: string): boolean {
  return TIMES_OF_TLS.test(message);
}

/** @returns undefined when it is valid at `now`, milliseconds since the epoch */
export function validityProblem(certificate: X509Certificate, now: number): string | undefined {
  const [from, to] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
  if (now >= from && now <= to) return undefined;
  const what = now < from ? 'is not valid yet' : 'has expired';
  const validity = `valid from ${iso(from)} to ${iso(to)}`;
  return `the certificate ${what}: it is ${validity}, and the clock here shows ${iso(now)}; one of the two clocks is wrong, or the certificate too old`;
}

function iso(time: number): string {
  return Number.isFinite(time) ? new Date(time).toISOString() : 'an unknown time';
}
