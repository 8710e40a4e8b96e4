/** SHA-256 as the spool's segments use it, for `app`, which may import no library. */
import { createHash, randomBytes } from 'node:crypto';

import { listDigest } from '@longshore/protocol/segments';
import { damagedRanges, scanRecords } from '@longshore/protocol/spool-record';

import type { Digests } from '../app/ports/core-api.ts';
import { missingRecords } from './accept.ts';

const TICKET_BYTES = 32;

export const digests: Digests = {
  begin() {
    const hash = createHash('sha256');
    return {
      add: (bytes) => void hash.update(bytes),
      hex: () => hash.copy().digest('hex'),
    };
  },
  wholeRecords: (bytes) => scanRecords(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)).whole,
  damage: damagedRanges,
  missingRecords,
  ofList: (segmentDigests) =>
    listDigest(segmentDigests.map((digest) => Buffer.from(digest, 'hex'))).toString('hex'),
  newTicket() {
    const ticket = randomBytes(TICKET_BYTES);
    return { ticket, hash: createHash('sha256').update(ticket).digest('hex') };
  },
};
