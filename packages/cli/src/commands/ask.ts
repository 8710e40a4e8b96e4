/** Asks a person. Only where somebody can answer; a program says --yes. */
import { invalid } from '@longshore/base';

/** @throws AppError `invalid` where nobody can be asked */
export async function agreed(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) throw invalid('--yes', undefined, '--yes where nobody can be asked');
  const { createInterface } = await import('node:readline/promises');
  const asked = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await asked.question(`${question} [y/N] `)).trim());
  } finally {
    asked.close();
  }
}
