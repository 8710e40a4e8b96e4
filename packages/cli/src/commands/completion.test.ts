import { execFileSync } from 'node:child_process';

import { describe, expect, test } from '@jest/globals';

import { ALL_NOUNS, createProgram } from './program.ts';

/** What bash offers for a line, the last word being typed. */
async function offered(line: string): Promise<string[]> {
  const program = await createProgram({ nouns: ALL_NOUNS });
  let script = '';
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = (text: string | Uint8Array): boolean => ((script += String(text)), true);
  try {
    await program.parseAsync(['node', 'longshore', 'completion', 'bash']);
  } finally {
    process.stdout.write = write;
  }
  const words = line.split(' ');
  const ask = `${script}\nCOMP_WORDS=(${words.map((w) => `'${w}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _longshore; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync('bash', ['-c', ask], { encoding: 'utf8' }).trim().split('\n');
}

describe('completion for bash', () => {
  test.each([
    ['longshore wor', ['worker']],
    ['longshore pool set', ['set-default']],
    ['longshore --output json lease ', ['list', 'queue', 'history', 'release']],
    ['longshore task log --fol', ['--follow']],
    ['longshore deploy --env', ['--environment']],
    ['longshore release deploy --deploy-at', ['--deploy-at', '--deploy-at-expiry']],
    ['longshore intervention ', ['list', 'show', 'answer']],
    ['longshore run some-file.sh --excl', ['--exclusive']],
  ])('%s', async (line, expected) => {
    expect(await offered(line)).toEqual(expect.arrayContaining(expected));
  });
});

test('every command has a description, and its help can be shown', async () => {
  const program = await createProgram({ nouns: ALL_NOUNS });
  const all = [program, ...program.commands.flatMap((noun) => [noun, ...noun.commands])];
  expect(all.length).toBeGreaterThan(45);
  for (const command of all) {
    expect([command.name(), command.description()]).toEqual([command.name(), expect.stringMatching(/\S{2}/)]);
    expect(command.helpInformation()).toContain('Usage: longshore');
  }
});
