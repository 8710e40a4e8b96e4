import { describe, expect, test } from '@jest/globals';

import type { AgentSession } from '../app/ports/agents.ts';
import { SessionDirectory } from './directory.ts';

function sessionOf(agentId: string): { session: AgentSession; closed: string[] } {
  const closed: string[] = [];
  const close = (reason: string): void => void closed.push(reason);
  return { session: { agentId, close } as unknown as AgentSession, closed };
}

describe('of two sessions of an agent', () => {
  test('the newer takes the place of the older', () => {
    const directory = new SessionDirectory();
    const [older, newer] = [sessionOf('a'), sessionOf('a')];
    for (const { session } of [older, newer]) {
      directory.welcome(session);
      directory.add(session);
    }
    expect([older.closed, newer.closed]).toEqual([['replaced'], []]);
    directory.remove(older.session);
    expect(directory.session('a')).toBe(newer.session);
  });

  test('the older is closed when the newer is welcomed while its inventory is still to come', () => {
    const directory = new SessionDirectory();
    const [older, newer, other] = [sessionOf('a'), sessionOf('a'), sessionOf('b')];
    for (const { session } of [older, other, newer]) directory.welcome(session);
    expect([older.closed, newer.closed, other.closed]).toEqual([['replaced'], [], []]);
    directory.remove(older.session);
    directory.add(newer.session);
    expect(newer.closed).toEqual([]);
  });
});
