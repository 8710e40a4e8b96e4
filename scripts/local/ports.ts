/** The ports of the quickstart: free, or a word on what to do. The tests ask about theirs by the same two questions. */
import { connect, createServer } from 'node:net';

export interface Ports {
  http: number;
  agent: number;
  listen: number;
}

const OPTIONS: Record<keyof Ports, { env: string; standard: number; what: string }> = {
  http: { env: 'LONGSHORE_HTTP_PORT', standard: 8080, what: 'REST' },
  agent: { env: 'LONGSHORE_AGENT_PORT', standard: 10943, what: 'polling agents' },
  listen: { env: 'LONGSHORE_LISTEN_PORT', standard: 10933, what: 'the listening agent' },
};

export function portsFrom(env: NodeJS.ProcessEnv): Ports {
  const port = (name: keyof Ports): number => Number(env[OPTIONS[name].env] ?? OPTIONS[name].standard);
  return { http: port('http'), agent: port('agent'), listen: port('listen') };
}

/** What to tell the user; undefined when all are free. */
export async function checkPorts(ports: Ports): Promise<string | undefined> {
  const taken: (keyof Ports)[] = [];
  for (const name of Object.keys(OPTIONS) as (keyof Ports)[]) {
    if (!(await isFree(ports[name]))) taken.push(name);
  }
  if (taken.length === 0) return undefined;
  const others = taken.map((name) => `${OPTIONS[name].env}=${ports[name] + 10_000}`).join(' ');
  return [
    ...taken.map((name) => `Port ${ports[name]} (${OPTIONS[name].what}) is in use by another program.`),
    'Choose others that are free, such as',
    `  ${others} ./scripts/quickstart`,
  ].join('\n');
}

export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
      .once('error', () => resolve(false))
      .listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

/** Whether somebody listens there; asked without taking the port. */
export function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(port, '127.0.0.1')
      .once('connect', () => {
        probe.destroy();
        resolve(true);
      })
      .once('error', () => resolve(false));
  });
}
