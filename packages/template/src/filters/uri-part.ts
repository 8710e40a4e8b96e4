/**
 * `UriPart Host` and its like. What is wrong is told in the text itself, as Octopus does it.
 * Addresses are read as browsers read them (WHATWG), which differs from .NET for odd ones.
 */
import { type Filter, ofText } from './filter.ts';

const DEFAULT_PORTS: Readonly<Record<string, number>> = {
  ...{ 'http:': 80, 'https:': 443, 'ftp:': 21 },
  ...{ 'ws:': 80, 'wss:': 443, 'ssh:': 22 },
};

const defaultPort = ({ protocol }: URL): number => DEFAULT_PORTS[protocol] ?? -1;
const portOf = (uri: URL): number => (uri.port === '' ? defaultPort(uri) : Number(uri.port));
const bareHost = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '');

const PARTS: Readonly<Record<string, (uri: URL) => string>> = {
  absolutepath: ({ pathname }) => pathname,
  absoluteuri: ({ href }) => href,
  authority: ({ host }) => host,
  dnssafehost: bareHost,
  fragment: ({ hash }) => hash,
  host: ({ hostname }) => hostname,
  hostandport: (uri) => (portOf(uri) < 0 ? uri.hostname : `${uri.hostname}:${portOf(uri)}`),
  hostnametype: hostType,
  isabsoluteuri: () => 'true',
  isdefaultport: (uri) => String(portOf(uri) === defaultPort(uri)),
  isfile: ({ protocol }) => String(protocol === 'file:'),
  isloopback: (uri) => String(isLoopback(uri)),
  isunc: ({ protocol, hostname }) => String(protocol === 'file:' && hostname !== ''),
  path: localPath,
  pathandquery: ({ pathname, search }) => pathname + search,
  port: (uri) => String(portOf(uri)),
  query: ({ search }) => search,
  scheme: ({ protocol }) => protocol.slice(0, -1),
  schemeandserver: ({ protocol, host }) => `${protocol}//${host}`,
  userinfo: ({ username, password }) => (password === '' ? username : `${username}:${password}`),
};

function hostType({ hostname }: URL): string {
  if (hostname === '') return 'Basic';
  if (hostname.startsWith('[')) return 'IPv6';
  return /^\d+\.\d+\.\d+\.\d+$/.test(hostname) ? 'IPv4' : 'Dns';
}

function isLoopback(uri: URL): boolean {
  if (uri.protocol === 'file:' && uri.hostname === '') return true;
  const host = bareHost(uri);
  return host === 'localhost' || host === '::1' || (hostType(uri) === 'IPv4' && host.startsWith('127.'));
}

function localPath({ pathname }: URL): string {
  try {
    return decodeURIComponent(pathname);
  } catch {
    return pathname;
  }
}

export const uriPart: Filter = ofText((text, [name]) => {
  if (name === undefined) return '[UriPart error: no argument given]';
  const part = Object.hasOwn(PARTS, name.toLowerCase()) ? PARTS[name.toLowerCase()] : undefined;
  if (part === undefined) return `[UriPart ${name} error: argument '${name}' not supported]`;
  const uri = URL.parse(text);
  if (uri !== null) return part(uri);
  if (name.toLowerCase() === 'isabsoluteuri') return 'false';
  return `[UriPart ${name} error: This operation is not supported for a relative URI.]`;
});
