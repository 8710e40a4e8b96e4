/** The script to run: a file, `--script TEXT`, or `-` for standard input; and what interprets it. */
import { readFile } from 'node:fs/promises';
import { basename, extname } from 'node:path';

import { invalid, toError } from '@longshore/base';

import { limits } from '../limits.ts';

export const INTERPRETERS = ['bash', 'sh', 'python', 'node', 'powershell'] as const;
export type Interpreter = (typeof INTERPRETERS)[number];

const BY_EXTENSION: Record<string, Interpreter> = {
  '.bash': 'bash',
  '.py': 'python',
  '.js': 'node',
  '.mjs': 'node',
  '.cjs': 'node',
  '.ps1': 'powershell',
};

const BY_PROGRAM: Record<string, Interpreter> = {
  bash: 'bash',
  sh: 'sh',
  dash: 'sh',
  ash: 'sh',
  python: 'python',
  python3: 'python',
  node: 'node',
  pwsh: 'powershell',
  powershell: 'powershell',
};

export interface ScriptSource {
  name: string;
  body: string;
  interpreter: Interpreter;
}

export async function readScript(
  file: string | undefined,
  options: { script?: string; interpreter?: Interpreter; stdin: AsyncIterable<Buffer | string> },
): Promise<ScriptSource> {
  if (options.script !== undefined && file !== undefined)
    throw invalid('--script', options.script, `no script file beside it (${file})`);
  if (options.script !== undefined)
    return {
      name: 'script',
      body: options.script,
      interpreter: options.interpreter ?? interpreterOf('', options.script),
    };
  if (file === undefined)
    throw invalid('SCRIPT', '', 'a script file, "-" for standard input, or --script TEXT');
  const body = text(file === '-' ? await readAll(options.stdin) : await readScriptFile(file), file);
  return {
    name: file === '-' ? 'script' : basename(file),
    body,
    interpreter: options.interpreter ?? interpreterOf(file, body),
  };
}

/** By the file's extension, else by its first line, else bash. */
export function interpreterOf(file: string, body: string): Interpreter {
  const byExtension = BY_EXTENSION[extname(file).toLowerCase()];
  if (byExtension !== undefined) return byExtension;
  const shebang = /^#!\s*(\S+)(?:[ \t]+(.*))?/.exec(body);
  if (shebang === null) return 'bash';
  const [, program = '', rest = ''] = shebang;
  const named =
    basename(program) === 'env'
      ? (rest.split(/\s+/).find((word) => !word.startsWith('-') && !word.includes('=')) ?? '')
      : program;
  const known = basename(named).replace(/(?<=^python\d?)[\d.]*$/, '');
  const found = Object.hasOwn(BY_PROGRAM, known) ? BY_PROGRAM[known] : undefined;
  if (found === undefined)
    throw invalid(
      'the first line of the script',
      shebang[0],
      `one of the interpreters ${INTERPRETERS.join(', ')}, or --interpreter`,
    );
  return found;
}

async function readScriptFile(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (thrown) {
    throw invalid('SCRIPT', file, `a file that can be read (${toError(thrown).message})`);
  }
}

async function readAll(input: AsyncIterable<Buffer | string>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of input) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}

function text(bytes: Buffer, file: string): string {
  if (bytes.length > limits.fileBytes)
    throw invalid('SCRIPT', file, `at most ${limits.fileBytes} bytes; it has ${bytes.length}`);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw invalid('SCRIPT', file, 'UTF-8 text');
  }
}
