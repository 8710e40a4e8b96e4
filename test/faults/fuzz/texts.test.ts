/** Short texts that people and programs write: tokens, addresses, cursors, durations, sizes, names. */
import { expect } from '@jest/globals';

import { formatDuration, formatSize, isId, parseDuration, parseSize } from '@longshore/base';
import { formatAddress, parseAddress } from '@longshore/protocol/address';
import { encodePairing, parsePairing } from '@longshore/protocol/pairing';
import { encodeToken, parseToken } from '@longshore/protocol/token';
import { encodeCursor, parseCursor } from '@longshore/server/api/cursor';
import { createSecrets } from '@longshore/server/api/secrets';
import { createApiKeys, newApiKey } from '@longshore/server/app/machines/api-keys';
import type { Store } from '@longshore/server/app/ports/store';
import { createIds, isCode, silentLogger, systemClock } from '@longshore/base';

import { readMutex } from '../../../packages/cli/src/run/request.ts';
import { interpreterOf, INTERPRETERS } from '../../../packages/cli/src/run/script-source.ts';
import { fuzzEach, type FuzzTarget, texts } from './target.ts';

const ID = '01ARZ3NDEKTSV4RRFFQ69G5FAV';

const token = {
  id: ID,
  secret: Buffer.alloc(32, 1),
  authorityFingerprint: 'ab'.repeat(32),
  server: 'a.example:10943',
};
const pairing = { address: '[::1]:10933', keyFingerprint: 'cd'.repeat(32), secret: Buffer.alloc(32, 2) };

/** What is refused is told by its field, and shown. */
function named(read: (text: string) => void): (input: Buffer) => void {
  return (input) => {
    try {
      read(input.toString());
    } catch (thrown) {
      if (isCode(thrown, 'invalid')) expect(thrown.message).toMatch(/^--it: .*; expected /s);
      throw thrown;
    }
  };
}

/** What is refused is a secret, and not shown. */
function secret(read: (text: string) => void): (input: Buffer) => void {
  return (input) => {
    const text = input.toString();
    try {
      read(text);
    } catch (thrown) {
      const said = JSON.stringify([(thrown as Error).message, thrown]);
      const shown = Array.from({ length: 48 }, (_, i) => text.slice(8 + 4 * i, 20 + 4 * i)).find(
        (part) => part.length === 12 && said.includes(part),
      );
      expect(shown).toBeUndefined();
      throw thrown;
    }
  };
}

const keys = (() => {
  const parts = { clock: systemClock, ids: createIds(), secrets: createSecrets() };
  const { row, key } = newApiKey(parts as never, { spaceId: 'default', name: 'a' });
  const apiKeys = { bySecretHash: async (hash: string) => (hash === row.secretHash ? row : undefined) };
  const store = {
    listen: () => () => undefined,
    read: (work: (tx: object) => unknown) => work({ apiKeys }),
    write: async () => undefined,
  } as unknown as Store;
  return {
    key,
    api: createApiKeys({ ...parts, secrets: parts.secrets as never, store, logger: silentLogger }),
  };
})();

const TARGETS: FuzzTarget[] = [
  {
    name: 'tokens',
    corpus: texts(encodeToken(token), 'lst_', 'lst_AAAA'),
    // What is taken is written again as one that reads the same.
    read: secret((text) => expect(parseToken(encodeToken(parseToken(text)))).toEqual(parseToken(text))),
  },
  {
    name: 'pairing strings',
    corpus: texts(encodePairing(pairing), 'lsp_'),
    read: secret((text) =>
      expect(parsePairing(encodePairing(parsePairing(text)))).toEqual(parsePairing(text)),
    ),
  },
  {
    name: 'API keys',
    corpus: texts(keys.key, 'lsk_', `${keys.key} `),
    async read(input) {
      const text = input.toString();
      await keys.api.authenticate(text).catch((thrown: unknown) => {
        expect(text).not.toBe(keys.key);
        if (text.length > 20) expect((thrown as Error).message).not.toContain(text.slice(8, 20));
        throw thrown;
      });
      expect(text).toBe(keys.key);
    },
  },
  {
    name: 'addresses',
    corpus: texts('localhost:80', '[::1]:10943', '10.0.0.1', 'a.example:65535', '[fe80::1]'),
    read: named((text) => {
      const parsed = parseAddress(text, '--it', 1);
      expect(parsed.port).toBeLessThanOrEqual(65_535);
      expect(parseAddress(formatAddress(parsed), '--it')).toEqual(parsed);
    }),
  },
  {
    name: 'cursors',
    corpus: texts('1.0', `1.12~${ID}.400.3`, `1.12~${ID}.400.3~${ID}.1.1`),
    read(input) {
      const place = parseCursor(input.toString());
      for (const [id, { offset, event }] of place.attempts) {
        expect(isId(id)).toBe(true);
        expect(Number.isSafeInteger(offset) && Number.isSafeInteger(event)).toBe(true);
      }
      expect(parseCursor(encodeCursor(place)).log).toBe(place.log);
    },
  },
  {
    name: 'durations',
    corpus: texts('90s', '1h30m', '250ms', '1.5h', '2d', '106751991d'),
    words: ['ms', 's', 'm', 'h', 'd', '.', ' '],
    read: named((text) => {
      const ms = parseDuration(text, '--it');
      expect(Number.isSafeInteger(ms) && ms >= 0).toBe(true);
      expect(parseDuration(`${ms}ms`, '--it')).toBe(ms);
      expect(formatDuration(ms)).not.toContain('NaN');
    }),
  },
  {
    name: 'sizes',
    corpus: texts('4096', '500MB', '10 GiB', '8191TiB'),
    words: ['kib', 'TB', ' ', 'b'],
    read: named((text) => {
      const bytes = parseSize(text, '--it');
      expect(Number.isSafeInteger(bytes) && bytes >= 0).toBe(true);
      expect(parseSize(formatSize(bytes), '--it')).toBe(bytes);
    }),
  },
  {
    name: 'mutexes',
    corpus: texts('deploy', 'deploy:reader', 'a:b:writer'),
    words: [':', ':reader', ':writer'],
    read(input) {
      const { name, mode } = readMutex(input.toString());
      expect(readMutex(`${name}:${mode}`)).toEqual({ name, mode });
    },
  },
  {
    name: 'first lines of scripts',
    corpus: texts('#!/bin/sh\necho', '#!/usr/bin/env -S A=1 python3.12 -u\n', '#! /usr/bin/pwsh', 'echo'),
    words: ['#!', 'env ', '/', 'python3.', 'node', '-S ', 'constructor', 'toString'],
    read(input) {
      const found = interpreterOf('', input.toString());
      expect(INTERPRETERS).toContain(found);
      return found;
    },
  },
];

fuzzEach(TARGETS);
