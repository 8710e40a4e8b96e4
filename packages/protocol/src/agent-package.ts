/**
 * An agent package: one version of the agent for one kind of machine, as a
 * gzip stream of one line (the manifest, JSON) and then the bytes of each file
 * that it lists, in its order and nothing between.
 *
 * Always true: it holds regular files only, each below the package's own
 * folder and with its SHA-256 in the manifest; `readPackage` gives no file
 * whose bytes differ, and fails where one is missing or something follows the last.
 */
import { createHash } from 'node:crypto';
import { createGunzip } from 'node:zlib';
import { pipeline, Readable } from 'node:stream';

import { AppError, toError } from '@longshore/base';

export interface PackageFile {
  /** Below the package's folder, with `/` between its parts. */
  path: string;
  /** Bytes. */
  length: number;
  /** Hex. */
  sha256: string;
  executable: boolean;
}

export interface PackageManifest {
  format: 1;
  name: 'longshore-agent';
  version: string;
  /** The lowest Node that it runs on: `22.18.0`. It brings none along. */
  minNode: string;
  /** As `process.platform` and `process.arch` say. */
  os: string;
  arch: string;
  /** Of the data directory, as this version writes it: what a version before it must be able to read. */
  dataFormat: number;
  /** What is started, by its path in the package. */
  program: string;
  files: PackageFile[];
}

/** The largest package, packed, and what it may unpack to: an agent is some 3 MB. */
export const LARGEST_PACKAGE_BYTES = 64 * 1024 * 1024;
const LARGEST_UNPACKED_BYTES = 256 * 1024 * 1024;
const LONGEST_MANIFEST_BYTES = 1024 * 1024;
const LONGEST_PATH_CHARACTERS = 1024;

/** A version names a folder. */
const VERSION = /^[0-9A-Za-z][0-9A-Za-z.+-]{0,63}$/;
/** Of Node, as `process.versions.node` says it. */
const NODE_VERSION = /^\d{1,5}\.\d{1,5}\.\d{1,5}$/;
const PART = /^[^/\\\0]{1,255}$/;

export interface OpenedPackage {
  manifest: PackageManifest;
  /** In the manifest's order; to be read once, to its end. @throws AppError `corrupt` */
  files: AsyncIterable<{ file: PackageFile; content: Buffer }>;
}

/** @throws AppError `corrupt` where it is none of ours, or damaged */
export async function readPackage(source: AsyncIterable<Uint8Array>): Promise<OpenedPackage> {
  const unpacked = new Unpacked(source);
  try {
    const manifest = parseManifest(await unpacked.line());
    return { manifest, files: filesOf(manifest, unpacked) };
  } catch (thrown) {
    unpacked.close();
    throw thrown;
  }
}

async function* filesOf(
  manifest: PackageManifest,
  unpacked: Unpacked,
): AsyncGenerator<{ file: PackageFile; content: Buffer }> {
  try {
    for (const file of manifest.files) {
      const content = await unpacked.take(file.length);
      if (createHash('sha256').update(content).digest('hex') !== file.sha256)
        throw damaged(`${file.path} is not what its SHA-256 says`);
      yield { file, content };
    }
    if (!(await unpacked.atEnd())) throw damaged('something follows its last file');
  } finally {
    unpacked.close();
  }
}

/** @throws AppError `corrupt` */
export function parseManifest(line: Uint8Array): PackageManifest {
  let read: unknown;
  try {
    read = JSON.parse(Buffer.from(line).toString('utf8'));
  } catch (cause) {
    throw damaged('it begins with no manifest', cause);
  }
  const problem = problemOf(asObject(read));
  if (problem !== '') throw damaged(problem);
  return read as PackageManifest;
}

type Unchecked = Record<string, unknown>;

function asObject(value: unknown): Unchecked {
  return typeof value === 'object' && value !== null ? (value as Unchecked) : {};
}

