/**
 * An entry of the journal, big-endian:
 *
 *   u32 length of what follows the CRC | u32 CRC-32 of that
 *   u32 epoch of the file's use | u8 kind | u8 length of the id | id | f64 offset | bytes
 *
 * A file is written over from its start with a higher epoch each time: what
 * follows the last entry of the first one's epoch is of an earlier use.
 */
import { crc32 } from 'node:zlib';

/** `forget`: what entries before it say of this attempt does not count any more, for its file was cut or removed. */
export const ENTRY_KINDS = { append: 1, forget: 2 } as const;
export type EntryKind = keyof typeof ENTRY_KINDS;

export interface Entry {
  kind: EntryKind;
  attemptId: string;
  offset: number;
  bytes: Uint8Array;
}

const FRAME_BYTES = 8;
const FIXED_BYTES = 4 + 1 + 1 + 8;

export function entryBytes({ attemptId, bytes }: Pick<Entry, 'attemptId' | 'bytes'>): number {
  return FRAME_BYTES + FIXED_BYTES + attemptId.length + bytes.length;
}

/** @returns the end of the entry in `target` */
export function writeEntry(
  target: Buffer,
  at: number,
  { entry, epoch }: { entry: Entry; epoch: number },
): number {
  const { kind, attemptId, offset, bytes } = entry;
  const end = at + entryBytes(entry);
  target.writeUInt32BE(end - at - FRAME_BYTES, at);
  target.writeUInt32BE(epoch, at + 8);
  target.writeUInt8(ENTRY_KINDS[kind], at + 12);
  target.writeUInt8(attemptId.length, at + 13);
  target.write(attemptId, at + 14, 'latin1');
  target.writeDoubleBE(offset, at + 14 + attemptId.length);
  target.set(bytes, at + 22 + attemptId.length);
  target.writeUInt32BE(crc32(target.subarray(at + FRAME_BYTES, end)), at + 4);
  return end;
}

const KIND_NAMES: readonly (EntryKind | undefined)[] = [undefined, 'append', 'forget'];

/** The entries of the last use of a journal file, its epoch (0 when there are none), and where the next entry goes. */
export function readEntries(file: Buffer): { epoch: number; entries: Entry[]; end: number } {
  const entries: Entry[] = [];
  let epoch = 0;
  let at = 0;
  for (; at + FRAME_BYTES + FIXED_BYTES <= file.length;) {
    const length = file.readUInt32BE(at);
    const end = at + FRAME_BYTES + length;
    if (
      length < FIXED_BYTES ||
      end > file.length ||
      crc32(file.subarray(at + FRAME_BYTES, end)) !== file.readUInt32BE(at + 4)
    )
      break;
    const itsEpoch = file.readUInt32BE(at + 8);
    if (epoch !== 0 && itsEpoch !== epoch) break;
    epoch = itsEpoch;
    const kind = KIND_NAMES[file.readUInt8(at + 12)];
    const idLength = file.readUInt8(at + 13);
    if (kind === undefined || FIXED_BYTES + idLength > length) break;
    entries.push({
      kind,
      attemptId: file.toString('latin1', at + 14, at + 14 + idLength),
      offset: file.readDoubleBE(at + 14 + idLength),
      bytes: file.subarray(at + 22 + idLength, end),
    });
    at = end;
  }
  return { epoch, entries, end: at };
}
