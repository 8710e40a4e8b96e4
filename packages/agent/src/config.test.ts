import { expect, test } from '@jest/globals';

import { readOptions } from './config.ts';

test('a word that no command takes is refused: most likely it was meant for a flag', async () => {
  await expect(readOptions('run', ['--ephemeral', 'false'], {})).rejects.toMatchObject({
    code: 'invalid',
    message: expect.stringContaining('"false" is none'),
  });
  expect((await readOptions('run', ['--ephemeral=false'], {})).values.ephemeral).toBe(false);
  expect((await readOptions('service', ['install'], {})).positionals).toEqual(['install']);
});

test('a token in the place of a word is not shown', async () => {
  const token = `lst_${'a'.repeat(100)}`;
  await expect(readOptions('register', [token], {})).rejects.toMatchObject({
    message: expect.not.stringContaining('aaa'),
  });
});