function problemOf(manifest: Unchecked): string {
  const { name, format, version, dataFormat, files, program } = manifest;
  if (name !== 'longshore-agent') return 'it is no package of an agent';
  if (format !== 1) return `this program does not know its format ${JSON.stringify(format)}`;
  if (typeof version !== 'string' || !VERSION.test(version))
    return 'its version is not one that can name a folder';
  for (const key of ['minNode', 'os', 'arch', 'program'])
    if (typeof manifest[key] !== 'string' || manifest[key] === '') return `its manifest has no ${key}`;
  if (!NODE_VERSION.test(String(manifest['minNode'])))
    return 'its minNode is no version of Node, such as 22.18.0';
  if (!Number.isSafeInteger(dataFormat)) return 'its manifest has no dataFormat';
  if (!Array.isArray(files)) return 'its manifest lists no files';
  const problem = problemOfFiles(files.map(asObject));
  if (problem !== '') return problem;
  const held = files.some((file) => asObject(file).path === program);
  return held ? '' : `it does not hold its program ${String(program)}`;
}

function problemOfFiles(files: readonly Unchecked[]): string {
  const seen = new Set<string>();
  const folders = new Set<string>();
  let total = 0;
  for (const { path, length, sha256, executable } of files) {
    if (typeof path !== 'string' || path.length > LONGEST_PATH_CHARACTERS || !isBelow(path))
      return `${JSON.stringify(path)} is no path below the package`;
    if (seen.has(path)) return `${path} is listed twice`;
    seen.add(path);
    for (let at = path.indexOf('/'); at > 0; at = path.indexOf('/', at + 1)) folders.add(path.slice(0, at));
    if (!Number.isSafeInteger(length) || Number(length) < 0) return `${path} has no length`;
    if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256)) return `${path} has no SHA-256`;
    if (typeof executable !== 'boolean') return `${path} does not say whether it is executable`;
    total += Number(length);
  }
  const both = [...seen].find((path) => folders.has(path));
  if (both !== undefined) return `${both} is both a file and a folder`;
  return total > LARGEST_UNPACKED_BYTES ? `it unpacks to ${total} bytes` : '';
}

function isBelow(path: string): boolean {
  return path.split('/').every((part) => part !== '.' && part !== '..' && PART.test(part));
}

/** The unpacked stream, read by pieces. */
class Unpacked {
  readonly #gunzip = createGunzip();
  readonly #parts: AsyncIterator<Buffer, undefined>;
  #held: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Uint8Array>) {
    pipeline(Readable.from(source, { objectMode: false }), this.#gunzip, () => undefined);
    this.#parts = this.#gunzip[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>;
  }

  /** Lets go of the source too. Idempotent. */
  close(): void {
    this.#gunzip.destroy();
  }

  async line(): Promise<Buffer> {
    for (;;) {
      const end = this.#held.indexOf(0x0a);
      if (end >= 0) {
        const line = this.#held.subarray(0, end);
        this.#held = this.#held.subarray(end + 1);
        return line;
      }
      if (this.#held.length > LONGEST_MANIFEST_BYTES || !(await this.#more()))
        throw damaged('it begins with no manifest');
    }
  }

  async take(length: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    let missing = length;
    while (missing > 0) {
      if (this.#held.length === 0 && !(await this.#more())) throw damaged('it ends too early');
      const part = this.#held.subarray(0, missing);
      this.#held = this.#held.subarray(part.length);
      parts.push(part);
      missing -= part.length;
    }
    return Buffer.concat(parts, length);
  }

  async atEnd(): Promise<boolean> {
    return this.#held.length === 0 && !(await this.#more());
  }

  /** False at the end. */
  async #more(): Promise<boolean> {
    try {
      const { done, value } = await this.#parts.next();
      if (done === true) return false;
      this.#held = this.#held.length === 0 ? value : Buffer.concat([this.#held, value]);
      return true;
    } catch (thrown) {
      throw damaged(toError(thrown).message, thrown);
    }
  }
}

function damaged(why: string, cause?: unknown): AppError {
  return new AppError('corrupt', `the agent package can't be used: ${why}`, { cause });
}
