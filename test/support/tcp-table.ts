/** What the kernel says of TCP connections over IPv4 (/proc/net/tcp). */
import { readFileSync } from 'node:fs';

export interface TcpRow {
  localPort: number;
  remotePort: number;
  state: string;
  /** Written by this end, and not yet acknowledged by the other end's kernel. */
  unacknowledgedBytes: number;
  /** Come, and not yet read by the program at this end. */
  unreadBytes: number;
  inode: string;
}

const STATES: Record<string, string> = {
  '01': 'established',
  '02': 'synSent',
  '04': 'finWait1',
  '05': 'finWait2',
  '06': 'timeWait',
  '08': 'closeWait',
  '0A': 'listening',
};

export function tcpTable(): TcpRow[] {
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .slice(1, -1)
    .map((row) => {
      const [, local = '', remote = '', state = '', queues = '', , , , , inode = ''] = row
        .trim()
        .split(/\s+/);
      return {
        localPort: portOf(local),
        remotePort: portOf(remote),
        state: STATES[state] ?? state,
        unacknowledgedBytes: Number.parseInt(queues, 16),
        unreadBytes: Number.parseInt(queues.slice(queues.indexOf(':') + 1), 16),
        inode,
      };
    });
}

function portOf(address: string): number {
  return Number.parseInt(address.slice(address.indexOf(':') + 1), 16);
}
