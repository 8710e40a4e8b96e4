/** `host:port`, with IPv6 in brackets. */
import { isIPv6 } from 'node:net';

import { invalid } from '@longshore/base';

export interface Address {
  host: string;
  port: number;
}

const HOST_AND_PORT = /^(?:\[([0-9A-Fa-f:.]+)\]|([^\s:/[\]]+))(?::(\d{1,5}))?$/;

/**
 * @param field names the input in the error
 * @throws AppError `invalid`
 */
export function parseAddress(text: string, field: string, defaultPort?: number): Address {
  const [, ipv6, name, portText] = HOST_AND_PORT.exec(text.trim()) ?? [];
  const host = ipv6 ?? name;
  const port = portText === undefined ? defaultPort : Number(portText);
  const known = ipv6 === undefined ? name !== undefined : isIPv6(ipv6);
  if (host === undefined || !known || port === undefined || port > 65_535)
    throw invalid(field, text, 'host:port, such as deploy.example.com:10943');
  return { host, port };
}

export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
