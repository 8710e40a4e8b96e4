/**
 * What of a directory would still be there after a power loss: a model that
 * sees each sync of the program which writes it (the fault shim stops it there).
 *
 * Always true, as POSIX has it: bytes are durable once a sync of their file
 * that began after they were written has returned, or a write with O_DSYNC; a
 * name is durable once its directory was synced after it was made. Of
 * everything else nothing is sure: `lose` drops all of it, or with a random
 * source keeps some pages, so that files are torn at any page.
 */
import {
  type BigIntStats,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import type { StoppedSync } from './fault-shim.ts';
import type { Schedule } from './faults.ts';

const PAGE_BYTES = 4096;

/** Which file it is, whatever its name: an inode number alone is used again. */
type Identity = string;

interface Named {
  identity: Identity;
  isDirectory: boolean;
}

type Listing = Map<string, Named>;

export class DurableFiles {
  readonly #root: string;
  readonly #rootIdentity: Identity;
  readonly #contents = new Map<Identity, Buffer>();
  readonly #names = new Map<Identity, Listing>();
  syncs = 0;

  /** @param root whose files are all durable now: nothing runs on it */
  constructor(root: string) {
    this.#root = root;
    this.#rootIdentity = identityOf(root);
    this.#take(root);
  }

  /** A sync that has not returned yet, or a synced write. */
  seen({ pid, fd, range }: StoppedSync): void {
    const path = `/proc/${pid}/fd/${fd}`;
    const identity = identityOf(path);
    this.syncs += 1;
    if (statSync(path).isDirectory()) this.#names.set(identity, listingOf(path));
    else if (range === undefined) this.#contents.set(identity, readFileSync(path));
    else this.#patch(identity, { path, ...range });
  }

  /** Writes what is left to an empty directory. Nothing but what is sure, unless `random` keeps some of the rest. */
  lose(target: string, random?: Schedule): void {
    const present: Present = new Map();
    if (random !== undefined) findPresent(this.#root, present);
    this.#write(target, { directory: this.#rootIdentity, present, random });
  }

  #take(path: string): void {
    const listing = listingOf(path);
    this.#names.set(identityOf(path), listing);
    for (const [name, { identity, isDirectory }] of listing) {
      if (isDirectory) this.#take(join(path, name));
      else this.#contents.set(identity, readFileSync(join(path, name)));
    }
  }

  #patch(identity: Identity, written: { path: string; at: number; bytes: number }): void {
    const { path, at, bytes } = written;
    const now = readFileSync(path).subarray(at, at + bytes);
    const before = this.#contents.get(identity) ?? Buffer.alloc(0);
    const content = Buffer.alloc(Math.max(before.length, at + now.length));
    before.copy(content);
    now.copy(content, at);
    this.#contents.set(identity, content);
  }

  #write(
    target: string,
    from: { directory: Identity; present: Present; random: Schedule | undefined },
  ): void {
    const { directory, present, random } = from;
    mkdirSync(target, { recursive: true, mode: 0o700 });
    const synced = this.#names.get(directory) ?? new Map<string, Named>();
    const now = present.get(directory)?.listing;
    // Changes of names are written in order: all of them, or those of the last sync only.
    const listing = now !== undefined && random?.chance(0.5) === true ? now : synced;
    for (const [name, { identity, isDirectory }] of listing) {
      const path = join(target, name);
      if (isDirectory) this.#write(path, { directory: identity, present, random });
      else writeFileSync(path, this.#contentLeft(identity, { present, random }), { mode: 0o600 });
    }
  }

  #contentLeft(
    identity: Identity,
    { present, random }: { present: Present; random: Schedule | undefined },
  ): Buffer {
    const synced = this.#contents.get(identity) ?? Buffer.alloc(0);
    const path = present.get(identity)?.path;
    if (random === undefined || path === undefined) return synced;
    return torn(synced, readIfThere(path) ?? synced, random);
  }
}

type Present = Map<Identity, { path: string; listing: Listing | undefined }>;

/** Each page as it was synced, or as it is now; the length of one of them, or cut anywhere between. */
function torn(synced: Buffer, now: Buffer, random: Schedule): Buffer {
  if (synced.equals(now)) return synced;
  const shorter = Math.min(synced.length, now.length);
  const longer = Math.max(synced.length, now.length);
  const length = random.pick([synced.length, now.length, random.between(shorter, longer)]);
  const left = Buffer.alloc(length);
  for (let at = 0; at < length; at += PAGE_BYTES) {
    const [one, other] = random.chance(0.5) ? [now, synced] : [synced, now];
    const source = at < one.length ? one : other;
    source.copy(left, at, at, Math.min(at + PAGE_BYTES, source.length, length));
  }
  return left;
}

function findPresent(path: string, present: Present): void {
  const listing = listingOf(path);
  present.set(identityOf(path), { path, listing });
  for (const [name, { identity, isDirectory }] of listing) {
    if (isDirectory) findPresent(join(path, name), present);
    else present.set(identity, { path: join(path, name), listing: undefined });
  }
}

function listingOf(directory: string): Listing {
  const listing: Listing = new Map();
  // Through /proc: the directory itself.
  const path = directory.startsWith('/proc/') ? readlinkSync(directory) : directory;
  for (const name of readdirSync(path)) {
    const stat = statIfThere(join(path, name));
    if (stat !== undefined && (stat.isFile() || stat.isDirectory()))
      listing.set(name, { identity: identityIn(stat), isDirectory: stat.isDirectory() });
  }
  return listing;
}

function identityOf(path: string): Identity {
  return identityIn(statSync(path, { bigint: true }));
}

function identityIn({ ino, birthtimeNs }: { ino: bigint; birthtimeNs: bigint }): Identity {
  return `${ino}:${birthtimeNs}`;
}

/** It may go while we look. */
function statIfThere(path: string): BigIntStats | undefined {
  try {
    return lstatSync(path, { bigint: true });
  } catch {
    return undefined;
  }
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
