import { expect, test } from '@jest/globals';

import { AppError, invalid, notFound } from './errors.ts';

const TOKEN = `lst_${'Ab-_9'.repeat(20)}`;

test('what Longshore hands out as a secret is in no error, wherever it was given', () => {
  const errors = [
    notFound('token', TOKEN),
    invalid('--pool', [TOKEN], 'names'),
    invalid('--pool', `${'x'.repeat(180)}${TOKEN}`, 'a shorter name'),
    new AppError('invalid', `--token-file, ${TOKEN}, can't be read`, {
      fields: [{ field: TOKEN, value: TOKEN, expected: 'a file' }],
    }),
  ];
  for (const { message, fields, detail } of errors) {
    expect(message + JSON.stringify([fields.map(({ field }) => field), detail])).not.toContain('Ab-_9');
    expect(message).toContain('lst_…');
  }
  expect(errors[3]?.fields[0]?.value).toBe('lst_…');
  expect(notFound('pool', 'lsp_servers').message).toContain('lsp_servers');
});

test('a password in a URL is in no error', () => {
  expect(invalid('--server', 'ftp://me:hunter2@host/x', 'http').message).toContain('ftp://…@host/x');
});

test('of a long value an error shows the beginning', () => {
  expect(invalid('name', 'x'.repeat(1_000_000), 'less').message.length).toBeLessThan(300);
  expect(notFound('pool', 'x'.repeat(1_000_000)).message.length).toBeLessThan(300);
});
